/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint files. The checksum is compared first: if it agrees, the rest is as it was written. */
#include "train/checkpoint_file.h"
#include "core/memory.h"
#include "core/printable.h"
#include "files/input.h"
#include "files/output.h"
#include "model/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack: hashing cannot fail then */
#include <xxhash.h>

#define CHECKSUM_NAME "checksum"
#define CHECKSUM_BYTES sizeof(uint64_t)

/* ---- The tensors ---- */

/* Tensor t of a network in this set; it begins at byte `begin` of the data. */
static file_tensor tensor_of(const parameter_set *set, const gradus_network *network, size_t t, uint64_t begin)
{
    file_tensor tensor = gr_tensor_of(network, t);
    char name[sizeof tensor.name];
    snprintf(name, sizeof name, "%s%s", set->prefix, gr_tensor_named(t).name);
    memcpy(tensor.name, name, sizeof name);
    tensor.begin = begin;
    tensor.end = begin + gr_tensor_length(&tensor) * (set->in_double ? sizeof(double) : sizeof(float));
    return tensor;
}

static unsigned char *values_of(const parameter_set *set, const parameter_layout *layout, size_t t)
{
    const size_t offset = t % 2 == 0 ? layout->weights[t / 2] : layout->bias[t / 2];
    return (unsigned char *)set->values + offset * (set->in_double ? sizeof(double) : sizeof(float));
}

/* Calls the function for each tensor of the file in its order; the last end is where the checksum begins. */
typedef gradus_status (*tensor_visitor)(void *context, const parameter_set *set, size_t t, const file_tensor *tensor);

static gradus_status visit(const parameter_sets *sets, tensor_visitor visitor, void *context, uint64_t *end)
{
    gradus_status status = GRADUS_OK;
    *end = 0;
    for (size_t s = 0; s < sets->count; s++)
        for (size_t t = 0; sets->sets[s].values != NULL && t < 2 * sets->network->layers; t++) {
            const file_tensor tensor = tensor_of(&sets->sets[s], sets->network, t, *end);
            TRY(visitor(context, &sets->sets[s], t, &tensor));
            *end = tensor.end;
        }
cleanup:
    return status;
}

static gradus_status add_entry(void *context, const parameter_set *set, size_t t, const file_tensor *tensor)
{
    (void)t;
    json_t *entry = gr_safetensors_entry(set->in_double ? "F64" : "F32", tensor);
    if (json_object_set_new(context, tensor->name, entry) != 0)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: the header of a checkpoint");
    return GRADUS_OK;
}

/* The entries of all tensors, the checksum's as the last. */
static gradus_status make_entries(const parameter_sets *sets, json_t **out)
{
    gradus_status status = GRADUS_OK;
    file_tensor checksum = {.rank = 1, .shape = {1}};
    json_t *entries = json_object();
    TRY(visit(sets, add_entry, entries, &checksum.begin));
    checksum.end = checksum.begin + CHECKSUM_BYTES;
    if (json_object_set_new(entries, CHECKSUM_NAME, gr_safetensors_entry("I64", &checksum)) != 0)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the header of a checkpoint");
    *out = entries;
    entries = NULL;
cleanup:
    json_decref(entries);
    return status;
}

/* ---- Writing ---- */

typedef struct summed_output {
    output_file file;
    XXH3_state_t sum; /* of the bytes written so far */
    const parameter_layout *layout;
} summed_output;

static gradus_status write_summed(summed_output *output, const void *bytes, size_t size)
{
    XXH3_64bits_update(&output->sum, bytes, size);
    return gr_output_write(&output->file, bytes, size);
}

static gradus_status write_tensor(void *context, const parameter_set *set, size_t t, const file_tensor *tensor)
{
    summed_output *output = context;
    return write_summed(output, values_of(set, output->layout, t), tensor->end - tensor->begin);
}

static gradus_status make_header(const json_t *metadata, const parameter_sets *sets, char **out)
{
    gradus_status status = GRADUS_OK;
    json_t *entries = NULL, *header = json_object();
    TRY(make_entries(sets, &entries));
    if (json_object_set_new(header, "__metadata__", json_deep_copy(metadata)) != 0 ||
        json_object_update(header, entries) != 0)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the header of a checkpoint");
    TRY(gr_safetensors_header(header, out));
cleanup:
    json_decref(entries);
    json_decref(header);
    return status;
}

gradus_status gr_checkpoint_file_write(const char *path, const json_t *metadata, const parameter_sets *sets)
{
    gradus_status status = GRADUS_OK;
    const parameter_layout layout = gr_network_layout(sets->network);
    summed_output output = {.layout = &layout};
    char *header = NULL;
    uint64_t end = 0;

    XXH3_64bits_reset(&output.sum);
    TRY(make_header(metadata, sets, &header));
    TRY(gr_output_open(path, &output.file));
    const uint64_t header_length = strlen(header);
    TRY(write_summed(&output, &header_length, HEADER_LENGTH_BYTES));
    TRY(write_summed(&output, header, header_length));
    TRY(visit(sets, write_tensor, &output, &end));
    const uint64_t checksum = XXH3_64bits_digest(&output.sum);
    TRY(gr_output_write(&output.file, &checksum, CHECKSUM_BYTES));
    TRY(gr_output_commit(&output.file));
cleanup:
    gr_output_abandon(&output.file);
    free(header);
    return status;
}

/* ---- Reading ---- */

