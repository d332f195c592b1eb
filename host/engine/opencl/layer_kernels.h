/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launchers of kernels/layered, except activate.cl: one per kernel, with the kernel's name; shapes and formulas are
 * in the kernel files. Each prepares a launch, which is then enqueued as often as needed; the _set functions replace
 * the arguments that may differ between launches, for the following ones.
 */
#ifndef GRADUS_ENGINE_LAYER_KERNELS_H
#define GRADUS_ENGINE_LAYER_KERNELS_H

#include "device/device.h"

#include "common/scaled_sum.h"

/* ---- expand_bytes.cl ---- */

/* For all `elements` of `bytes`. out needs room for gr_expand_bytes_size(elements) floats. */
gradus_status gr_expand_bytes(gradus_device *device, cl_mem bytes, cl_mem out, size_t elements, launch *prepared);
size_t gr_expand_bytes_size(size_t elements);

/* Only `valid` bytes from `first` on; zeros follow. */
gradus_status gr_expand_bytes_set(launch *prepared, size_t first, size_t valid);

/* ---- bias.cl, relu.cl ---- */

gradus_status gr_bias_broadcast(gradus_device *device, cl_mem parameters, size_t offset, cl_mem z, size_t rows,
                                size_t columns, launch *prepared);
gradus_status gr_relu_forward(gradus_device *device, cl_mem z, size_t elements, launch *prepared);
gradus_status gr_relu_backward(gradus_device *device, cl_mem a, cl_mem dz, size_t elements, launch *prepared);

/* ---- softmax.cl ---- */

gradus_status gr_softmax_forward(gradus_device *device, cl_mem z, size_t classes, size_t samples, launch *prepared);

/* For all samples and their labels, without label smoothing. */
gradus_status gr_softmax_cross_entropy(gradus_device *device, cl_mem z, cl_mem labels, cl_mem metrics, size_t classes,
                                       size_t samples, launch *prepared);

/* Only `valid` samples, whose labels begin at `first`. */
gradus_status gr_softmax_cross_entropy_set(launch *prepared, size_t first, size_t valid, float smoothing);

/* ---- row_sums.cl ---- */

/* Two launches, and a buffer for the sums of pieces, which several row sums may share. */
typedef struct row_sums {
    launch partial; /* without a kernel if `total` adds up the matrix at once */
    launch total;
} row_sums;

/* Floats that the buffer of partial sums needs. */
size_t gr_row_sums_partial_size(const gradus_device *device, size_t rows, size_t columns);

/* m (rows x columns); out (rows) from float `offset` on. Initially the sums are not scaled. */
gradus_status gr_row_sums(gradus_device *device, cl_mem m, size_t rows, size_t columns, cl_mem partial, cl_mem out,
                          size_t offset, row_sums *prepared);
gradus_status gr_row_sums_set(row_sums *sums, scaled_sum by);
gradus_status gr_row_sums_enqueue(gradus_device *device, const row_sums *sums);
void gr_row_sums_destroy(row_sums *sums);

#endif
