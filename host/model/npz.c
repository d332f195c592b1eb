/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a model as an NPZ: an archive with one NPY array for each tensor. */
#include "archive/npy.h"
#include "archive/zip.h"
#include "model/tensors.h"

#include <stdio.h>

static gradus_status add_tensor(zip_writer *writer, const gradus_model *model, size_t t)
{
    const file_tensor tensor = gr_tensor_of(&model->network, t);
    unsigned char header[NPY_HEADER_MAX];
    char name[sizeof tensor.name + sizeof ".npy"];
    snprintf(name, sizeof name, "%s.npy", tensor.name);
    const zip_piece pieces[] = {
        {header, gr_npy_header(tensor.rank, tensor.shape, header)},
        {gr_tensor_parameters(model, t), gr_tensor_length(&tensor) * sizeof(float)},
    };
    return gr_zip_add(writer, name, pieces, sizeof pieces / sizeof *pieces);
}

gradus_status gradus_model_export_npz(const gradus_model *model, const char *path)
{
    gradus_status status = GRADUS_OK;
    output_file file = {0};
    zip_writer writer = {.file = &file};

    TRY(gr_output_open(path, &file));
    for (size_t t = 0; t < 2 * model->network.layers; t++)
        TRY(add_tensor(&writer, model, t));
    TRY(gr_zip_finish(&writer));
    TRY(gr_output_commit(&file));
cleanup:
    gr_zip_writer_free(&writer);
    gr_output_abandon(&file);
    return status;
}
