/* SPDX-License-Identifier: Apache-2.0 */
/* What each kernel must compute, written a second time as plain loops in double, and the shapes it is tried with. */
#include "check/check.h"
#include "engine/opencl/operations.h"

#include <float.h>
#include <math.h>

/* Rounding of one float operation. */
#define EPSILON ((double)FLT_EPSILON)

/* Runs a prepared launch once and ends it. */
static gradus_status run_once(check *c, launch *prepared)
{
    gradus_status status = gr_launch_enqueue(c->device, prepared);
    gr_launch_destroy(prepared);
    return status;
}

/* ---- expand_bytes ---- */

static gradus_status check_expand_bytes(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns, first = shape->rows; /* begins at the second column */
    const size_t valid = count - count / 3;                                 /* the rest pads */
    uint8_t *pixels = NULL;
    double *expected = NULL;
    cl_mem bytes = NULL, out = NULL;
    launch prepared = {0};

    TRY(gr_check_bytes(c, first + valid, 256, &pixels));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < count; i++)
        expected[i] = i < valid ? pixels[first + i] : 0;
    TRY(gr_check_upload(c, pixels, first + valid, &bytes));
    TRY(gr_check_space(c, gr_expand_bytes_size(count), &out));
    TRY(gr_expand_bytes(c->device, bytes, out, count, &prepared));
    TRY(gr_expand_bytes_set(&prepared, first, valid));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "expand_bytes", out, expected, count, EPSILON, 0));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* ---- bias_broadcast, relu_forward, relu_backward ---- */

static gradus_status check_bias_broadcast(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t rows = shape->rows, count = rows * shape->columns, offset = 3;
    float *b = NULL;
    double *expected = NULL;
    cl_mem parameters = NULL, z = NULL;
    launch prepared = {0};

    TRY(gr_check_random(c, offset + rows, -1, 1, &b));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)b[offset + i % rows];
    TRY(gr_check_upload(c, b, (offset + rows) * sizeof *b, &parameters));
    TRY(gr_check_space(c, count, &z));
    TRY(gr_bias_broadcast(c->device, parameters, offset, z, rows, shape->columns, &prepared));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "bias_broadcast", z, expected, count, EPSILON, 0));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* Random numbers around zero, some of them exactly zero: that is where ReLU has its kink. */
static gradus_status kinked(check *c, size_t count, float **out)
{
    gradus_status status = gr_check_random(c, count, -1, 1, out);
    for (size_t i = 0; status == GRADUS_OK && i < count; i += 5)
        (*out)[i] = 0;
    return status;
}

static gradus_status check_relu_forward(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns;
    float *z = NULL;
    double *expected = NULL;
    cl_mem buffer = NULL;
    launch prepared = {0};

    TRY(kinked(c, count, &z));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < count; i++)
        expected[i] = z[i] > 0 ? (double)z[i] : 0;
    TRY(gr_check_upload(c, z, count * sizeof *z, &buffer));
    TRY(gr_relu_forward(c->device, buffer, count, &prepared));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "relu_forward", buffer, expected, count, EPSILON, 0));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

static gradus_status check_relu_backward(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns;
    float *a = NULL, *da = NULL;
    double *expected = NULL;
    cl_mem activations = NULL, gradients = NULL;
    launch prepared = {0};

    TRY(kinked(c, count, &a));
    TRY(gr_check_random(c, count, -1, 1, &da));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < count; i++)
        expected[i] = a[i] > 0 ? (double)da[i] : 0;
    TRY(gr_check_upload(c, a, count * sizeof *a, &activations));
    TRY(gr_check_upload(c, da, count * sizeof *da, &gradients));
    TRY(gr_relu_backward(c->device, activations, gradients, count, &prepared));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "relu_backward", gradients, expected, count, EPSILON, 0));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* ---- softmax_forward, softmax_cross_entropy ---- */

