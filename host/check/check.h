/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons of what the device computes with the reference in double. Each operation is described once: inputs, the
 * run on the device, the expected result. `gradus check` and the tests drive the same descriptions.
 */
#ifndef GRADUS_CHECK_CHECK_H
#define GRADUS_CHECK_CHECK_H

#include "core/random.h"
#include "device/device.h"

typedef void (*check_report)(const gradus_check_result *result, void *user);

typedef struct check {
    gradus_device *device;
    check_report report; /* may be NULL */
    void *user;
    size_t compared, failed; /* comparisons so far */
    char shape[64];          /* of the running case */
    uint64_t drawn;          /* random numbers used up by it */
    void *host[24];          /* its memory, freed at its end */
    cl_mem buffers[24];
    size_t host_count, buffer_count;
} check;

/* What an operation is checked with: rows x columns, and what the operation makes of them. */
typedef struct check_shape {
    size_t rows, columns, inner;
} check_shape;

typedef struct operation {
    const char *name; /* of kernel, launcher and test */
    gradus_status (*run)(check *c, const check_shape *shape);
    const check_shape *shapes;
    size_t shape_count;
} operation;

extern const operation gr_operations[];
extern const size_t gr_operation_count;

/* All shapes of one operation. A mismatch is counted and reported; the status only tells of errors. */
gradus_status gr_check_operation(check *c, const operation *op);

/* ---- For the descriptions. Memory belongs to the case and is freed at its end. ---- */

/* Ends the case early, for descriptions that are made of several. */
void gr_check_end_case(check *c);

/* Uniform numbers in [low, high); the same in each run. */
gradus_status gr_check_random(check *c, size_t count, double low, double high, float **out);
/* Likewise whole numbers in 0 .. bound - 1, bound <= 256. */
gradus_status gr_check_bytes(check *c, size_t count, uint32_t bound, uint8_t **out);
gradus_status gr_check_doubles(check *c, size_t count, double **out);
gradus_status gr_check_upload(check *c, const void *from, size_t bytes, cl_mem *out);
gradus_status gr_check_space(check *c, size_t floats, cl_mem *out);

/*
 * Compares `count` floats of the buffer with `expected`. The error of element i is measured in units of
 * tolerance * (|expected[i]| + scale).
 */
gradus_status gr_check_compare(check *c, const char *name, cl_mem got, const double *expected, size_t count,
                               double tolerance, double scale);

/* Records a comparison that was made elsewhere. */
void gr_check_record(check *c, const char *name, double error);

/* The families of products: O x S x I; check_gemm.c */
gradus_status gr_check_gemm_clblast(check *c, const check_shape *shape);
gradus_status gr_check_gemm_cpu(check *c, const check_shape *shape);
gradus_status gr_check_gemm_gpu(check *c, const check_shape *shape);
/* Activations, dropout and the input; check_activation.c */
gradus_status gr_check_activation_forward(check *c, const check_shape *shape);
gradus_status gr_check_activation_backward(check *c, const check_shape *shape);
gradus_status gr_check_input_transform(check *c, const check_shape *shape);
/* Orders and batches of samples; check_shuffle.c */
gradus_status gr_check_shuffle_samples(check *c, const check_shape *shape);
gradus_status gr_check_gather_samples(check *c, const check_shape *shape);
/* Batches of augmented samples; check_augment.c */
gradus_status gr_check_augment_samples(check *c, const check_shape *shape);
/* Steps of all optimizers; check_optimizer.c */
gradus_status gr_check_update_parameters(check *c, const check_shape *shape);
gradus_status gr_check_keep_parameters(check *c, const check_shape *shape);
/* The kernels that measure a device's limits; check_limits.c */
gradus_status gr_check_limit_fma(check *c, const check_shape *shape);
gradus_status gr_check_limit_read(check *c, const check_shape *shape);
/* The engines against the reference on random networks and data; check_engine.c */
gradus_status gr_check_engine_layered(check *c, const check_shape *shape);
gradus_status gr_check_sparse_cpu(check *c, const check_shape *shape);
gradus_status gr_check_sparse_gpu(check *c, const check_shape *shape);
gradus_status gr_check_first_groups(check *c, const check_shape *shape);
gradus_status gr_check_first_elements(check *c, const check_shape *shape);
gradus_status gr_check_first_dense(check *c, const check_shape *shape);
gradus_status gr_check_first_wide(check *c, const check_shape *shape);
gradus_status gr_check_first_batch(check *c, const check_shape *shape);
/* With other activations, dropout, label smoothing and a standardised input. */
gradus_status gr_check_fused_cpu_regularization(check *c, const check_shape *shape);
gradus_status gr_check_fused_batch_regularization(check *c, const check_shape *shape);
gradus_status gr_check_first_gpu(check *c, const check_shape *shape);

#endif
