/* SPDX-License-Identifier: Apache-2.0 */
/* A model's inside, shared by its life cycle and its file format. */
#ifndef GRADUS_MODEL_MODEL_H
#define GRADUS_MODEL_MODEL_H

#include "net/network.h"
#include <jansson.h>

struct gradus_model {
    gradus_network network;
    parameter_layout layout;
    float *parameters; /* (layout.length) */
    json_t *metadata;  /* object: text by key */
};

/* A model with all parameters zero. */
gradus_status gr_model_create_empty(const gradus_network *network, gradus_model **out);

#endif
