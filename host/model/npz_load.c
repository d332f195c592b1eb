/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a network from an NPZ. All arrays are unpacked before the first is believed, for the sizes are in them. */
#include "core/memory.h"
#include "core/npy.h"
#include "core/printable.h"
#include "core/zip.h"
#include "model/tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct npz_file {
    const char *path;
    zip_archive archive;
    const char **keys; /* (archive.count), the names of the arrays */
    gradus_network network;
    file_tensor tensors[FILE_TENSORS_MAX];       /* W1, b1, W2, b2, ... */
    unsigned char *unpacked[FILE_TENSORS_MAX];   /* the bytes of each tensor's entry */
    const unsigned char *data[FILE_TENSORS_MAX]; /* where its values begin in these */
} npz_file;

/* "fc1.weight.npy" is the array fc1.weight: cuts the ending off. */
static gradus_status name_key(const npz_file *file, char *name)
{
    static const char ending[] = ".npy";
    const size_t length = strlen(name), ending_length = sizeof ending - 1;
    if (length < ending_length || strcmp(name + length - ending_length, ending) != 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: holds \"%s\", expected arrays NAME.npy only%s", file->path,
                       gr_printable(name).text,
                       strstr(name, "data.pkl") == NULL ? "" : " (save a state_dict as safetensors)");
    name[length - ending_length] = '\0';
    return GRADUS_OK;
}

static gradus_status find_arrays(npz_file *file)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_allocate(file->archive.count, &file->keys));
    for (size_t i = 0; i < file->archive.count; i++) {
        TRY(name_key(file, file->archive.entries[i].name));
        file->keys[i] = file->archive.entries[i].name;
    }
    TRY(gr_find_layers(file->path, file->keys, file->archive.count, &file->network.layers, file->tensors));
cleanup:
    return status;
}

/* A bias may also be a column (H x 1), as those are kept who write Z = W X + b. */
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
    const zip_entry *entry = &file->archive.entries[tensor->index];
    char *name = NULL;
    npy_array array;

    TRY(gr_format_text(&name, "%s: tensor %s", file->path, tensor->name));
    TRY(gr_zip_read(&file->archive, entry, &file->unpacked[t]));
    TRY(gr_npy_read(name, file->unpacked[t], entry->size, &array));
    TRY(take_shape(file, &array, tensor));
    file->data[t] = array.data;
cleanup:
    free(name);
    return status;
}

static void close_file(npz_file *file)
{
    for (size_t t = 0; t < FILE_TENSORS_MAX; t++)
        free(file->unpacked[t]);
    free(file->keys);
    gr_zip_close(&file->archive);
}

gradus_status gr_npz_load(const char *path, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    npz_file file = {.path = path};
    gradus_model *model = NULL;

    TRY(gr_zip_open(path, "a model", &file.archive));
    TRY(find_arrays(&file));
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
