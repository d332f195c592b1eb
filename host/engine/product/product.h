/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matrix products of a layer, C (M x N) = op(A) op(B), with bias and ReLU, in single precision. Here all matrices
 * are stored row after row, so a matrix with a column per sample is one with a row per sample:
 *
 *   forward           Z  (S x O) = A (S x I) W^T + b, then ReLU     W is O x I
 *   weight gradient   dW (O x I) = dZ^T A                           the depth is S
 *   input gradient    dA (S x I) = dZ (S x O) W, then .* relu'(A)
 *
 * Several families compute them: CLBlast, and gradus's own kernels for CPUs, for GPUs and for tensor cores, in several
 * configurations each. The results are the same up to rounding. A family is a table of functions, product_family; a family with a
 * configuration is a candidate; product_choice.h chooses one.
 */
#ifndef GRADUS_ENGINE_PRODUCT_H
#define GRADUS_ENGINE_PRODUCT_H

#include "device/device.h"

#include "common/scaled_sum.h"

typedef enum product_kind { PRODUCT_FORWARD, PRODUCT_WEIGHT_GRADIENT, PRODUCT_INPUT_GRADIENT } product_kind;
#define PRODUCT_KINDS 3

/* The properties that determine the best candidate for a product. */
typedef struct product_shape {
    product_kind kind;
    size_t outputs, inputs, samples; /* O, I, S */
    bool pixels;                     /* A is X as bytes, or as floats with their values, to be divided by 255 */
    bool relu;                       /* with the ReLU, or relu', in the table above */
} product_shape;

/* The product of one layer of a network. The first layer has no input gradient, which is the last kind. */
product_shape gr_product_of_layer(const gradus_network *network, size_t layer, product_kind kind, size_t samples);

static inline size_t gr_product_kinds(size_t layer)
{
    return layer == 0 ? PRODUCT_INPUT_GRADIENT : PRODUCT_KINDS;
}

/* C is m x n, the depth k. */
typedef struct product_extents {
    size_t m, n, k;
} product_extents;

product_extents gr_product_extents(const product_shape *shape);

/* The buffers of the matrices. Offsets are in floats. */
typedef struct product_buffers {
    cl_mem samples;    /* A (S x I): input of forward and weight gradient; in the input gradient for relu' */
    cl_mem outputs;    /* Z or dZ (S x O) */
    cl_mem parameters; /* W (O x I) and b (O); of the weight gradient dW */
    size_t weights_at, bias_at;
    cl_mem below; /* dA (S x I), of the input gradient only */
    cl_mem
        scratch; /* of at least gr_product_scratch_size(); NULL if that is 0. All products of a queue may share one. */
} product_buffers;

/* ---- Candidates ---- */

typedef struct product_family product_family;

typedef struct product_candidate {
    const product_family *family;
    const void *tiles; /* one of the family's configurations, a struct of its own; NULL for CLBlast */
} product_candidate;

/* The number of a family's configurations to consider: one that is known to be good; a few, for a measurement before a
 * training; all, for a long search. */
typedef enum product_effort { EFFORT_DEFAULT, EFFORT_QUICK, EFFORT_THOROUGH } product_effort;

/* The most of a family; and of those of a device's own families and CLBlast. */
#define GPU_CANDIDATES 18
#define TENSOR_CANDIDATES 8
#define PRODUCT_CANDIDATES (GPU_CANDIDATES + TENSOR_CANDIDATES + 1)

/* A family's candidates for this product, the probably best first. Returns their number. */
size_t gr_product_candidates(const gradus_device *device, const product_family *family, const product_shape *shape,
                             product_effort effort, product_candidate out[PRODUCT_CANDIDATES]);

/* Whether the device computes products of the candidate's family rightly. False only for a family that has to prove it
 * (once, by a small product). */
gradus_status gr_product_prove(gradus_device *device, const product_candidate *candidate, bool *works);

/* "clblast", "own cpu 6x2 96x256", "own gpu 64x64x16 4x4", "own tensor 128x64x32 32x64". */
#define PRODUCT_NAME 48
void gr_product_name(const product_candidate *candidate, char name[PRODUCT_NAME]);

/* Whether the candidate reads A as bytes, at any offset in X; others need a complete slice as floats. */
bool gr_product_takes_bytes(const product_candidate *candidate);

/* Bytes of scratch memory that this product needs; 0: none. The buffers need not exist yet. */
gradus_status gr_product_scratch_size(gradus_device *device, const product_shape *shape,
                                      const product_candidate *candidate, size_t *bytes);

/* ---- A product, ready to be enqueued ---- */

typedef struct product product;

gradus_status gr_product_create(gradus_device *device, const product_shape *shape, const product_candidate *candidate,
                                const product_buffers *buffers, product **out);

/* Weight gradient: dW = by.scale * dZ^T A, added to the present values if by.accumulate. Initially {1, 0}. */
gradus_status gr_product_set_scale(product *p, scaled_sum by);

/* Forward and weight gradient if A is a part of X: A begins at value `first`, a multiple of I, and only `samples` of the
 * S samples are valid; Z of the others is not changed, and they add nothing to dW. A candidate that does not read bytes
 * ignores this: it needs all of A. */
gradus_status gr_product_set_samples(product *p, size_t first, size_t samples);
gradus_status gr_product_enqueue(gradus_device *device, const product *p);

/* NULL-safe. */
void gr_product_destroy(product *p);

/* ---- The families ---- */

/* The first member of all products. */
struct product {
    const product_family *family;
    product_shape shape;
    float factor; /* of A's values: 1/255 for pixels, else 1 */
};

struct product_family {
    bool takes_bytes;

    /* As the functions above. */
    size_t (*candidates)(const gradus_device *device, const product_shape *shape, product_effort effort,
                         product_candidate *out);
    gradus_status (*prove)(gradus_device *device, bool *works); /* NULL: nothing to prove */
    void (*name)(const void *tiles, char name[PRODUCT_NAME]);
    gradus_status (*scratch_size)(gradus_device *device, const product_shape *shape, const void *tiles, size_t *bytes);

    /* Creates a product that begins with `base`. */
    gradus_status (*create)(gradus_device *device, const product *base, const void *tiles,
                            const product_buffers *buffers, product **out);

    /* by.scale includes the pixels' factor. */
    gradus_status (*set_scale)(product *p, scaled_sum by);
    gradus_status (*set_samples)(product *p, size_t first, size_t samples); /* NULL without takes_bytes */
    gradus_status (*enqueue)(gradus_device *device, const product *p);
    void (*destroy)(product *p);
};

extern const product_family gr_product_clblast; /* product_clblast.c */
extern const product_family gr_product_cpu;     /* product_cpu.c */
extern const product_family gr_product_gpu;     /* product_gpu.c */
extern const product_family gr_product_tensor;  /* product_tensor.c */

#endif