/* Logits (C x B): ordinary columns, then one each of equal logits and of +-88, whose exp is at the edge of float. */
static gradus_status logits_of(check *c, const check_shape *shape, float **out)
{
    gradus_status status = gr_check_random(c, shape->rows * shape->columns, -5, 5, out);
    for (size_t s = 0; status == GRADUS_OK && s < shape->columns; s++) {
        for (size_t r = 0; r < shape->rows; r++) {
            float *logit = &(*out)[s * shape->rows + r];
            if (s % 4 == 2)
                *logit = 1.5f;
            if (s % 4 == 3)
                *logit = (r + s) % 3 == 0 ? 88.0f : -88.0f;
        }
    }
    return status;
}

static double log_sum_exp(const float *z, size_t classes)
{
    double largest = (double)z[0], sum = 0;
    for (size_t r = 1; r < classes; r++)
        largest = fmax(largest, (double)z[r]);
    for (size_t r = 0; r < classes; r++)
        sum += exp((double)z[r] - largest);
    return largest + log(sum);
}

static gradus_status check_softmax_forward(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t classes = shape->rows, samples = shape->columns;
    float *z = NULL;
    double *expected = NULL;
    cl_mem buffer = NULL;
    launch prepared = {0};

    TRY(logits_of(c, shape, &z));
    TRY(gr_check_doubles(c, classes * samples, &expected));
    for (size_t i = 0; i < classes * samples; i++)
        expected[i] = exp((double)z[i] - log_sum_exp(z + i / classes * classes, classes));
    TRY(gr_check_upload(c, z, classes * samples * sizeof *z, &buffer));
    TRY(gr_softmax_forward(c->device, buffer, classes, samples, &prepared));
    TRY(run_once(c, &prepared));
    /* exp and division err by a few units, the sum by one per class; scale: a float of 1e-30 may well become 0. */
    TRY(gr_check_compare(c, "softmax_forward", buffer, expected, classes * samples, EPSILON * (8 + (double)classes),
                         1e-30));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* dZ (C x B) and metrics (2 x B) of the samples before `valid`; zero from there on. */
static void expect_cross_entropy(const float *z, const uint8_t *labels, const check_shape *shape, size_t valid,
                                 double smoothing, double *dz, double *metrics)
{
    const size_t classes = shape->rows;
    for (size_t s = 0; s < valid; s++) {
        const float *column = z + s * classes;
        const double log_sum = log_sum_exp(column, classes);
        size_t largest = 0;
        metrics[2 * s] = log_sum;
        for (size_t r = 0; r < classes; r++) {
            const double target = (r == labels[s]) * (1 - smoothing) + smoothing / (double)classes;
            dz[s * classes + r] = exp((double)column[r] - log_sum) - target;
            metrics[2 * s] -= target * (double)column[r];
            if (column[r] > column[largest])
                largest = r;
        }
        metrics[2 * s + 1] = largest == labels[s];
    }
}

static gradus_status check_cross_entropy(check *c, const check_shape *shape, float smoothing)
{
    gradus_status status = GRADUS_OK;
    const size_t classes = shape->rows, samples = shape->columns, first = 2;
    const size_t valid = samples - samples / 3; /* the rest pads */
    float *z = NULL;
    double *dz = NULL, *metrics = NULL;
    uint8_t *labels = NULL;
    cl_mem z_buffer = NULL, label_buffer = NULL, metric_buffer = NULL;
    launch prepared = {0};

    TRY(logits_of(c, shape, &z));
    TRY(gr_check_bytes(c, first + samples, (uint32_t)classes, &labels));
    TRY(gr_check_doubles(c, classes * samples, &dz));
    TRY(gr_check_doubles(c, 2 * samples, &metrics));
    expect_cross_entropy(z, labels + first, shape, valid, (double)smoothing, dz, metrics);
    TRY(gr_check_upload(c, z, classes * samples * sizeof *z, &z_buffer));
    TRY(gr_check_upload(c, labels, first + samples, &label_buffer));
    TRY(gr_check_space(c, 2 * samples, &metric_buffer));
    TRY(gr_softmax_cross_entropy(c->device, z_buffer, label_buffer, metric_buffer, classes, samples, &prepared));
    TRY(gr_softmax_cross_entropy_set(&prepared, first, valid, smoothing));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "softmax_cross_entropy", z_buffer, dz, classes * samples, EPSILON * (8 + (double)classes),
                         1));
    TRY(gr_check_compare(c, "softmax_cross_entropy", metric_buffer, metrics, 2 * samples,
                         EPSILON * (8 + (double)classes), 1));
