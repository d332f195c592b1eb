/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tensors of a network in files: their names, layers and values. Shared by all formats that hold nothing but named
 * tensors.
 */
#ifndef GRADUS_MODEL_TENSORS_H
#define GRADUS_MODEL_TENSORS_H

#include "model/model.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian and are used as they are");

#define FILE_TENSORS_MAX (2 * GRADUS_LAYERS_MAX)

typedef struct file_tensor {
    char name[64];       /* "fc1.weight", shortened for messages */
    const char *key;     /* its full name in a file that is read; NULL: a bias that the file does not have, all zero */
    size_t index;        /* of the key among all keys of that file */
    size_t rank;         /* 2 for weights, 1 for a bias */
    size_t shape[2];     /* {outputs, inputs} of weights, {outputs} of a bias */
    bool doubles;        /* float64 instead of float32 */
    bool column_major;   /* weights whose first index runs fastest */
    uint64_t begin, end; /* bytes of the data section of a safetensors file */
} file_tensor;

/* Tensor t of any network, in the order W1, b1, W2, b2, ..., with its name in gradus's own files, and its rank. */
file_tensor gr_tensor_named(size_t t);

/* The same with its shape. */
file_tensor gr_tensor_of(const gradus_network *network, size_t t);

/* The number of its values, which must fit into a size_t. */
size_t gr_tensor_length(const file_tensor *tensor);

/* The values of tensor t in a model. */
float *gr_tensor_parameters(const gradus_model *model, size_t t);

/*
 * Interprets the keys of a file as tensors of Linear layers: NAME.weight and NAME.bias as in a PyTorch state_dict, or
 * W1, b1, W2, ... Layers are ordered by the numbers in their names if all have one, else as in the file. Fills in name,
 * key, index and rank of W1, b1, W2, b2, ... and the number of layers. DATA names a key that cannot be interpreted.
 */
gradus_status gr_find_layers(const char *path, const char *const *keys, size_t count, size_t *layers,
                             file_tensor tensors[FILE_TENSORS_MAX]);

/* Derives the network's sizes from the shapes: each layer must have as many inputs as the one before it has units. */
gradus_status gr_check_chain(const char *path, file_tensor tensors[FILE_TENSORS_MAX], gradus_network *network);

/* Converts the bytes of a file to parameters (row after row), which must be finite numbers. */
gradus_status gr_take_values(const char *path, const file_tensor *tensor, const unsigned char *bytes, float *values);

/* Reads a safetensors file: gradus's own, or with any_names every one that gr_find_layers() accepts, also in
 * float64. */
gradus_status gr_safetensors_load(const char *path, bool any_names, gradus_model **out);

/* Reads an NPZ archive that gr_find_layers() accepts, in float32 or float64. */
gradus_status gr_npz_load(const char *path, gradus_model **out);

#endif
