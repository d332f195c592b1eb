/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a model file. */
#include "model/safetensors.h"
#include "core/memory.h"
#include "files/output.h"

#include <stdlib.h>
#include <string.h>

/* The tensors of a network in the order of gradus's own files: one after the other, without gaps. */
static void describe_tensors(const gradus_network *network, file_tensor *tensors)
{
    uint64_t position = 0;
    for (size_t t = 0; t < 2 * network->layers; t++) {
        tensors[t] = gr_tensor_of(network, t);
        tensors[t].begin = position;
        position += gr_tensor_length(&tensors[t]) * sizeof(float);
        tensors[t].end = position;
    }
}

static json_t *metadata_to_json(const gradus_model *model)
{
    const gradus_network *network = &model->network;
    json_t *own = json_pack("{s:s, s:s, s:s, s:s, s:o}", "format", "pt", "gradus.version", gradus_version(),
                            "gradus.activation", gradus_activation_name(network->activation), "gradus.input_scale",
                            network->floats ? FILE_INPUT_FLOATS : FILE_INPUT_BYTES, "gradus.image_shape",
                            json_sprintf("%zux%zu", network->image_width, network->image_height));
    if (network->input_deviation != 0) {
        json_object_set_new(own, "gradus.input_mean", json_sprintf("%.9g", (double)network->input_mean));
        json_object_set_new(own, "gradus.input_deviation", json_sprintf("%.9g", (double)network->input_deviation));
    }
    json_t *metadata = json_copy(model->metadata);
    if (own == NULL || metadata == NULL || json_object_update(metadata, own) != 0) {
        json_decref(metadata);
        metadata = NULL;
    }
    json_decref(own);
    return metadata;
}

json_t *gr_safetensors_entry(const char *dtype, const file_tensor *tensor)
{
    const json_int_t outputs = (json_int_t)tensor->shape[0], inputs = (json_int_t)tensor->shape[1];
    json_t *shape = tensor->rank == 2 ? json_pack("[I, I]", outputs, inputs) : json_pack("[I]", outputs);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape, "data_offsets", (json_int_t)tensor->begin,
                     (json_int_t)tensor->end);
}

gradus_status gr_safetensors_header(const json_t *header, char **out)
{
    gradus_status status = GRADUS_OK;
    char *text = json_dumps(header, JSON_COMPACT);
    if (text == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the header of a model file");
    const size_t length = strlen(text);
    if (length > HEADER_MAX - HEADER_LENGTH_BYTES)
        FAIL(GRADUS_ERROR_ARGUMENT, "metadata: a header of %zu bytes, expected at most %u", length, HEADER_MAX);
    const size_t padded = (length + HEADER_LENGTH_BYTES - 1) / HEADER_LENGTH_BYTES * HEADER_LENGTH_BYTES;
    TRY(gr_format_text(out, "%-*s", (int)padded, text));
cleanup:
    free(text);
    return status;
}

/* The caller frees the text. */
static gradus_status header_text(const gradus_model *model, const file_tensor *tensors, char **out)
{
    gradus_status status = GRADUS_OK;
    json_t *header = json_object();
    int failed = json_object_set_new(header, "__metadata__", metadata_to_json(model));
    for (size_t t = 0; t < 2 * model->network.layers; t++)
        failed |= json_object_set_new(header, tensors[t].name, gr_safetensors_entry("F32", &tensors[t]));
    if (failed)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the header of a model file");
    TRY(gr_safetensors_header(header, out));
cleanup:
    json_decref(header);
    return status;
}

gradus_status gradus_model_save(const gradus_model *model, const char *path)
{
    gradus_status status = GRADUS_OK;
    output_file file = {0};
    file_tensor tensors[FILE_TENSORS_MAX];
    char *header = NULL;

    describe_tensors(&model->network, tensors);
    TRY(header_text(model, tensors, &header));
    TRY(gr_output_open(path, &file));
    const uint64_t header_length = strlen(header);
    TRY(gr_output_write(&file, &header_length, HEADER_LENGTH_BYTES));
    TRY(gr_output_write(&file, header, header_length));
    for (size_t t = 0; t < 2 * model->network.layers; t++)
        TRY(gr_output_write(&file, gr_tensor_parameters(model, t), tensors[t].end - tensors[t].begin));
    TRY(gr_output_commit(&file));
cleanup:
    gr_output_abandon(&file);
    free(header);
    return status;
}
