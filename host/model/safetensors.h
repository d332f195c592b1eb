/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model files: safetensors (https://huggingface.co/docs/safetensors), which is an 8-byte little-endian header length, a
 * JSON header that gives each tensor's type, shape and place, and the bytes of the tensors. What saving and loading
 * share is here: how the tensors of a network are called, and which settings a file names.
 */
#ifndef GRADUS_MODEL_SAFETENSORS_H
#define GRADUS_MODEL_SAFETENSORS_H

#include "model/model.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are little-endian and are used as they are");

#define HEADER_LENGTH_BYTES 8
#define HEADER_MAX 100000000u /* bytes; the format's own limit */

#define FILE_TENSORS_MAX (2 * GRADUS_LAYERS_MAX)

/* What the network is beyond its shapes; there is one choice of each so far. */
#define FILE_ACTIVATION "relu"
#define FILE_INPUT_SCALE "byte/255"

typedef struct file_tensor {
    char name[32];       /* "fc1.weight" */
    size_t rank;         /* 2 for weights, 1 for a bias */
    size_t shape[2];     /* {outputs, inputs} of weights, {outputs} of a bias */
    uint64_t begin, end; /* bytes of the data section */
} file_tensor;

/* Tensor t of any network, in the order W1, b1, W2, b2, ...: its name and rank. */
file_tensor gr_tensor_named(size_t t);

/* How many floats it has, which must be few enough to count. */
size_t gr_tensor_length(const file_tensor *tensor);

/* Where a model keeps the values of tensor t. */
float *gr_tensor_parameters(const gradus_model *model, size_t t);

#endif
