/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products with X in engine "layered": the first layer's forward product, Z1 = W1 X + b1 with ReLU, and its weight
 * gradient, dW1 = dZ1 X^T. There are two types: the dense one here, and one that visits only the pixels that are not
 * zero (host/engine/sparse). H hidden units, F features, S samples of a slice.
 */
#ifndef GRADUS_ENGINE_FIRST_PRODUCTS_H
#define GRADUS_ENGINE_FIRST_PRODUCTS_H

#include "engine/opencl/batch_source.h"
#include "engine/opencl/device_engine.h"

#include "common/scaled_sum.h"

typedef struct first_products first_products;

/* Bytes. */
typedef struct first_products_sizes {
    size_t x, largest_x;       /* X on the device, and its largest buffer */
    size_t rest, largest_rest; /* all other buffers except scratch, and the largest of them */
    size_t scratch;            /* of the memory shared with other products */
} first_products_sizes;

typedef struct first_products_buffers {
    cl_mem z, dz;               /* (H x S) */
    cl_mem scratch;             /* NULL if none is needed */
    const batch_source *source; /* of mini-batches, with X of the current batch; else NULL */
} first_products_buffers;

/* The samples of a slice. */
typedef struct slice_samples {
    size_t first, count; /* in the buffer of X */
    size_t number;       /* of the first one in the order, for dropout */
    float dropout;       /* share of the features that is dropped */
    bool replaced;       /* the buffer has other samples than for the previous slice */
} slice_samples;

typedef struct first_products_type {
    /* For slices of at most `most_samples` samples. The engine must outlive it. */
    gradus_status (*create)(const device_engine *e, size_t most_samples, first_products **out);

    /* The memory for slices of `slice` samples. */
    gradus_status (*measure)(first_products *f, size_t slice, first_products_sizes *out);

    /* Creates buffers and launches for such slices, and uploads X unless there is a source. */
    gradus_status (*plan)(first_products *f, size_t slice, const first_products_buffers *buffers);

    /* The mean of dW1: scale, and whether it is added to the present values. */
    gradus_status (*set_mean)(first_products *f, scaled_sum mean);

    /* The samples of the products from now on. The other columns of Z1 are not changed, or become zero. */
    gradus_status (*select)(first_products *f, const slice_samples *samples);

    gradus_status (*forward)(const first_products *f);
    gradus_status (*weight_gradient)(const first_products *f);

    /* Lines about the decisions. Returns their length, at most `size`. */
    size_t (*describe)(const first_products *f, char *text, size_t size);
    void (*destroy)(first_products *f);
} first_products_type;

/* The first member of all of them. */
struct first_products {
    const first_products_type *type;
    const device_engine *engine;
    const char *note; /* follows the number of slices in the description: ", X expanded to floats", or "" */
};

/* By products of product.h. */
extern const first_products_type gr_dense_products;

#endif