cleanup:
    gr_launch_destroy(&prepared);
    gr_check_end_case(c);
    return status;
}

static gradus_status check_softmax_cross_entropy(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_cross_entropy(c, shape, 0));
    TRY(check_cross_entropy(c, shape, 0.1f));
cleanup:
    return status;
}

/* ---- row_sums ---- */

static gradus_status check_row_sums(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t rows = shape->rows, columns = shape->columns, offset = 3;
    float *m = NULL;
    double *expected = NULL;
    cl_mem matrix = NULL, partial = NULL, out = NULL;
    row_sums sums = {0};

    TRY(gr_check_random(c, rows * columns, -1, 1, &m));
    TRY(gr_check_doubles(c, offset + rows, &expected));
    for (size_t i = 0; i < rows * columns; i++)
        expected[offset + i % rows] += 0.75 * (double)m[i]; /* 0.5 of it first, then 0.25 on top */
    TRY(gr_check_upload(c, m, rows * columns * sizeof *m, &matrix));
    TRY(gr_check_space(c, gr_row_sums_partial_size(rows, columns), &partial));
    TRY(gr_check_space(c, offset + rows, &out));
    TRY(gr_row_sums(c->device, matrix, rows, columns, partial, out, &sums));
    TRY(gr_row_sums_set(&sums, offset, 0.5f, false));
    TRY(gr_row_sums_enqueue(c->device, &sums));
    TRY(gr_row_sums_set(&sums, offset, 0.25f, true));
    TRY(gr_row_sums_enqueue(c->device, &sums));
    /* Rounding of a sum of n terms below 1 grows like its partial sums, here about sqrt(n). */
    TRY(gr_check_compare(c, "row_sums", out, expected, offset + rows, 8 * EPSILON, sqrt((double)columns)));
cleanup:
    gr_row_sums_destroy(&sums);
    return status;
}

/* ---- The list ---- */

/* 1 x 1, primes, exactly a work-group and one more, more columns than row sums have pieces, the notebook's rows. */
static const check_shape element_shapes[] = {{1, 1, 0},  {7, 13, 0},   {1, 64, 0},    {1, 65, 0},
                                             {3, 43, 0}, {10, 129, 0}, {10, 1031, 0}, {127, 257, 0}};
static const check_shape class_shapes[] = {{2, 1, 0},     {3, 7, 0},    {10, 64, 0}, {10, 65, 0},
                                           {10, 1031, 0}, {47, 131, 0}, {256, 33, 0}};
/* O x S x I of products. Both of CLBlast's ways: one kernel for small products, padded copies for large ones. Own tiles:
 * exactly one, one more, many; a depth of several blocks and shares. */
static const check_shape gemm_shapes[] = {{1, 1, 1},      {7, 13, 17},     {10, 65, 784},  {10, 1031, 131},
                                          {64, 64, 64},   {65, 129, 129},  {10, 129, 128}, {127, 257, 129},
                                          {129, 3001, 3}, {128, 640, 784}, {513, 97, 257}};
