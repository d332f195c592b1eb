/* SPDX-License-Identifier: Apache-2.0 */
/* The structure of a model, for model.c and the file formats. */
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

/* A model whose parameters are all zero. */
gradus_status gr_model_create_empty(const gradus_network *network, gradus_model **out);

#endif
