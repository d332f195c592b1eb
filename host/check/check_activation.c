/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of activate.cl: every activation, with dropout and without. */
#include "check/check.h"
#include "common/step_progress.h"
#include "engine/common/activation.h"
#include "engine/common/dropout.h"
#include "engine/opencl/activation_kernels.h"
#include "engine/opencl/batch_kernels.h"

#include <float.h>

#define EPSILON ((double)FLT_EPSILON)
#define SEED 0x123456789aULL
#define STEP 7

/* Samples from `first` on of an order: `valid` of them have a number, the rest is padding. */
typedef struct batch {
    size_t count, first, valid;
    permutation order;
    cl_mem progress, order_buffer;
} batch;

/* The order has some samples before the batch, and none after its valid ones. */
static gradus_status make_batch(check *c, size_t samples, batch *out)
{
    gradus_status status = GRADUS_OK;
    const step_progress progress = {.steps = STEP, .seed = {(u32)SEED, (u32)(SEED >> 32)}};
    const size_t first = gr_check_offset(c, 3), valid = gr_check_valid(c, samples);
    launch shuffle = {0};
    *out = (batch){samples, first, valid, gr_permutation((uint32_t)(first + valid), 5, 3), NULL, NULL};
    TRY(gr_check_upload(c, &progress, sizeof progress, &out->progress));
    TRY(gr_check_space(c, first + valid, &out->order_buffer));
    TRY(gr_shuffle_samples(c->device, out->order_buffer, first + valid, &shuffle));
    TRY(gr_shuffle_samples_set(&shuffle, &out->order));
    TRY(gr_launch_enqueue(c->device, &shuffle));
cleanup:
    gr_launch_destroy(&shuffle);
    return status;
}

/* The dropout factors (units x samples). */
static gradus_status draw_factors(check *c, const batch *b, float share, uint32_t layer, size_t units, float **out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_check_random(c, units * b->count, 1, 1, out));
    for (size_t s = 0; share > 0 && s < b->valid; s++) {
        const uint32_t number = gr_permutation_at(&b->order, (uint32_t)(b->first + s));
        gr_dropout_draw(share, &(dropout_place){SEED, layer, number, STEP}, units, *out + s * units);
    }
cleanup:
    return status;
}

static gradus_status check_forward(check *c, const check_shape *shape, gradus_activation function, float share)
{
    gradus_status status = GRADUS_OK;
    const size_t units = shape->rows, samples = shape->columns, count = units * samples;
    batch b;
    float *z = NULL, *factors = NULL;
    double *a = NULL, *slopes = NULL;
    cl_mem z_buffer = NULL, slope_buffer = NULL;
    launch prepared = {0};
    /* Z in, activations and slopes out; two functions per element, and with dropout two products. */
    const gradus_work work = {(share > 0 ? 4.0 : 2.0) * (double)count, 12.0 * (double)count};

    gr_check_name_way(c, "%s%s", gradus_activation_name(function), share > 0 ? ", dropout" : "");
    TRY(make_batch(c, samples, &b));
    TRY(gr_check_random(c, count, -4, 4, &z));
    TRY(draw_factors(c, &b, share, 2, units, &factors));
    TRY(gr_check_doubles(c, count, &a));
    TRY(gr_check_doubles(c, count, &slopes));
    for (size_t i = 0; i < count; i++) {
        a[i] = gr_activation(function, (double)z[i], &slopes[i]) * (double)factors[i];
        slopes[i] *= (double)factors[i];
    }
    TRY(gr_check_upload(c, z, count * sizeof *z, &z_buffer));
    TRY(gr_check_space(c, count, &slope_buffer));
    const dropout_source source = {share, 2, b.progress, b.order_buffer};
    TRY(gr_activation_forward(c->device, function, &source, z_buffer, slope_buffer, units, samples, &prepared));
    TRY(gr_activation_forward_set(&prepared, share, b.first, b.valid));
    TRY(gr_launch_enqueue(c->device, &prepared));
    /* exp, tanh and erfc err by up to 16 units each, as OpenCL allows. */
    TRY(gr_check_compare(c, "activation_forward", z_buffer, a, count, 32 * EPSILON, 1));
    TRY(gr_check_compare(c, "activation_forward", slope_buffer, slopes, count, 32 * EPSILON, 1));
    TRY(gr_check_time_in_place(c, &prepared, z_buffer, z, count * sizeof *z, work));
cleanup:
    gr_launch_destroy(&prepared);
    gr_check_end_case(c);
    return status;
}

