/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a model as GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), in the form in which ggml's
 * example mnist-eval reads a fully connected network: general.architecture is "mnist-fc", the tensors are fc1.weight,
 * fc1.bias, fc2.weight and fc2.bias. mnist-eval divides bytes by 255 itself, as gradus does.
 */
#include "core/memory.h"
#include "files/output.h"
#include "model/tensors.h"

#include <string.h>

enum {
    FEATURES = 784, /* compiled into that program */
    CLASSES = 10,
    LAYERS = 2,
    TENSORS = 2 * LAYERS,
    VERSION = 3,
    TYPE_STRING = 8, /* of a value */
    TYPE_F32 = 0,    /* of a tensor */
    ALIGNMENT = 32,  /* of all data, unless general.alignment says otherwise */
    HEADER_MAX = 512,
};

/* Everything before the data. Numbers are little-endian; a text follows its 64-bit length. */
typedef struct gguf_header {
    unsigned char bytes[HEADER_MAX];
    size_t size;
} gguf_header;

static size_t aligned(size_t size)
{
    return gr_divide_up(size, ALIGNMENT) * ALIGNMENT;
}

static void put(gguf_header *header, const void *bytes, size_t size)
{
    memcpy(header->bytes + header->size, bytes, size);
    header->size += size;
}

static void put_u32(gguf_header *header, uint32_t value)
{
    put(header, &value, sizeof value);
}

static void put_u64(gguf_header *header, uint64_t value)
{
    put(header, &value, sizeof value);
}

static void put_text(gguf_header *header, const char *text)
{
    put_u64(header, strlen(text));
    put(header, text, strlen(text));
}

/* Name, sizes (the fastest-running first), type, and the offset of its data from the end of the header. */
static void put_tensor(gguf_header *header, const file_tensor *tensor, uint64_t position)
{
    put_text(header, tensor->name);
    put_u32(header, (uint32_t)tensor->rank);
    for (size_t i = tensor->rank; i-- > 0;)
        put_u64(header, tensor->shape[i]);
    put_u32(header, TYPE_F32);
    put_u64(header, position);
}

static void describe(const gradus_network *network, gguf_header *header)
{
    uint64_t position = 0;
    put(header, "GGUF", 4);
    put_u32(header, VERSION);
    put_u64(header, TENSORS);
    put_u64(header, 1); /* pair of key and value */
    put_text(header, "general.architecture");
    put_u32(header, TYPE_STRING);
    put_text(header, "mnist-fc");
    for (size_t t = 0; t < TENSORS; t++) {
        const file_tensor tensor = gr_tensor_of(network, t);
        put_tensor(header, &tensor, position);
        position += aligned(gr_tensor_length(&tensor) * sizeof(float));
    }
}

/* Writes the bytes, and zeros up to the next multiple of ALIGNMENT. */
static gradus_status write_aligned(output_file *file, const void *bytes, size_t size)
{
    static const unsigned char zeros[ALIGNMENT];
    gradus_status status = GRADUS_OK;
    TRY(gr_output_write(file, bytes, size));
    TRY(gr_output_write(file, zeros, aligned(size) - size));
cleanup:
    return status;
}

gradus_status gradus_model_export_gguf(const gradus_model *model, const char *path)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *network = &model->network;
    output_file file = {0};
    gguf_header header = {0};

    if (network->layers != LAYERS || network->sizes[0] != FEATURES || network->sizes[LAYERS] != CLASSES)
        FAIL(GRADUS_ERROR_ARGUMENT,
             "%s: %zu layers from %zu features to %zu classes, expected %d from %d to %d, as ggml's mnist-eval does",
             path, network->layers, network->sizes[0], network->sizes[network->layers], LAYERS, FEATURES, CLASSES);
    if (network->activation != GRADUS_RELU || network->input_deviation != 0 || network->floats)
        FAIL(GRADUS_ERROR_ARGUMENT, "%s: %s%s, expected relu on bytes / 255, as ggml's mnist-eval does", path,
             gradus_activation_name(network->activation),
             network->input_deviation != 0 ? " on standardised input"
             : network->floats             ? " on float features"
                                           : "");
    describe(network, &header);
    TRY(gr_output_open(path, &file));
    TRY(write_aligned(&file, header.bytes, header.size));
    for (size_t t = 0; t < TENSORS; t++) {
        const file_tensor tensor = gr_tensor_of(network, t);
        TRY(write_aligned(&file, gr_tensor_parameters(model, t), gr_tensor_length(&tensor) * sizeof(float)));
    }
    TRY(gr_output_commit(&file));
cleanup:
    gr_output_abandon(&file);
    return status;
}
