/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a model file. The file is not trusted: nothing in it is used before it is checked against the size of the file
 * and the rest of the header, and each error says what was found and what was expected.
 */
#include "core/memory.h"
#include "core/names.h"
#include "core/printable.h"
#include "files/input.h"
#include "model/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct model_file {
    const char *path;
    input_file input;
    bool any_names;                   /* accepts names of a state_dict, and float64 */
    uint64_t data_start, data_length; /* bytes */
    json_t *header;
    gradus_network network;                /* as the header describes it */
    file_tensor tensors[FILE_TENSORS_MAX]; /* W1, b1, W2, b2, ... */
} model_file;

/* ---- Header ---- */

static gradus_status read_header(model_file *file)
{
    gradus_status status = GRADUS_OK;
    uint64_t length = 0;
    char *text = NULL;
    json_error_t error;

    if (file->input.size < HEADER_LENGTH_BYTES)
        FAIL(GRADUS_ERROR_DATA, "%s: truncated: %" PRIu64 " bytes, expected %d of header length at least", file->path,
             file->input.size, HEADER_LENGTH_BYTES);
    TRY(gr_input_read(&file->input, &length, HEADER_LENGTH_BYTES));
    if (length > file->input.size - HEADER_LENGTH_BYTES)
        FAIL(GRADUS_ERROR_DATA, "%s: header of %" PRIu64 " bytes, only %" PRIu64 " follow: truncated, or not a model",
             file->path, length, file->input.size - HEADER_LENGTH_BYTES);
    if (length > HEADER_MAX)
        FAIL(GRADUS_ERROR_DATA, "%s: header of %" PRIu64 " bytes, expected at most %u", file->path, length,
             HEADER_MAX);
    TRY(gr_allocate(length + 1, &text));
    TRY(gr_input_read(&file->input, text, length));
    file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (file->header == NULL)
        FAIL(GRADUS_ERROR_DATA, "%s: header is not JSON: %s", file->path, gr_printable(error.text).text);
    if (!json_is_object(file->header))
        FAIL(GRADUS_ERROR_DATA, "%s: header is not a JSON object", file->path);
    file->data_start = HEADER_LENGTH_BYTES + length;
    file->data_length = file->input.size - file->data_start;
cleanup:
    free(text);
    return status;
}

/* ---- Metadata ---- */

static gradus_status read_input_scale(model_file *file, const char *text)
{
    if (text == NULL)
        return GRADUS_OK;
    file->network.floats = strcmp(text, FILE_INPUT_FLOATS) == 0;
    if (file->network.floats || strcmp(text, FILE_INPUT_BYTES) == 0)
        return GRADUS_OK;
    return gr_fail(GRADUS_ERROR_DATA, "%s: gradus.input_scale is \"%s\", expected \"%s\" or \"%s\"", file->path,
                   gr_printable(text).text, FILE_INPUT_BYTES, FILE_INPUT_FLOATS);
}

/* If the text is missing, the network's activation is not changed. */
static gradus_status read_activation(model_file *file, const char *text)
{
    size_t index = file->network.activation;
    if (text != NULL && !gr_name_find(gr_activation_name, text, &index))
        return gr_fail(GRADUS_ERROR_DATA, "%s: gradus.activation is \"%s\", expected %s", file->path,
                       gr_printable(text).text, gr_name_choices(gr_activation_name).text);
    file->network.activation = (gradus_activation)index;
    return GRADUS_OK;
}

/* A number of up to nine digits, which are enough to distinguish floats. */
static gradus_status read_number(const model_file *file, const json_t *metadata, const char *key, float *out)
{
    const char *text = json_string_value(json_object_get(metadata, key));
    char *end = NULL;
    if (text == NULL)
        return GRADUS_OK;
    const float number = strtof(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return gr_fail(GRADUS_ERROR_DATA, "%s: %s is \"%s\", expected a number", file->path, key,
                       gr_printable(text).text);
    *out = number;
    return GRADUS_OK;
}

/* "28x28". The numbers are printed again and compared, to find anything else in the text. */
static gradus_status read_image_shape(model_file *file, const char *text)
{
    size_t width = 0, height = 0;
    char canonical[48];
    sscanf(text, "%9zux%9zu", &width, &height);
    snprintf(canonical, sizeof canonical, "%zux%zu", width, height);
    if (width == 0 || height == 0 || strcmp(text, canonical) != 0)
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: gradus.image_shape is \"%s\", expected width and height as in \"28x28\"", file->path,
                       gr_printable(text).text);
    file->network.image_width = width;
    file->network.image_height = height;
    return GRADUS_OK;
}

