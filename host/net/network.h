/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network's sizes, and the layout of the one flat buffer that holds all parameters.
 */
#ifndef GRADUS_NET_NETWORK_H
#define GRADUS_NET_NETWORK_H

#include "common/parameters.h"
#include "core/status.h"

/*
 * Layer l has sizes[l] inputs and sizes[l + 1] outputs. Offsets and lengths are in floats; the padding between
 * tensors is zero and stays zero. Gradients and optimizer state have the same layout.
 */
typedef struct parameter_layout {
    size_t weights[GRADUS_LAYERS_MAX]; /* offset of W (outputs x inputs), row after row */
    size_t bias[GRADUS_LAYERS_MAX];    /* offset of b (outputs) */
    size_t length;                     /* of the whole buffer, padding included */
} parameter_layout;

/* Refuses sizes of zero, too many layers, fewer than 2 or more than 256 classes, sizes too large to address, an image
 * whose number of pixels is not that of the features, an unknown activation, and a standard deviation that is not a
 * positive number. */
gradus_status gr_network_validate(const gradus_network *network);

/* The layout of a valid network. */
parameter_layout gr_network_layout(const gradus_network *network);

/* The input for a stored feature v is scale * v + offset. Unless it is standardised, scale is 1/255 for a byte and 1
 * for a float. */
typedef struct input_transform {
    float scale, offset;
    bool floats; /* v is a float, not a byte */
} input_transform;

input_transform gr_network_input(const gradus_network *network);

/* gradus_activation_name(), as a list of names. */
const char *gr_activation_name(size_t index);

/* Draws all parameters (layout.length floats) from U(-0.5, 0.5). */
void gr_network_initialise(const gradus_network *network, uint64_t seed, float *parameters);

/* Draws them with the initializer of this name, as gradus_model_create_with() lists them. ARGUMENT for another name. */
gradus_status gr_network_initialise_with(const char *initializer, const gradus_network *network, uint64_t seed,
                                         float *parameters);

#endif
