/* SPDX-License-Identifier: Apache-2.0 */
/* Names, shapes and values of the tensors of a network. */
#include "model/tensors.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

file_tensor gr_tensor_named(size_t t)
{
    file_tensor result = {.rank = t % 2 == 0 ? 2 : 1};
    snprintf(result.name, sizeof result.name, "fc%zu.%s", t / 2 + 1, t % 2 == 0 ? "weight" : "bias");
    return result;
}

file_tensor gr_tensor_of(const gradus_network *network, size_t t)
{
    file_tensor result = gr_tensor_named(t);
    result.shape[0] = network->sizes[t / 2 + 1];
    result.shape[1] = network->sizes[t / 2];
    return result;
}

size_t gr_tensor_length(const file_tensor *tensor)
{
    return tensor->rank == 2 ? tensor->shape[0] * tensor->shape[1] : tensor->shape[0];
}

float *gr_tensor_parameters(const gradus_model *model, size_t t)
{
    return model->parameters + (t % 2 == 0 ? model->layout.weights[t / 2] : model->layout.bias[t / 2]);
}

/* ---- Shapes ---- */

gradus_status gr_check_chain(const char *path, file_tensor tensors[FILE_TENSORS_MAX], gradus_network *network)
{
    network->sizes[0] = tensors[0].shape[1];
    for (size_t l = 0; l < network->layers; l++) {
        file_tensor *weights = &tensors[2 * l], *bias = &tensors[2 * l + 1];
        if (weights->shape[1] != network->sizes[l])
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: %zu inputs, expected the %zu units of the layer before",
                           path, weights->name, weights->shape[1], network->sizes[l]);
        if (bias->key == NULL)
            bias->shape[0] = weights->shape[0];
        if (bias->shape[0] != weights->shape[0])
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: %zu values, expected %zu, one for each row of %s", path,
                           bias->name, bias->shape[0], weights->shape[0], weights->name);
        network->sizes[l + 1] = weights->shape[0];
    }
    if (gr_network_validate(network) != GRADUS_OK) {
        char reason[256];
        snprintf(reason, sizeof reason, "%s", gradus_last_error());
        return gr_fail(GRADUS_ERROR_DATA, "%s: %s", path, reason);
    }
    return GRADUS_OK;
}

/* ---- Values ---- */

/* Value i of the file's. The bytes need not be aligned. */
static double value_at(const file_tensor *tensor, const unsigned char *bytes, size_t i)
{
    if (tensor->doubles) {
        double value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        return value;
    }
    float value;
    memcpy(&value, bytes + i * sizeof value, sizeof value);
    return (double)value;
}

gradus_status gr_take_values(const char *path, const file_tensor *tensor, const unsigned char *bytes, float *values)
{
    const size_t rows = tensor->shape[0], columns = tensor->rank == 2 ? tensor->shape[1] : 1;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            const size_t i = r * columns + c;
            const double value = value_at(tensor, bytes, tensor->column_major ? c * rows + r : i);
            /* A float64 beyond the range of float32 cannot be used either. */
            if (!(fabs(value) <= (double)FLT_MAX))
                return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: value %zu is %g, expected a finite number%s", path,
                               tensor->name, i, value, isfinite(value) ? " of float32" : "");
            values[i] = (float)value;
        }
    return GRADUS_OK;
}