static gradus_status read_metadata(model_file *file)
{
    gradus_status status = GRADUS_OK;
    json_t *metadata = json_object_get(file->header, "__metadata__"), *value = NULL;
    const char *key = NULL;

    if (metadata == NULL)
        return GRADUS_OK;
    if (!json_is_object(metadata))
        FAIL(GRADUS_ERROR_DATA, "%s: __metadata__ is not an object", file->path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            FAIL(GRADUS_ERROR_DATA, "%s: __metadata__: \"%s\" is not text", file->path, gr_printable(key).text);
    }
    TRY(read_activation(file, json_string_value(json_object_get(metadata, "gradus.activation"))));
    TRY(read_number(file, metadata, "gradus.input_mean", &file->network.input_mean));
    TRY(read_number(file, metadata, "gradus.input_deviation", &file->network.input_deviation));
    TRY(read_input_scale(file, json_string_value(json_object_get(metadata, "gradus.input_scale"))));
    value = json_object_get(metadata, "gradus.image_shape");
    if (value != NULL)
        TRY(read_image_shape(file, json_string_value(value)));
cleanup:
    return status;
}

/* ---- Tensors ---- */

static bool is_tensor_name(const char *name, size_t *t)
{
    for (*t = 0; *t < FILE_TENSORS_MAX; (*t)++)
        if (strcmp(name, gr_tensor_named(*t).name) == 0)
            return true;
    return false;
}

/* Finds the tensors of gradus's own file: all of these names, and no others. */
static gradus_status find_own_layers(model_file *file)
{
    const char *name = NULL;
    json_t *entry = NULL;
    size_t t = 0;
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        if (!is_tensor_name(name, &t))
            return gr_fail(GRADUS_ERROR_DATA,
                           "%s: unexpected tensor \"%s\", expected fc1.weight, fc1.bias, fc2.weight, ... up to fc%d",
                           file->path, gr_printable(name).text, GRADUS_LAYERS_MAX);
        file->tensors[t].key = name;
        if (t / 2 >= file->network.layers)
            file->network.layers = t / 2 + 1;
    }
    if (file->network.layers == 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: no tensors, expected fc1.weight, fc1.bias, ...", file->path);
    for (t = 0; t < 2 * file->network.layers; t++) {
        const char *key = file->tensors[t].key;
        file->tensors[t] = gr_tensor_named(t);
        file->tensors[t].key = key;
        if (key == NULL)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s is missing", file->path, file->tensors[t].name);
    }
    return GRADUS_OK;
}

static gradus_status find_any_layers(model_file *file)
{
    gradus_status status = GRADUS_OK;
    const char **keys = NULL, *name = NULL; // (count)
    json_t *entry = NULL;
    size_t count = 0;

    TRY(gr_allocate(json_object_size(file->header) + 1, &keys));
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, "__metadata__") != 0)
            keys[count++] = name;
    }
    TRY(gr_find_layers(file->path, keys, count, &file->network.layers, file->tensors));
cleanup:
    free(keys);
    return status;
}

static gradus_status read_shape(const model_file *file, const json_t *shape, file_tensor *tensor)
{
    if (json_array_size(shape) != tensor->rank)
        return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: shape of %zu sizes, expected %zu", file->path, tensor->name,
                       json_array_size(shape), tensor->rank);
    for (size_t i = 0; i < tensor->rank; i++) {
        const json_t *item = json_array_get(shape, i);
        const json_int_t size = json_integer_value(item);
        const uint64_t floats = file->data_length / sizeof(float);
        if (!json_is_integer(item))
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: shape has other values than integers", file->path,
                           tensor->name);
        if (size < 1 || (uint64_t)size > floats)
            return gr_fail(GRADUS_ERROR_DATA,
                           "%s: tensor %s: size %" JSON_INTEGER_FORMAT " in its shape, expected 1 to the %" PRIu64
                           " numbers in the file",
                           file->path, tensor->name, size, floats);
        tensor->shape[i] = (size_t)size;
    }
    return GRADUS_OK;
}

