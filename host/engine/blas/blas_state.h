/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of engine "blas": C over CBLAS, without a device; the OpenCL engines are compared with it. blas_slice.c
 * computes with it, blas.c is the engine.
 *
 * Every thread processes its own part of the batch in slices of S samples, with a BLAS that uses only the calling
 * thread. A slice is expanded from bytes just before it is multiplied, so X as floats stays in the cache. The obvious
 * way, products of a threaded BLAS over the complete batch, reads X from memory twice and leaves everything between the
 * products to one thread: NumPy, which does that, takes 1.6 times (H = 10) to 1.2 times (H = 512) as long on two cores.
 * The threads' gradients are added up in the order of the parts, so the same number of threads gives the same bits.
 */
#ifndef GRADUS_ENGINE_BLAS_STATE_H
#define GRADUS_ENGINE_BLAS_STATE_H

#include "core/team.h"
#include "engine/common/host_engine.h"

/* The memory of one thread. */
typedef struct blas_part {
    uint8_t *pixels;                  /* of one sample (F), augmented */
    float *a[GRADUS_LAYERS_MAX + 1];  /* a[0]: X of the slice (F x S); a[l + 1]: layer l's output (sizes[l + 1] x S) */
    float *dz[GRADUS_LAYERS_MAX];     /* (sizes[l + 1] x S); the last is a[L], where dZ replaces the logits */
    float *slopes[GRADUS_LAYERS_MAX]; /* (sizes[l + 1] x S), of layer l's output; NULL for a plain ReLU */
    float *factors;                   /* (largest size), of dropout */
    float *gradient;                  /* (layout.length), of this part of the batch */
    batch_sums sums;                  /* of this part of the batch */
} blas_part;

typedef struct blas {
    host_engine common;
    team *team; /* part_count threads */
    size_t part_count;
    blas_part *parts; /* (part_count) */
    size_t slice;     /* S */
    bool transforms;  /* a[0] has transformed values; else stored values, and products have the scale */
    float *ones;      /* (S) */
    float *parameters, *kept, *gradient; /* (layout.length) */
    float *first, *second;               /* (layout.length), the optimizer's moments; NULL if it has none */
} blas;

/* Computes the logits in a[L] from the samples first .. first + n - 1, n <= S; in training with dropout. */
void gr_blas_forward(const blas *e, blas_part *part, size_t first, size_t n, bool training);

/* Adds loss and number correct to the part's sums; dZ2 = softmax(Z2) - Y replaces the logits. Y has the labels one-hot,
 * in training smoothed. */
void gr_blas_softmax_cross_entropy(const blas *e, blas_part *part, size_t first, size_t n, bool training);

/* Computes the softmax (C x n) of the logits. */
void gr_blas_softmax(const blas *e, const blas_part *part, size_t n, float *out);

/* Computes the gradients from dZ of the last layer, and adds them, multiplied by `scale`, to those of the part. */
void gr_blas_backward(const blas *e, blas_part *part, size_t n, float scale);

#endif
