/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "layered": each step of network.md's iteration is a product or a kernel of its own, so any depth and width will
 * do. This is its state; layered_plan.c makes it, layered.c runs it.
 *
 * X stays on the device as bytes, or as floats. Our own products take it as it is; CLBlast wants floats, all of a slice, and
 * the activations of all samples may be more than the device holds; so the work is done in slices of S samples, each
 * expanded or copied when it is needed and if it is. Where one slice holds all samples, X is expanded once. Every launch has the shape of a
 * whole slice; what the last slice has too many is made to contribute zero.
 */
#ifndef GRADUS_ENGINE_LAYERED_H
#define GRADUS_ENGINE_LAYERED_H

#include "engine/opencl/activation_kernels.h"
#include "engine/opencl/batch_source.h"
#include "engine/opencl/device_engine.h"
#include "engine/opencl/layer_kernels.h"
#include "engine/product/gemm_choose.h"
#include "engine/sparse/sparse_products.h"

/* The work of one layer with I inputs and O outputs. The first layer has no input gradient. What touches X is the first
 * layer's forward and weight_gradient alone. */
typedef struct layer_plan {
    gemm forward;           /* Z = W A + b, then ReLU except in the last layer */
    gemm weight_gradient;   /* dW = scale dZ A^T */
    row_sums bias_gradient; /* db = scale * row sums of dZ */
    gemm input_gradient;    /* dZ of the layer below = (W^T dZ) .* relu'(A) */

    /* Where more than a ReLU stands behind the layer: that, instead of the products' ReLU. */
    launch activation_forward, activation_backward;
} layer_plan;

/* Which candidates compute a layer's products, by gemm_kind. */
typedef struct layer_choice {
    gemm_choice by[3];
} layer_choice;

/* What the queued work is currently set for. */
typedef struct slice_state {
    size_t first, valid; /* samples */
    size_t count;        /* samples of the batch that the mean is over */
    bool accumulate;     /* not the batch's first slice */
    bool training;       /* with dropout and label smoothing */
} slice_state;

typedef struct layered {
    device_engine common;
    size_t slice;            /* S */
    sparse_products *sparse; /* the first layer's products in engine "sparse", else NULL */
    slice_state current;
    size_t samples_first; /* the slice that the first layer's products see; SIZE_MAX: none */
    bool expands;         /* a[0] is in use, filled by ... */
    bool transforms;      /* ... input_transform, else by expand_bytes */
    cl_mem x;             /* X (F x B) as the data set has it, bytes or floats; not with sparse products */
    cl_mem labels;        /* (B); NULL for a data set without labels */
    batch_source *source; /* of mini-batches: X and labels are those of the batch at hand; else NULL */
    /* a[0]: X of the slice (F x S), if it is expanded; a[l + 1]: layer l's output (sizes[l + 1] x S) */
    cl_mem a[GRADUS_LAYERS_MAX + 1];
    cl_mem dz[GRADUS_LAYERS_MAX]; /* (sizes[l + 1] x S); the last is a[L], where dZ takes the place of the logits */
    cl_mem
        slopes[GRADUS_LAYERS_MAX]; /* (sizes[l + 1] x S), of layer l's activation; NULL where that is a plain ReLU */
    cl_mem sample_metrics;         /* (2 x S) */
    cl_mem partial, scratch;       /* for row sums and GEMMs */
    launch expand_bytes, input_transform, softmax_forward, softmax_cross_entropy;
    row_sums metric_sums;
    layer_plan layers[GRADUS_LAYERS_MAX];
    layer_choice choices[GRADUS_LAYERS_MAX];
} layered;

/* Chooses S, makes the buffers, uploads the data set, prepares launches and products. */
gradus_status gr_layered_create(const engine *base, gradus_device *device, engine **out);

/* The same with sparse products. */
gradus_status gr_sparse_create(const engine *base, gradus_device *device, engine **out);

void gr_layered_describe(const engine *e, char *text, size_t size);
void gr_layered_destroy(engine *e);

#endif
