/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matrix products of a layer, C (M x N) = alpha op(A) op(B) + beta C and what follows, in single precision. All
 * matrices stand row after row here, so a matrix with a column per sample is one with a row per sample:
 *
 *   forward           Z  (S x O) = A (S x I) W^T + b, then ReLU     W is O x I
 *   weight gradient   dW (O x I) = dZ^T A                           the depth is S
 *   input gradient    dA (S x I) = dZ (S x O) W, then .* relu'(A)
 *
 * A product can be served by several candidates: CLBlast, and our own kernels in several configurations. Each computes
 * the same up to rounding; which one is taken is choose.h's business.
 */
#ifndef GRADUS_ENGINE_GEMM_H
#define GRADUS_ENGINE_GEMM_H

#include "device/device.h"

#include "product/product_arguments.h"

typedef enum gemm_kind { GEMM_FORWARD, GEMM_WEIGHT_GRADIENT, GEMM_INPUT_GRADIENT } gemm_kind;

/* What decides how a product is best computed. */
typedef struct gemm_shape {
    gemm_kind kind;
    size_t outputs, inputs, samples; /* O, I, S */
    bool pixels; /* A is X of bytes, or floats of their values, that stand for 1/255 of themselves */
    bool relu;   /* with the ReLU, or relu', that is named above */
} gemm_shape;

/* The product of one layer of a network. The first layer has no input gradient, which is the last kind. */
gemm_shape gr_gemm_layer_shape(const gradus_network *network, size_t layer, gemm_kind kind, size_t samples);

static inline size_t gr_gemm_kinds(size_t layer)
{
    return layer == 0 ? GEMM_INPUT_GRADIENT : GEMM_INPUT_GRADIENT + 1;
}

/* Where the matrices are. Offsets are in floats. */
typedef struct gemm_buffers {
    cl_mem samples; /* A (S x I): input of forward and weight gradient; of the input gradient, what relu' looks at */
    cl_mem outputs; /* Z or dZ (S x O) */
    cl_mem parameters; /* W (O x I) and b (O); of the weight gradient dW */
    size_t weights_at, bias_at;
    cl_mem below; /* dA (S x I), of the input gradient only */
} gemm_buffers;

/* ---- Candidates ---- */

#define GEMM_NAME 48

typedef enum gemm_family { GEMM_CLBLAST, GEMM_CPU, GEMM_GPU } gemm_family;

typedef struct gemm_candidate {
    gemm_family family;
    size_t m, n, k;        /* GEMM_GPU: the tile; GEMM_CPU: rows of a chunk, unused, the depth of a block */
    size_t item_m, item_n; /* GEMM_GPU: sums of a work-item; GEMM_CPU: rows, and vectors of a row, in registers */
} gemm_candidate;

extern const gemm_candidate gr_gemm_clblast;

/* "clblast", "own cpu 6x2 96x256", "own gpu 64x64x16 4x4". */
void gr_gemm_name(const gemm_candidate *candidate, char name[GEMM_NAME]);

/* How many of our own kernels are of interest: one that is known to be good; the few that are worth a measurement before
 * a training; all that a long search tries. */
typedef enum gemm_effort { GEMM_DEFAULT, GEMM_QUICK, GEMM_THOROUGH } gemm_effort;

#define GEMM_CANDIDATES 24

/* Own candidates of a family for this product, the likely best first. Returns their number. */
size_t gr_gemm_candidates(const gradus_device *device, gemm_family family, const gemm_shape *shape, gemm_effort effort,
                          gemm_candidate out[GEMM_CANDIDATES]);

/* That of the device's kind of kernels. */
gemm_family gr_gemm_family(const gradus_device *device);

/* ---- A product, ready to be enqueued ---- */

typedef struct gemm {
    gemm_shape shape;
    gemm_candidate candidate;
    gemm_buffers buffers;
    cl_mem scratch;
    float pixel_factor;         /* of A's values */
    scaled_sum by;              /* of the weight gradient; with the pixels' factor */
    launch before, main, after; /* those of the three that this product has */
} gemm;

/* Whether the candidate reads A as bytes; others need it as floats. */
bool gr_gemm_takes_bytes(const gemm_candidate *candidate);

/* Bytes of scratch memory that this product needs; 0: none. The buffers need not exist yet. */
gradus_status gr_gemm_scratch_size(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                                   size_t *bytes);

/* scratch may be NULL if none is needed, and may be shared by all products of a queue. */
gradus_status gr_gemm_create(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                             const gemm_buffers *buffers, cl_mem scratch, gemm *out);

/* Weight gradient: dW = by.scale * dZ^T A, added to what is there if by.accumulate. */
gradus_status gr_gemm_set_scale(gemm *product, scaled_sum by);

/* Forward and weight gradient where A is a part of X: it begins at this value, and only so many of the S samples are
 * there; Z of the others is left as it is, and they add nothing to dW. CLBlast takes no notice: it needs all of A. */
gradus_status gr_gemm_set_samples(gemm *product, size_t first, size_t samples);
gradus_status gr_gemm_enqueue(gradus_device *device, const gemm *product);
void gr_gemm_destroy(gemm *product);

/* ---- The families, for gemm.c ---- */

/* C is m x n, the depth k. */
typedef struct gemm_extents {
    size_t m, n, k;
} gemm_extents;

gemm_extents gr_gemm_extents(const gemm_shape *shape);

gradus_status gr_gemm_clblast_scratch_size(gradus_device *device, const gemm_shape *shape, size_t *bytes);
gradus_status gr_gemm_clblast_create(gradus_device *device, gemm *product);
gradus_status gr_gemm_clblast_enqueue(gradus_device *device, const gemm *product);

size_t gr_gemm_own_scratch_size(const gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate);
gradus_status gr_gemm_own_create(gradus_device *device, gemm *product);
gradus_status gr_gemm_own_set_samples(gemm *product, size_t first, size_t samples);

#endif
