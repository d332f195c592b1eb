/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two products that touch X, Z1 = W1 X with bias and ReLU and dW1 = dZ1 X^T, on compressed X (compressed.h), of which
 * only the pixels that are not zero are visited: the same sums without their zero terms. For CPUs kernels/sparse/sparse_cpu.cl,
 * for GPUs kernels/sparse/sparse_gpu.cl.
 */
#ifndef GRADUS_ENGINE_SPARSE_PRODUCTS_H
#define GRADUS_ENGINE_SPARSE_PRODUCTS_H

#include "engine/compressed/compressed.h"
#include "engine/opencl/device_engine.h"

#include "sparse/sparse_arguments.h"

typedef struct sparse_products {
    const device_engine *engine;
    size_t slice;                          /* S: samples that Z1 and dZ1 have room for */
    size_t lanes, unit_block, unit_blocks; /* how W1 is packed: vectors of units in blocks */
    size_t forward_items;                  /* work-items of sparse_forward, on a CPU */
    size_t shares;                         /* of the sum over samples, added up in the end */
    group_shape shape;
    compressed x;
    cl_mem packed;  /* W1, packed (F x padded H) */
    cl_mem partial; /* packed dW1 of each share (F x padded H x shares) */
    cl_mem scratch; /* a work-item's own memory on a CPU; NULL on a GPU */
    cl_mem z;       /* (H x S), the layered engine's */
    cl_program program;
    launch sparse_pack_weights, sparse_forward, sparse_weight_gradient, sparse_add_shares;
} sparse_products;

/* Finds out how large compressed X is. ARGUMENT if it has more entries than can be numbered. The engine must outlive it. */
gradus_status gr_sparse_products_create(const device_engine *e, sparse_products **out);

/* Bytes of all buffers but compressed X, and of the largest of them. */
size_t gr_sparse_products_bytes(const sparse_products *p, size_t *largest);

/* Uploads X, builds the kernels, prepares the launches for slices of `slice` samples: z, dz (H x slice). */
gradus_status gr_sparse_products_plan(sparse_products *p, size_t slice, cl_mem z, cl_mem dz);

/* The samples that Z1 and dZ1 are of: first .. first + count - 1, count <= S. What z has more columns becomes zero. */
gradus_status gr_sparse_products_select(sparse_products *p, size_t first, size_t count);

/* dW1 = mean.scale * dZ1 X^T, added to what is there if mean.accumulate. */
gradus_status gr_sparse_products_set_mean(sparse_products *p, scaled_sum mean);

gradus_status gr_sparse_forward(const sparse_products *p);
gradus_status gr_sparse_weight_gradient(const sparse_products *p);

/* NULL-safe. */
void gr_sparse_products_destroy(sparse_products *p);

#endif
