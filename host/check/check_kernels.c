/* SPDX-License-Identifier: Apache-2.0 */
/* The expected result of each kernel, as plain loops in double precision. */
#include "check/check.h"
#include "engine/opencl/layer_kernels.h"

#include <float.h>
#include <math.h>

/* Rounding of one float operation. */
#define EPSILON ((double)FLT_EPSILON)

/* ---- expand_bytes ---- */

gradus_status gr_check_expand_bytes(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns, valid = gr_check_valid(c, count);
    const size_t first = gr_check_offset(c, shape->rows); /* in a check, from the second column on */
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "expand_bytes", out, expected, count, EPSILON, 0));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){.bytes = 5.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* ---- bias_broadcast, relu_forward, relu_backward ---- */

gradus_status gr_check_bias_broadcast(check *c, const check_shape *shape)
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "bias_broadcast", z, expected, count, EPSILON, 0));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){.bytes = 4.0 * (double)(rows + count)}));
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

gradus_status gr_check_relu_forward(check *c, const check_shape *shape)
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "relu_forward", buffer, expected, count, EPSILON, 0));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){.flop = (double)count, .bytes = 8.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

gradus_status gr_check_relu_backward(check *c, const check_shape *shape)
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "relu_backward", gradients, expected, count, EPSILON, 0));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){.flop = (double)count, .bytes = 12.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* ---- softmax_forward, softmax_cross_entropy ---- */

/* Logits (C x B): ordinary columns, then one each of equal logits and of +-88, whose exp is at the limit of a float. */
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

/* The maximum, the difference to it, exp, the sum, the quotient; in place. */
static gradus_work softmax_work(size_t count)
{
    return (gradus_work){.flop = 5.0 * (double)count, .bytes = 8.0 * (double)count};
}

gradus_status gr_check_softmax_forward(check *c, const check_shape *shape)
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    /* exp and division err by a few units, the sum by one per class; scale: a float of 1e-30 may become 0. */
    TRY(gr_check_compare(c, "softmax_forward", buffer, expected, classes * samples, EPSILON * (8 + (double)classes),
                         1e-30));
    TRY(gr_check_time_launch(c, &prepared, softmax_work(classes * samples)));
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
    const size_t classes = shape->rows, samples = shape->columns;
    const size_t first = gr_check_offset(c, 2), valid = gr_check_valid(c, samples);
    float *z = NULL;
    double *dz = NULL, *metrics = NULL;
    uint8_t *labels = NULL;
    cl_mem z_buffer = NULL, label_buffer = NULL, metric_buffer = NULL;
    launch prepared = {0};
    gradus_work work = softmax_work(classes * samples);

    gr_check_name_way(c, smoothing > 0 ? "label smoothing" : "one-hot labels");
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
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "softmax_cross_entropy", z_buffer, dz, classes * samples, EPSILON * (8 + (double)classes),
                         1));
    TRY(gr_check_compare(c, "softmax_cross_entropy", metric_buffer, metrics, 2 * samples,
                         EPSILON * (8 + (double)classes), 1));
    /* Beside the softmax A2 - Y, and with smoothing the sum of the logits and its share; labels in, metrics out. */
    work.flop += (smoothing > 0 ? 3.0 : 1.0) * (double)(classes * samples);
    work.bytes += 9.0 * (double)samples;
    TRY(gr_check_time_launch(c, &prepared, work));
cleanup:
    gr_launch_destroy(&prepared);
    gr_check_end_case(c);
    return status;
}

gradus_status gr_check_softmax_cross_entropy(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_cross_entropy(c, shape, 0));
    TRY(check_cross_entropy(c, shape, 0.1f));
cleanup:
    return status;
}

/* ---- row_sums ---- */

static gradus_status enqueue_row_sums(gradus_device *device, void *sums)
{
    return gr_row_sums_enqueue(device, sums);
}

static gradus_status check_row_sums(check *c, const check_shape *shape, const char *name)
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
    TRY(gr_check_space(c, gr_row_sums_partial_size(c->device, rows, columns), &partial));
    TRY(gr_check_space(c, offset + rows, &out));
    TRY(gr_row_sums(c->device, matrix, rows, columns, partial, out, offset, &sums));
    TRY(gr_row_sums_set(&sums, (scaled_sum){0.5f, 0}));
    TRY(gr_row_sums_enqueue(c->device, &sums));
    TRY(gr_row_sums_set(&sums, (scaled_sum){0.25f, 1}));
    TRY(gr_row_sums_enqueue(c->device, &sums));
    /* Rounding of a sum of n terms below 1 grows like its partial sums, here about sqrt(n). */
    TRY(gr_check_compare(c, name, out, expected, offset + rows, 8 * EPSILON, sqrt((double)columns)));
    TRY(gr_check_time(c, enqueue_row_sums, &sums,
                      (gradus_work){(double)(rows * columns), 4.0 * (double)(rows * columns + rows)}));
cleanup:
    gr_row_sums_destroy(&sums);
    return status;
}

/* With kernels for CPUs. */
gradus_status gr_check_row_sums(check *c, const check_shape *shape)
{
    const kernel_kind own = c->device->kernels;
    c->device->kernels = KERNELS_CPU;
    const gradus_status status = check_row_sums(c, shape, "row_sums");
    c->device->kernels = own;
    return status;
}

/* With kernels for GPUs. */
gradus_status gr_check_row_sums_group(check *c, const check_shape *shape)
{
    const kernel_kind own = c->device->kernels;
    c->device->kernels = KERNELS_GPU;
    const gradus_status status = check_row_sums(c, shape, "row_sums_group");
    c->device->kernels = own;
    return status;
}
