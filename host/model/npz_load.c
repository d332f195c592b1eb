/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a network from an NPZ. All arrays are unpacked first, because the sizes of the network are in their headers. */
#include "archive/npz_archive.h"
#include "core/printable.h"
#include "model/tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct npz_file {
    const char *path;
    npz_archive archive;
    gradus_network network;
    file_tensor tensors[FILE_TENSORS_MAX];       /* W1, b1, W2, b2, ... */
    unsigned char *unpacked[FILE_TENSORS_MAX];   /* the bytes of each tensor's entry */
    const unsigned char *data[FILE_TENSORS_MAX]; /* the values within these */
} npz_file;

/* A bias may also be a column (H x 1), as programs that compute Z = W X + b store it. */
static gradus_status take_shape(const npz_file *file, const npy_array *array, file_tensor *tensor)
{
    const bool is_column = tensor->rank == 1 && array->rank == 2 && array->shape[1] == 1;
    if (array->rank != tensor->rank && !is_column)
        return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: shape of %zu sizes, expected %zu", file->path, tensor->name,
                       array->rank, tensor->rank);
    memcpy(tensor->shape, array->shape, tensor->rank * sizeof *tensor->shape);
    tensor->column_major = array->column_major && tensor->rank == 2;
    tensor->doubles = strcmp(array->type, "<f8") == 0;
    if (strcmp(array->type, "<f4") != 0 && !tensor->doubles)
        return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: values of type \"%s\", expected \"<f4\" or \"<f8\"",
                       file->path, tensor->name, gr_printable(array->type).text);
    return GRADUS_OK;
}

static gradus_status read_array(npz_file *file, size_t t)
{
    gradus_status status = GRADUS_OK;
    file_tensor *tensor = &file->tensors[t];
    char label[sizeof tensor->name + sizeof "tensor "];
    npy_array array;

    snprintf(label, sizeof label, "tensor %s", tensor->name);
    TRY(gr_npz_read(&file->archive, tensor->index, label, &file->unpacked[t], &array));
    TRY(take_shape(file, &array, tensor));
    file->data[t] = array.data;
cleanup:
    return status;
}

static void close_file(npz_file *file)
{
    for (size_t t = 0; t < FILE_TENSORS_MAX; t++)
        free(file->unpacked[t]);
    gr_npz_close(&file->archive);
}

gradus_status gr_npz_load(const char *path, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    const npz_expectation expected = {"a model", "save a state_dict as safetensors"};
    npz_file file = {.path = path};
    gradus_model *model = NULL;

    TRY(gr_npz_open(path, &expected, &file.archive));
    TRY(gr_find_layers(path, file.archive.names, file.archive.zip.count, &file.network.layers, file.tensors));
    const size_t count = 2 * file.network.layers;
    for (size_t t = 0; t < count; t++)
        if (file.tensors[t].key != NULL)
            TRY(read_array(&file, t));
    TRY(gr_check_chain(path, file.tensors, &file.network));
    TRY(gr_model_create_empty(&file.network, &model));
    for (size_t t = 0; t < count; t++)
        if (file.tensors[t].key != NULL)
            TRY(gr_take_values(path, &file.tensors[t], file.data[t], gr_tensor_parameters(model, t)));
    *out = model;
    model = NULL;
cleanup:
    gradus_model_destroy(model);
    close_file(&file);
    return status;
}