static gradus_status read_bytes(checkpoint_file *file)
{
    gradus_status status = GRADUS_OK;
    input_file input = {0};
    TRY(gr_input_open(file->path, "a checkpoint", &input));
    if (input.size < HEADER_LENGTH_BYTES + CHECKSUM_BYTES)
        FAIL(GRADUS_ERROR_DATA, "%s: truncated: found %" PRIu64 " bytes", file->path, input.size);
    file->size = input.size;
    TRY(gr_allocate(file->size, &file->bytes));
    TRY(gr_input_read(&input, file->bytes, file->size));
cleanup:
    gr_input_close(&input);
    return status;
}

static gradus_status check_sum(const checkpoint_file *file)
{
    const size_t summed = file->size - CHECKSUM_BYTES;
    const uint64_t expected = XXH3_64bits(file->bytes, summed);
    uint64_t found;
    memcpy(&found, file->bytes + summed, sizeof found);
    if (found == expected)
        return GRADUS_OK;
    return gr_fail(GRADUS_ERROR_DATA,
                   "%s: is damaged or incomplete: found checksum %016" PRIx64 ", expected %016" PRIx64, file->path,
                   found, expected);
}

static gradus_status read_header(checkpoint_file *file)
{
    uint64_t length;
    json_error_t error;
    memcpy(&length, file->bytes, sizeof length);
    if (length > file->size - HEADER_LENGTH_BYTES - CHECKSUM_BYTES)
        return gr_fail(GRADUS_ERROR_DATA, "%s: header of %" PRIu64 " bytes, but the file has %zu", file->path, length,
                       file->size);
    file->data_start = HEADER_LENGTH_BYTES + length;
    file->header = json_loadb((const char *)file->bytes + HEADER_LENGTH_BYTES, length, JSON_REJECT_DUPLICATES, &error);
    if (file->header == NULL)
        return gr_fail(GRADUS_ERROR_DATA, "%s: header is not JSON: %s", file->path, gr_printable(error.text).text);
    return GRADUS_OK;
}

gradus_status gr_checkpoint_file_read(const char *path, checkpoint_file *out)
{
    gradus_status status = GRADUS_OK;
    checkpoint_file file = {0};
    TRY(gr_copy_text(path, &file.path));
    TRY(read_bytes(&file));
    TRY(check_sum(&file));
    TRY(read_header(&file));
    *out = file;
    file = (checkpoint_file){0};
cleanup:
    gr_checkpoint_file_release(&file);
    return status;
}

void gr_checkpoint_file_release(checkpoint_file *file)
{
    json_decref(file->header);
    free(file->bytes);
    free(file->path);
    *file = (checkpoint_file){0};
}

gradus_status gr_checkpoint_file_text(const checkpoint_file *file, const char *key, const char **out)
{
    *out = json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
    if (*out == NULL)
        return gr_fail(GRADUS_ERROR_DATA, "%s: no metadata %s, expected a checkpoint", file->path, key);
    return GRADUS_OK;
}

gradus_status gr_checkpoint_file_object(const checkpoint_file *file, const char *key, json_t **out)
{
    gradus_status status = GRADUS_OK;
    const char *text = NULL;
    TRY(gr_checkpoint_file_text(file, key, &text));
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        FAIL(GRADUS_ERROR_DATA, "%s: metadata %s: found \"%s\", expected a JSON object", file->path, key,
             gr_printable(text).text);
    }
    *out = object;
cleanup:
    return status;
}

/* ---- Copying the values ---- */

static gradus_status check_entries(const checkpoint_file *file, json_t *expected)
{
    const char *name = NULL;
    json_t *entry = NULL;
    json_object_foreach(expected, name, entry)
    {
        if (!json_equal(entry, json_object_get(file->header, name)))
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s is missing, or has another shape or offset", file->path,
                           name);
    }
    if (json_object_size(file->header) != json_object_size(expected) + 1) /* __metadata__ */
        return gr_fail(GRADUS_ERROR_DATA, "%s: found %zu tensors, expected %zu", file->path,
                       json_object_size(file->header) - 1, json_object_size(expected));
    return GRADUS_OK;
}

typedef struct copy_source {
    const unsigned char *data;
    const parameter_layout *layout;
} copy_source;

static gradus_status take_tensor(void *context, const parameter_set *set, size_t t, const file_tensor *tensor)
{
    const copy_source *from = context;
    memcpy(values_of(set, from->layout, t), from->data + tensor->begin, tensor->end - tensor->begin);
    return GRADUS_OK;
}

gradus_status gr_checkpoint_file_take(const checkpoint_file *file, const parameter_sets *sets)
{
    gradus_status status = GRADUS_OK;
    const parameter_layout layout = gr_network_layout(sets->network);
    copy_source from = {file->bytes + file->data_start, &layout};
    json_t *entries = NULL;
    uint64_t end = 0;
    TRY(make_entries(sets, &entries));
    TRY(check_entries(file, entries));
    const json_t *checksum = json_object_get(entries, CHECKSUM_NAME);
    const json_int_t length = json_integer_value(json_array_get(json_object_get(checksum, "data_offsets"), 1));
    if ((uint64_t)length != file->size - file->data_start)
        FAIL(GRADUS_ERROR_DATA, "%s: found %zu bytes of data, expected %" JSON_INTEGER_FORMAT, file->path,
             file->size - file->data_start, length);
    TRY(visit(sets, take_tensor, &from, &end));
cleanup:
    json_decref(entries);
    return status;
}