/* The same for kernels that take a CPU's compiler long: each shape has tiles of its own. */
static const check_shape gpu_gemm_shapes[] = {{1, 1, 1}, {10, 65, 784}, {65, 129, 129}, {129, 301, 3}};
/* H x B x F of engines; H is also the width of a second hidden layer. The last has several tiles for every core. */
static const check_shape engine_shapes[] = {{1, 1, 1}, {10, 97, 784}, {17, 63, 29}, {65, 130, 49}, {5, 9001, 12}};

/* Likewise, where each shape is compiled several times. */
static const check_shape regularization_shapes[] = {{17, 163, 149}};
/* Height x width x samples: the least image, one pixel more than a piece of a row, digits, more rows than columns. */
static const check_shape image_shapes[] = {{2, 2, 5}, {3, 17, 7}, {28, 28, 43}, {129, 31, 3}};

/* Rounds, or vectors (a multiple of 4), x work-groups. */
static const check_shape limit_shapes[] = {{4, 1, 0}, {8, 3, 0}, {1000, 2, 0}};

#define SHAPES(list) list, sizeof(list) / sizeof *(list)

const operation gr_operations[] = {
    {"expand_bytes", check_expand_bytes, SHAPES(element_shapes)},
    {"bias_broadcast", check_bias_broadcast, SHAPES(element_shapes)},
    {"relu_forward", check_relu_forward, SHAPES(element_shapes)},
    {"relu_backward", check_relu_backward, SHAPES(element_shapes)},
    {"activation_forward", gr_check_activation_forward, SHAPES(element_shapes)},
    {"activation_backward", gr_check_activation_backward, SHAPES(element_shapes)},
    {"input_transform", gr_check_input_transform, SHAPES(element_shapes)},
    {"softmax_forward", check_softmax_forward, SHAPES(class_shapes)},
    {"softmax_cross_entropy", check_softmax_cross_entropy, SHAPES(class_shapes)},
    {"row_sums", check_row_sums, SHAPES(element_shapes)},
    {"shuffle_samples", gr_check_shuffle_samples, SHAPES(element_shapes)},
    {"gather_samples", gr_check_gather_samples, SHAPES(element_shapes)},
    {"augment_samples", gr_check_augment_samples, SHAPES(image_shapes)},
    {"update_parameters", gr_check_update_parameters, SHAPES(element_shapes)},
    {"keep_parameters", gr_check_keep_parameters, SHAPES(element_shapes)},
    {"gemm_clblast", gr_check_gemm_clblast, SHAPES(gemm_shapes)},
    {"gemm_cpu", gr_check_gemm_cpu, SHAPES(gemm_shapes)},
    {"gemm_gpu", gr_check_gemm_gpu, SHAPES(gpu_gemm_shapes)},
    {"limit_fma", gr_check_limit_fma, SHAPES(limit_shapes)},
    {"limit_read", gr_check_limit_read, SHAPES(limit_shapes)},
    {"engine_layered", gr_check_engine_layered, SHAPES(engine_shapes)},
    {"sparse_cpu", gr_check_sparse_cpu, SHAPES(engine_shapes)},
    {"sparse_gpu", gr_check_sparse_gpu, SHAPES(engine_shapes)},
    {"first_groups", gr_check_first_groups, SHAPES(engine_shapes)},
    {"first_elements", gr_check_first_elements, SHAPES(engine_shapes)},
    {"first_dense", gr_check_first_dense, SHAPES(engine_shapes)},
    {"first_wide", gr_check_first_wide, SHAPES(engine_shapes)},
    {"first_batch", gr_check_first_batch, SHAPES(engine_shapes)},
    {"fused_cpu_regularization", gr_check_fused_cpu_regularization, SHAPES(regularization_shapes)},
    {"fused_batch_regularization", gr_check_fused_batch_regularization, SHAPES(regularization_shapes)},
    {"first_gpu", gr_check_first_gpu, SHAPES(engine_shapes)},
};
const size_t gr_operation_count = sizeof gr_operations / sizeof *gr_operations;