static gradus_status read_entry(const model_file *file, file_tensor *tensor)
{
    json_t *entry = json_object_get(file->header, tensor->key);
    const char *dtype = NULL;
    json_t *shape = NULL;
    json_int_t begin = 0, end = 0;
    json_error_t error;

    if (json_unpack_ex(entry, &error, 0, "{s:s, s:o, s:[I, I!]}", "dtype", &dtype, "shape", &shape, "data_offsets",
                       &begin, &end) != 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: malformed: %s", file->path, tensor->name,
                       gr_printable(error.text).text);
    tensor->doubles = file->any_names && strcmp(dtype, "F64") == 0;
    if (strcmp(dtype, "F32") != 0 && !tensor->doubles)
        return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: dtype %s, expected F32%s", file->path, tensor->name,
                       gr_printable(dtype).text, file->any_names ? " or F64" : "");
    if (begin < 0 || begin > end || (uint64_t)end > file->data_length)
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: tensor %s: data offsets %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT
                       ", expected a range within the %" PRIu64 " bytes of data that the file has",
                       file->path, tensor->name, begin, end, file->data_length);
    tensor->begin = (uint64_t)begin;
    tensor->end = (uint64_t)end;
    return read_shape(file, shape, tensor);
}

static uint64_t tensor_bytes(const file_tensor *tensor)
{
    return gr_tensor_length(tensor) * (tensor->doubles ? sizeof(double) : sizeof(float));
}

static int compare_begin(const void *a, const void *b)
{
    const file_tensor *left = a, *right = b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

static gradus_status uncovered(const model_file *file, uint64_t begin, uint64_t end)
{
    return gr_fail(GRADUS_ERROR_DATA, "%s: bytes %" PRIu64 " to %" PRIu64 " of the data belong to no tensor",
                   file->path, begin, end);
}

/* The tensors must cover the data section, in any order: no byte twice, none left over. */
static gradus_status check_extents(const model_file *file)
{
    file_tensor sorted[FILE_TENSORS_MAX];
    uint64_t position = 0;
    size_t count = 0;

    for (size_t t = 0; t < 2 * file->network.layers; t++)
        if (file->tensors[t].key != NULL)
            sorted[count++] = file->tensors[t];
    qsort(sorted, count, sizeof *sorted, compare_begin);
    for (size_t i = 0; i < count; i++) {
        const file_tensor *tensor = &sorted[i];
        const uint64_t bytes = tensor_bytes(tensor);
        if (tensor->end - tensor->begin != bytes)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: %" PRIu64 " bytes, expected %" PRIu64 " for its shape",
                           file->path, tensor->name, tensor->end - tensor->begin, bytes);
        if (tensor->begin < position)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s overlaps %s", file->path, tensor->name,
                           sorted[i - 1].name);
        if (tensor->begin > position)
            return uncovered(file, position, tensor->begin);
        position = tensor->end;
    }
    return position == file->data_length ? GRADUS_OK : uncovered(file, position, file->data_length);
}

static gradus_status read_network(model_file *file)
{
    gradus_status status = GRADUS_OK;
    TRY(file->any_names ? find_any_layers(file) : find_own_layers(file));
    for (size_t t = 0; t < 2 * file->network.layers; t++)
        if (file->tensors[t].key != NULL)
            TRY(read_entry(file, &file->tensors[t]));
    TRY(gr_check_chain(file->path, file->tensors, &file->network));
    TRY(check_extents(file));
cleanup:
    return status;
}

static gradus_status read_tensor(const model_file *file, const file_tensor *tensor, float *values)
{
    gradus_status status = GRADUS_OK;
    unsigned char *bytes = NULL; // (size)
    const size_t size = tensor_bytes(tensor);
    TRY(gr_allocate(size, &bytes));
    TRY(gr_input_read_at(&file->input, file->data_start + tensor->begin, bytes, size));
    TRY(gr_take_values(file->path, tensor, bytes, values));
cleanup:
    free(bytes);
    return status;
}

gradus_status gr_safetensors_load(const char *path, bool any_names, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    model_file file = {.path = path, .any_names = any_names};
    gradus_model *model = NULL;

    TRY(gr_input_open(path, "a model", &file.input));
    TRY(read_header(&file));
    TRY(read_metadata(&file));
    TRY(read_network(&file));
    TRY(gr_model_create_empty(&file.network, &model));
    for (size_t t = 0; t < 2 * file.network.layers; t++)
        if (file.tensors[t].key != NULL)
            TRY(read_tensor(&file, &file.tensors[t], gr_tensor_parameters(model, t)));
    json_t *metadata = json_object_get(file.header, "__metadata__");
    if (metadata != NULL && json_object_update(model->metadata, metadata) != 0)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the model's metadata");
    *out = model;
    model = NULL;
cleanup:
    gradus_model_destroy(model);
    json_decref(file.header);
    gr_input_close(&file.input);
    return status;
}

gradus_status gradus_model_load(const char *path, gradus_model **out)
{
    return gr_safetensors_load(path, false, out);
}
