/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check before training. An engine runs its launches and products on some of the samples: `layered` with the full
 * batch's shapes and the other samples masked out, `fused` with as many tiles as these samples fill. So the kernels that
 * the training will use are checked at the cost of an iteration or two.
 *
 * Note [kinks]: where a hidden unit's Z is within rounding of 0, float and double may fall on different sides of ReLU's
 * kink, and the gradients then differ by this unit's share, although neither is wrong. That happens about once in 10^6
 * units and samples. So the tolerance before a training is wide (broken drivers are wrong by far more), and an engine fails
 * only if it fails on two different sets of samples.
 */
#include "train/verify.h"
#include "core/memory.h"
#include "engine/select/engines.h"

#include <math.h>
#include <stdlib.h>

/* With parameters above this a float may overflow where a double does not; below it only a faulty device overflows. */
#define OVERFLOW_POSSIBLE 1e6

/* A comparison of the engine with the reference, and their results. */
typedef struct comparison {
    engine *e, *truth;
    float *got, *expected; /* gradients (layout.length) */
    batch_sums got_sums, expected_sums;
    double tolerance, worst;
    double largest; /* parameter, by its magnitude */
} comparison;

static double norm_of_difference(const float *a, const float *b, size_t length)
{
    double sum = 0;
    for (size_t i = 0; i < length; i++) {
        const double d = (double)a[i] - (b == NULL ? 0 : (double)b[i]);
        sum += d * d;
    }
    return sqrt(sum);
}

/* Records a difference in units of the tolerance; true if it is within the tolerance. */
static bool is_tolerated(comparison *c, double difference, double allowed)
{
    const double error = difference > 0 ? difference / allowed : difference;
    if (!(error <= c->worst))
        c->worst = isnan(error) ? INFINITY : error;
    return error <= 1;
}

/* |a - b| <= tolerance |b| in the Euclidean norm, plus a thousandth of the whole gradient's norm for tiny tensors. */
static bool tensor_is_close(comparison *c, size_t offset, size_t length)
{
    const double whole = norm_of_difference(c->expected, NULL, c->e->layout.length);
    const double norm = norm_of_difference(c->expected + offset, NULL, length);
    return is_tolerated(c, norm_of_difference(c->got + offset, c->expected + offset, length),
                        c->tolerance * (norm + 1e-3 * whole) + 1e-12);
}

static gradus_status compare(comparison *c)
{
    const gradus_network *net = &c->e->network;
    const parameter_layout *layout = &c->e->layout;
    const double loss = c->got_sums.loss, expected = c->expected_sums.loss;
    if (!isfinite(loss) && c->largest > OVERFLOW_POSSIBLE)
        return gr_fail(GRADUS_ERROR_DIVERGED, "the loss is not finite with these parameters: they are too large");
    if (!is_tolerated(c, fabs(loss - expected), c->tolerance * fabs(expected) + 1e-5))
        return gr_fail(
            GRADUS_ERROR_MISMATCH,
            "engine %s computes another loss than the reference on this device: %g, expected %g; the driver "
            "or its compiler is at fault",
            c->e->type->name, loss, expected);
    for (size_t l = 0; l < net->layers; l++) {
        const bool weights = tensor_is_close(c, layout->weights[l], net->sizes[l] * net->sizes[l + 1]);
        if (!weights || !tensor_is_close(c, layout->bias[l], net->sizes[l + 1]))
            return gr_fail(GRADUS_ERROR_MISMATCH,
                           "engine %s computes another gradient of fc%zu.%s than the reference on this device; the "
                           "driver or its compiler is at fault",
                           c->e->type->name, l + 1, weights ? "bias" : "weight");
    }
    return GRADUS_OK;
}

static gradus_status verify_samples(comparison *c, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    c->worst = 0;
    TRY(c->e->type->gradient(c->e, first, count));
    TRY(c->e->type->read_sums(c->e, &c->got_sums));
    TRY(c->e->type->read_gradient(c->e, c->got));
    TRY(c->truth->type->gradient(c->truth, first, count));
    TRY(c->truth->type->read_sums(c->truth, &c->expected_sums));
    TRY(c->truth->type->read_gradient(c->truth, c->expected));
    TRY(compare(c));
cleanup:
    return status;
}

