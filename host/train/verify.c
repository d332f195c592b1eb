/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check before training. An engine runs its full-size launches and products with all but a few samples masked out,
 * so the very kernels and shapes of the training are checked at the cost of two iterations.
 *
 * Note [kinks]: where a hidden unit's Z is within rounding of 0, float and double may fall on different sides of ReLU's
 * kink, and the gradients differ rightly by this unit's share. That happens about once in 10^6 units and samples. So
 * the tolerance before a training is wide (wrong results of broken drivers are wholly wrong), and only two failures on
 * different samples count.
 */
#include "train/verify.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>


/* |a - b| <= tolerance |b|, in the Euclidean norm; `floor` forgives what is nothing beside the whole gradient. */
static bool tensor_is_close(const float *a, const float *b, size_t length, double tolerance, double floor)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < length; i++) {
        const double d = (double)a[i] - (double)b[i];
        difference += d * d;
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference) <= tolerance * sqrt(norm) + floor;
}

static double norm_of(const float *values, size_t length)
{
    double norm = 0;
    for (size_t i = 0; i < length; i++)
        norm += (double)values[i] * (double)values[i];
    return sqrt(norm);
}

static gradus_status compare(const engine *e, const float *got, const float *expected, const batch_sums *got_sums,
                             const batch_sums *expected_sums, double tolerance)
{
    const gradus_network *net = &e->network;
    const double floor = 1e-5 * norm_of(expected, e->layout.length);
    if (!(fabs(got_sums->loss - expected_sums->loss) <= tolerance * fabs(expected_sums->loss) + 1e-5))
        return gr_fail(
            GRADUS_ERROR_MISMATCH,
            "engine %s computes another loss than the reference on this device: %g, expected %g; the driver "
            "or its compiler is at fault",
            e->type->name, got_sums->loss, expected_sums->loss);
    for (size_t l = 0; l < net->layers; l++) {
        const size_t w = e->layout.weights[l], b = e->layout.bias[l];
        const bool weights =
            tensor_is_close(got + w, expected + w, net->sizes[l] * net->sizes[l + 1], tolerance, floor);
        if (!weights || !tensor_is_close(got + b, expected + b, net->sizes[l + 1], tolerance, floor))
            return gr_fail(GRADUS_ERROR_MISMATCH,
                           "engine %s computes another gradient of fc%zu.%s than the reference on this device; the "
                           "driver or its compiler is at fault",
                           e->type->name, l + 1, weights ? "bias" : "weight");
    }
    return GRADUS_OK;
}

static gradus_status verify_samples(engine *e, engine *truth, size_t first, size_t count, double tolerance, float *got,
                                    float *expected)
{
    gradus_status status = GRADUS_OK;
    batch_sums got_sums, expected_sums;
    TRY(e->type->gradient(e, first, count, 0));
    TRY(e->type->read_sums(e, 1, &got_sums));
    TRY(e->type->read_gradient(e, got));
    TRY(truth->type->gradient(truth, first, count, 0));
    TRY(truth->type->read_sums(truth, 1, &expected_sums));
    TRY(truth->type->read_gradient(truth, expected));
    TRY(compare(e, got, expected, &got_sums, &expected_sums, tolerance));
cleanup:
    return status;
}

gradus_status gr_verify_engine(engine *e, const float *parameters, size_t count, double tolerance)
{
    gradus_status status = GRADUS_OK;
    engine *truth = NULL;
    float *got = NULL, *expected = NULL;
    const size_t samples = e->dataset->info.samples;

    count = count < samples ? count : samples;
    TRY(e->type->write_parameters(e, parameters));
    if (e->type == &gr_engine_reference)
        goto cleanup;
    TRY(gr_allocate(e->layout.length, &got));
    TRY(gr_allocate(e->layout.length, &expected));
    TRY(gr_engine_create(&gr_engine_reference, NULL, &e->network, e->dataset, &truth));
    TRY(truth->type->write_parameters(truth, parameters));
    status = verify_samples(e, truth, 0, count, tolerance, got, expected);
    if (status == GRADUS_ERROR_MISMATCH && samples > count)
        status = verify_samples(e, truth, samples - count, count, tolerance, got, expected);
cleanup:
    gr_engine_destroy(truth);
    free(expected);
    free(got);
    return status;
}
