/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the device's results with the reference in double precision. Each operation is described once: its inputs,
 * the run on the device, the expected result, and the work of a run. `gradus check` and the tests drive the
 * descriptions with awkward shapes; `gradus bench --kernels` with the shapes of a network, and times the run that was
 * compared.
 */
#ifndef GRADUS_CHECK_CHECK_H
#define GRADUS_CHECK_CHECK_H

#include "core/random.h"
#include "data/dataset.h"
#include "device/device.h"
#include "net/network.h"

#include <math.h>

typedef void (*check_report)(const gradus_check_result *result, void *user);

#define CHECK_SHAPE 96

/* The additional members for a benchmark. */
typedef struct check_timer {
    const gradus_network *network;
    const gradus_dataset *dataset; /* labelled, with the network's number of features */
    gradus_kernel_benchmark_options options;
} check_timer;

typedef struct check {
    gradus_device *device;
    check_report report; /* may be NULL */
    void *user;
    const check_timer *timer; /* NULL: nothing is timed, and the shapes are awkward */
    size_t compared, failed;  /* comparisons so far */

    /* Of the running case */
    const char *name;        /* of its operation */
    char shape[CHECK_SHAPE]; /* "10 x 129"; with a variant, if there are several: "10 x 129, gelu" */
    size_t shape_length;     /* without the variant */
    double worst;            /* largest error */
    uint64_t drawn;          /* random numbers used by it */
    void *host[24];          /* its memory, freed at its end */
    cl_mem buffers[24];
    size_t host_count, buffer_count;
} check;

/* The shape that an operation is checked with: rows x columns; their meaning depends on the operation. */
typedef struct check_shape {
    size_t rows, columns, inner;
} check_shape;

/* The shapes of an operation in a network with these samples. Returns their number, at most GRADUS_LAYERS_MAX. */
typedef size_t (*network_shapes)(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes);

typedef struct operation {
    const char *name; /* of kernel, launcher and test */
    gradus_status (*run)(check *c, const check_shape *shape);
    const check_shape *shapes; /* (shape_count), for a check */
    size_t shape_count;
    network_shapes of_network; /* for a benchmark */
} operation;

extern const operation gr_operations[];
extern const size_t gr_operation_count;

/* Checks an operation at all its shapes: its own, or with a timer those of the network. A mismatch is counted and
 * reported; the status is only for errors. */
gradus_status gr_check_operation(check *c, const operation *op);

/* ---- Timing: for the descriptions, at the end of a case ---- */

/* Enqueues one run. */
typedef gradus_status (*check_run)(gradus_device *device, void *of);

/*
 * Without a timer these do nothing. With one they time the run and report it, unless a comparison of the case failed:
 * then they report the failure. `work` is the work of a run: each array that is read or written counts once; each
 * addition, multiplication, comparison and function value (exp) is one operation.
 */
gradus_status gr_check_time(check *c, check_run run, void *of, gradus_work work);
gradus_status gr_check_time_launch(check *c, launch *prepared, gradus_work work);

/* The same for a launch that changes `bytes` of a buffer, so that many runs would end in denormal numbers: the contents
 * are restored to `before` before each run. */
gradus_status gr_check_time_in_place(check *c, launch *prepared, cl_mem buffer, const void *before, size_t bytes,
                                     gradus_work work);

/* Whether a stop was requested. */
static inline bool gr_check_is_stopped(const check_timer *timer)
{
    return timer->options.stop != NULL && *timer->options.stop != 0;
}

/* With a timer, reports why the case is not timed. Returns GRADUS_OK. */
gradus_status gr_check_leave_out(check *c, const char *why);

/* Only in a check: an offset before the first element, and samples that only pad the batch. */
static inline size_t gr_check_offset(const check *c, size_t offset)
{
    return c->timer == NULL ? offset : 0;
}

static inline size_t gr_check_valid(const check *c, size_t samples)
{
    return c->timer == NULL ? samples - samples / 3 : samples;
}

/* ---- For the descriptions. Memory belongs to the case and is freed at its end. ---- */

/* Ends the case early, for descriptions that consist of several cases. */
void gr_check_end_case(check *c);

/* Names the shape of the case if it is not the one that the operation was called with. */
__attribute__((format(printf, 2, 3))) void gr_check_name_shape(check *c, const char *format, ...);

/* Names the variant of the case's operation: "gelu, dropout". */
__attribute__((format(printf, 2, 3))) void gr_check_name_way(check *c, const char *format, ...);

/* Uniform numbers in [low, high), the same in each run. After the first million they repeat. */
gradus_status gr_check_random(check *c, size_t count, double low, double high, float **out);
/* The same for integers in 0 .. bound - 1, bound <= 256. */
gradus_status gr_check_bytes(check *c, size_t count, uint32_t bound, uint8_t **out);
gradus_status gr_check_doubles(check *c, size_t count, double **out);
gradus_status gr_check_upload(check *c, const void *from, size_t bytes, cl_mem *out);
gradus_status gr_check_space(check *c, size_t floats, cl_mem *out);

/*
 * Compares `count` floats of the buffer with `expected`, except those expected to be CHECK_ANYTHING. The error of
 * element i is measured in units of tolerance * (|expected[i]| + scale).
 */
#define CHECK_ANYTHING ((double)NAN)
gradus_status gr_check_compare(check *c, const char *name, cl_mem got, const double *expected, size_t count,
                               double tolerance, double scale);

/* Records a comparison that was done elsewhere. */
void gr_check_record(check *c, const char *name, double error);

/* Of engine "layered"; check_kernels.c */
gradus_status gr_check_expand_bytes(check *c, const check_shape *shape);
gradus_status gr_check_bias_broadcast(check *c, const check_shape *shape);
gradus_status gr_check_relu_forward(check *c, const check_shape *shape);
gradus_status gr_check_relu_backward(check *c, const check_shape *shape);
gradus_status gr_check_softmax_forward(check *c, const check_shape *shape);
gradus_status gr_check_softmax_cross_entropy(check *c, const check_shape *shape);
gradus_status gr_check_row_sums(check *c, const check_shape *shape);
gradus_status gr_check_row_sums_group(check *c, const check_shape *shape);
/* The families of products: O x S x I; check_product.c */
gradus_status gr_check_product_clblast(check *c, const check_shape *shape);
gradus_status gr_check_product_cpu(check *c, const check_shape *shape);
gradus_status gr_check_product_gpu(check *c, const check_shape *shape);
gradus_status gr_check_product_tensor(check *c, const check_shape *shape);
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
gradus_status gr_check_norms_group(check *c, const check_shape *shape);
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
gradus_status gr_check_batch_gpu(check *c, const check_shape *shape);
/* Steps of training on mini-batches. */
gradus_status gr_check_batch_steps(check *c, const check_shape *shape);
gradus_status gr_check_batch_gpu_steps(check *c, const check_shape *shape);
/* With other activations, dropout, label smoothing and a standardised input. */
gradus_status gr_check_fused_cpu_regularization(check *c, const check_shape *shape);
gradus_status gr_check_fused_batch_regularization(check *c, const check_shape *shape);
gradus_status gr_check_batch_gpu_regularization(check *c, const check_shape *shape);
gradus_status gr_check_first_gpu(check *c, const check_shape *shape);

#endif