/* The reference needs about a nanosecond per parameter and sample. */
size_t gr_verify_samples(const engine *e)
{
    const size_t samples = (size_t)(0.05e9 / (double)e->layout.length);
    return samples < 32 ? 32 : samples > 1024 ? 1024 : samples;
}

gradus_status gr_verify_engine(engine *e, const float *parameters, size_t count, double tolerance, double *worst)
{
    gradus_status status = GRADUS_OK;
    comparison c = {.e = e, .tolerance = tolerance};
    const engine_settings truth = {.regularization = e->regularization};
    const size_t samples = e->dataset->info.samples;

    count = count < samples ? count : samples;
    for (size_t i = 0; i < e->layout.length; i++)
        c.largest = fmax(c.largest, fabs((double)parameters[i]));
    TRY(e->type->write_parameters(e, parameters));
    if (e->type == &gr_engine_reference)
        goto cleanup;
    TRY(gr_allocate(e->layout.length, &c.got));
    TRY(gr_allocate(e->layout.length, &c.expected));
    TRY(gr_engine_create_with(&gr_engine_reference, &truth, NULL, &e->network, e->dataset, &c.truth));
    TRY(c.truth->type->write_parameters(c.truth, parameters));
    status = verify_samples(&c, 0, count);
    if (status == GRADUS_ERROR_MISMATCH && samples > count)
        status = verify_samples(&c, samples - count, count);
    if (worst != NULL)
        *worst = c.worst;
cleanup:
    gr_engine_destroy(c.truth);
    free(c.expected);
    free(c.got);
    return status;
}

/* ---- Steps ---- */

#define STEPS 2
#define STEPS_RATE 1e-3f

/* Optimizers such as Adam take whole steps even where a gradient is only a rounding error: so many may differ. */
#define STEPS_TOLERANCE 0.1

/* The parameters (layout.length) after STEPS steps from the given ones: as a training takes them, or one by one. */
static gradus_status parameters_after(engine *e, const float *parameters, bool one_by_one, float *out)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = e->dataset->info.samples, most = STEPS * e->batch, end = most < samples ? most : samples;
    update_step steps[STEPS];
    step_run run = {0, end, steps, (end + e->batch - 1) / e->batch, false};
    for (size_t i = 0; i < run.count; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, STEPS_RATE, i + 1);
    TRY(e->type->write_parameters(e, parameters));
    if (!one_by_one)
        TRY(e->type->take_steps(e, &run));
    for (size_t i = 0; one_by_one && i < run.count; i++) {
        const sample_range range = gr_step_samples(e, &run, i);
        TRY(e->type->gradient(e, range.first, range.count));
        TRY(e->type->update(e, &steps[i]));
    }
    TRY(e->type->read_parameters(e, out));
cleanup:
    return status;
}

double gr_steps_error(const float *got, const float *expected, const float *start, size_t length)
{
    const double difference = norm_of_difference(got, expected, length);
    return difference == 0 ? 0 : difference / norm_of_difference(expected, start, length);
}

gradus_status gr_verify_steps(engine *e, const float *parameters)
{
    gradus_status status = GRADUS_OK;
    const size_t length = e->layout.length;
    float *got = NULL, *expected = NULL;
    if (e->type->take_steps == NULL || e->batch == 0)
        return GRADUS_OK;
    TRY(gr_allocate(length, &got));
    TRY(gr_allocate(length, &expected));
    TRY(parameters_after(e, parameters, false, got));
    TRY(parameters_after(e, parameters, true, expected));
    TRY(e->type->write_parameters(e, parameters));
    const bool diverged = !isfinite(norm_of_difference(expected, parameters, length));
    if (!diverged && !(gr_steps_error(got, expected, parameters, length) <= STEPS_TOLERANCE))
        status = gr_fail(GRADUS_ERROR_MISMATCH,
                         "engine %s takes other steps in one launch than one by one on this device; the driver or its "
                         "compiler is at fault",
                         e->type->name);
cleanup:
    free(expected);
    free(got);
    return status;
}
