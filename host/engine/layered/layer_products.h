/* SPDX-License-Identifier: Apache-2.0 */
/* The products of one layer: their candidates, and the products themselves. */
#ifndef GRADUS_ENGINE_LAYER_PRODUCTS_H
#define GRADUS_ENGINE_LAYER_PRODUCTS_H

#include "engine/opencl/device_engine.h"
#include "engine/product/product_choice.h"

/* By product_kind. */
typedef struct layer_products {
    size_t count; /* kinds of the layer: the first layer has no input gradient */
    product_shape shapes[PRODUCT_KINDS];
    product_choice choices[PRODUCT_KINDS];
    product *made[PRODUCT_KINDS];
} layer_products;

/* Chooses candidates for slices of `samples` samples. pixels: X is read as bytes, or as floats with their values. */
gradus_status gr_layer_products_choose(const device_engine *e, size_t layer, size_t samples, bool pixels,
                                       layer_products *out);

/* Sets the number of samples of a slice, and returns the bytes of scratch memory that the products then need. */
gradus_status gr_layer_products_resize(const device_engine *e, layer_products *p, size_t samples, size_t *scratch);

/* I inputs, O outputs, S samples. */
typedef struct layer_matrices {
    cl_mem inputs[PRODUCT_KINDS]; /* A (I x S), in the form that each kind reads */
    cl_mem z;                     /* Z (O x S), of the forward product */
    cl_mem dz;                    /* dZ (O x S), of the others */
    cl_mem below;                 /* dZ of the previous layer (I x S); NULL for the first layer */
    cl_mem scratch;               /* NULL if none is needed */
} layer_matrices;

/* Creates the products. Call gr_layer_products_destroy() afterwards, even after a failure. */
gradus_status gr_layer_products_create(const device_engine *e, size_t layer, const layer_matrices *matrices,
                                       layer_products *p);
void gr_layer_products_destroy(layer_products *p);

/* A line for each. Returns their length, or `size` if there is no room for more. */
size_t gr_layer_products_describe(const layer_products *p, char *text, size_t size);

#endif