gradus_status gr_check_activation_forward(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    for (gradus_activation function = GRADUS_RELU; gradus_activation_name(function) != NULL; function++) {
        TRY(check_forward(c, shape, function, 0));
        TRY(check_forward(c, shape, function, 0.4f));
    }
cleanup:
    return status;
}

gradus_status gr_check_activation_backward(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns;
    float *slopes = NULL, *dz = NULL;
    double *expected = NULL;
    cl_mem slope_buffer = NULL, dz_buffer = NULL;
    launch prepared = {0};

    TRY(gr_check_random(c, count, -1, 1, &slopes));
    TRY(gr_check_random(c, count, -1, 1, &dz));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)dz[i] * (double)slopes[i];
    TRY(gr_check_upload(c, slopes, count * sizeof *slopes, &slope_buffer));
    TRY(gr_check_upload(c, dz, count * sizeof *dz, &dz_buffer));
    TRY(gr_activation_backward(c->device, slope_buffer, dz_buffer, count, &prepared));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "activation_backward", dz_buffer, expected, count, EPSILON, 0));
    TRY(gr_check_time_in_place(c, &prepared, dz_buffer, dz, count * sizeof *dz,
                               (gradus_work){(double)count, 12.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

/* Creates a buffer of bytes or floats, and their values. */
static gradus_status make_features(check *c, size_t count, bool floats, double **values, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *bytes = NULL;
    float *numbers = NULL;
    TRY(gr_check_doubles(c, count, values));
    TRY(gr_check_bytes(c, count, 256, &bytes));
    TRY(gr_check_random(c, count, -100, 100, &numbers));
    for (size_t i = 0; i < count; i++)
        (*values)[i] = floats ? (double)numbers[i] : bytes[i];
    TRY(gr_check_upload(c, floats ? (const void *)numbers : bytes, count * (floats ? sizeof *numbers : 1), out));
cleanup:
    return status;
}

static gradus_status check_input(check *c, const check_shape *shape, float share, bool floats)
{
    gradus_status status = GRADUS_OK;
    const size_t features = shape->rows, samples = shape->columns, count = features * samples, x_first = 2;
    const input_transform input = {1.0f / 255 / 0.3f, -0.4f, floats};
    batch b;
    float *factors = NULL;
    double *x = NULL, *expected = NULL;
    cl_mem x_buffer = NULL, out = NULL;
    launch prepared = {0};
    /* A multiply-add per element, and with dropout a product. */
    const gradus_work work = {(share > 0 ? 3.0 : 2.0) * (double)count,
                              (double)count * (double)(sizeof(cl_float) + (floats ? sizeof(cl_float) : 1))};

    gr_check_name_way(c, "%s%s", floats ? "floats" : "bytes", share > 0 ? ", dropout" : "");
    TRY(make_batch(c, samples, &b));
    TRY(make_features(c, features * (x_first + b.valid), floats, &x, &x_buffer));
    TRY(draw_factors(c, &b, share, 0, features, &factors));
    TRY(gr_check_doubles(c, count, &expected));
    for (size_t i = 0; i < features * b.valid; i++)
        expected[i] = ((double)input.scale * x[features * x_first + i] + (double)input.offset) * (double)factors[i];
    TRY(gr_check_space(c, count, &out));
    const dropout_source source = {share, 0, b.progress, b.order_buffer};
    TRY(gr_input_transform(c->device, &input, &source, x_buffer, out, features, samples, &prepared));
    TRY(gr_input_transform_set(&prepared, share, b.first, b.valid, x_first));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "input_transform", out, expected, count, 4 * EPSILON, 1));
    TRY(gr_check_time_launch(c, &prepared, work));
cleanup:
    gr_launch_destroy(&prepared);
    gr_check_end_case(c);
    return status;
}

gradus_status gr_check_input_transform(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_input(c, shape, 0, false));
    TRY(check_input(c, shape, 0.2f, false));
    TRY(check_input(c, shape, 0.2f, true));
cleanup:
    return status;
}
