/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of engine "layered": each step of an iteration is a product or a kernel of its own, so it supports any
 * depth and width. layered_plan.c creates it, layered.c runs it. Engine "sparse" is the same with another first layer.
 *
 * The activations of all samples may not fit into the device's memory, so the work is done in slices of S samples.
 * Every launch has the shape of a full slice; the surplus samples of the last slice contribute zero.
 */
#ifndef GRADUS_ENGINE_LAYERED_STATE_H
#define GRADUS_ENGINE_LAYERED_STATE_H

#include "engine/layered/first_products.h"
#include "engine/layered/layer_products.h"
#include "engine/opencl/layer_kernels.h"

/* One layer with I inputs and O outputs. */
typedef struct layer_plan {
    layer_products products; /* none for the first layer */
    cl_mem a;                /* (O x S): Z, then the activations, in place; of the last layer the logits */
    cl_mem dz;               /* (O x S); of the last layer `a`, where dZ replaces the logits */
    row_sums bias_gradient;  /* db = mean of the row sums of dZ */

    /* If more than a ReLU follows the layer: its launches, instead of the ReLU in the products. */
    cl_mem slopes; /* (O x S), of the activation; NULL for a plain ReLU */
    launch activation_forward, activation_backward;
} layer_plan;

/* One slice of a batch. */
typedef struct slice_of_batch {
    size_t first, valid; /* samples */
    size_t count;        /* samples of the batch, for the mean */
    bool accumulate;     /* not the batch's first slice */
    bool training;       /* with dropout and label smoothing */
} slice_of_batch;

typedef struct layered {
    device_engine common;
    size_t slice; /* S */
    first_products *first;
    batch_source *source;  /* of mini-batches; else NULL */
    cl_mem labels;         /* (B); NULL with mini-batches and for a data set without labels */
    cl_mem sample_metrics; /* (METRICS x S) */
    cl_mem partial;        /* for row sums */
    cl_mem scratch;        /* for products; NULL if none needs any */
    launch softmax_forward, softmax_cross_entropy;
    row_sums metric_sums;
    layer_plan layers[GRADUS_LAYERS_MAX];
} layered;

/* Chooses S, creates the buffers, uploads the data set, prepares launches and products. */
gradus_status gr_layered_create(const engine *base, gradus_device *device, const first_products_type *first,
                                engine **out);

/* Members of an engine_type. */
gradus_status gr_layered_gradient(engine *e, size_t first, size_t count);
gradus_status gr_layered_evaluate(engine *e, size_t first, size_t count);
gradus_status gr_layered_probabilities(engine *e, float *out);
void gr_layered_describe(const engine *e, char *text, size_t size);
void gr_layered_destroy(engine *e);

/* The members that all engines of this kind have. */
#define LAYERED_MEMBERS                                                                                               \
    .gradient = gr_layered_gradient, .evaluate = gr_layered_evaluate, .probabilities = gr_layered_probabilities,      \
    .describe = gr_layered_describe, .destroy = gr_layered_destroy, DEVICE_ENGINE_MEMBERS, DEVICE_ENGINE_ARRAYS

#endif
