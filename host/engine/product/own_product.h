/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the products by gradus's own kernels (kernels/product). */
#ifndef GRADUS_ENGINE_OWN_PRODUCT_H
#define GRADUS_ENGINE_OWN_PRODUCT_H

#include "core/memory.h"
#include "engine/product/product.h"

#include "product/product_arguments.h"

#define OWN_STEPS 2

typedef struct own_product {
    product base;
    launch steps[OWN_STEPS]; /* in their order; without a kernel after the last */
    launch *main;            /* the step with the argument product_samples, */
    launch *join;            /* and another one with it, or NULL */
    launch *sum;             /* the step with the argument scaled_sum: of a weight gradient, else NULL */
} own_product;

/* The caller creates the steps afterwards. */
gradus_status gr_own_product_create(const product *base, own_product **out);

/* Members of product_family. */
gradus_status gr_own_product_set_scale(product *p, scaled_sum by);
gradus_status gr_own_product_set_samples(product *p, size_t first, size_t samples);
gradus_status gr_own_product_enqueue(gradus_device *device, const product *p);
void gr_own_product_destroy(product *p);

/* The EPILOGUE_* of a product. */
u32 gr_own_product_epilogue(const product_shape *shape);

/* Creates p->sum, the step `step` of a weight gradient: it adds up dW from `splits` parts (splits x O x I), which begin
 * at float partial_at of the scratch memory. Work-groups of `group`. */
gradus_status gr_own_product_sum(own_product *p, size_t step, cl_program program, size_t group,
                                 const product_buffers *buffers, size_t partial_at, size_t splits);

/* How a product's depth is split. */
typedef struct depth_split {
    size_t splits, share; /* the last part may be shorter than the others */
} depth_split;

/* Splits the depth into about `splits` parts, which are multiples of `multiple` and not too short. */
depth_split gr_split_depth(size_t depth, size_t splits, size_t multiple);

#endif
