/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's three products, by every family of candidates. */
#include "check/check.h"
#include "engine/product/gemm.h"

#include <float.h>
#include <math.h>

#define WEIGHTS_AT 3 /* of the parameters; the bias follows */
#define MISSING 2    /* samples that a product of X is told to leave out */

/* One product's data, and what comes of it. Shapes: samples (I x S), outputs (O x S), parameters: W (O x I), b (O). */
typedef struct product_case {
    gemm_shape shape;
    bool is_x;      /* the samples are a part of X */
    size_t valid;   /* samples */
    float *samples; /* for pixels, their values */
    float *outputs, *parameters;
    float scale; /* of the samples */
    double *expected;
    size_t expected_count;
} product_case;

static double sample_of(const product_case *p, size_t s, size_t i)
{
    return (double)p->scale * (double)p->samples[s * p->shape.inputs + i];
}

static double weight_of(const product_case *p, size_t o, size_t i)
{
    return (double)p->parameters[WEIGHTS_AT + o * p->shape.inputs + i];
}

/* Z of the samples that are there; the others keep what they have. */
static void expect_forward(product_case *p)
{
    const size_t outputs = p->shape.outputs, inputs = p->shape.inputs;
    for (size_t s = 0; s < p->shape.samples; s++)
        for (size_t o = 0; o < outputs; o++) {
            double sum = (double)p->parameters[WEIGHTS_AT + outputs * inputs + o];
            for (size_t i = 0; i < inputs; i++)
                sum += weight_of(p, o, i) * sample_of(p, s, i);
            if (s >= p->valid)
                sum = (double)p->outputs[s * outputs + o];
            else if (p->shape.relu && sum < 0)
                sum = 0;
            p->expected[s * outputs + o] = sum;
        }
}

/* dW: a half of the product twice, the second added to the first. */
static void expect_weight_gradient(product_case *p)
{
    for (size_t o = 0; o < p->shape.outputs; o++)
        for (size_t i = 0; i < p->shape.inputs; i++) {
            double sum = 0;
            for (size_t s = 0; s < p->valid; s++)
                sum += (double)p->outputs[s * p->shape.outputs + o] * sample_of(p, s, i);
            p->expected[WEIGHTS_AT + o * p->shape.inputs + i] = sum;
        }
}

static void expect_input_gradient(product_case *p)
{
    for (size_t s = 0; s < p->shape.samples; s++)
        for (size_t i = 0; i < p->shape.inputs; i++) {
            double sum = 0;
            for (size_t o = 0; o < p->shape.outputs; o++)
                sum += (double)p->outputs[s * p->shape.outputs + o] * weight_of(p, o, i);
            p->expected[s * p->shape.inputs + i] = p->shape.relu && !(sample_of(p, s, i) > 0) ? 0 : sum;
        }
}

static gradus_status expect(check *c, product_case *p)
{
    gradus_status status = GRADUS_OK;
    const size_t o = p->shape.outputs, i = p->shape.inputs, s = p->shape.samples;
    const gemm_kind kind = p->shape.kind;
    p->expected_count = kind == GEMM_FORWARD ? o * s : kind == GEMM_WEIGHT_GRADIENT ? WEIGHTS_AT + o * i + o : i * s;
    TRY(gr_check_doubles(c, p->expected_count, &p->expected));
    for (size_t at = 0; kind == GEMM_WEIGHT_GRADIENT && at < p->expected_count; at++)
        p->expected[at] = (double)p->parameters[at]; /* what is not dW stays as it is */
    if (kind == GEMM_FORWARD)
        expect_forward(p);
    else if (kind == GEMM_WEIGHT_GRADIENT)
        expect_weight_gradient(p);
    else
        expect_input_gradient(p);
cleanup:
    return status;
}

/* X as floats, behind one more sample; what is left out is poisoned. */
static gradus_status upload_floats(check *c, const product_case *p, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    const size_t count = p->shape.inputs * p->shape.samples, first = p->shape.inputs;
    float *floats = NULL;
    TRY(gr_check_random(c, first + count, -1, 1, &floats));
    for (size_t at = 0; at < count; at++)
        floats[first + at] = at < p->valid * p->shape.inputs ? p->samples[at] : NAN;
    TRY(gr_check_upload(c, floats, (first + count) * sizeof *floats, out));
cleanup:
    return status;
}

/* X as bytes, or as floats, behind one more sample; or all of a slice as floats. */
static gradus_status upload_samples(check *c, const product_case *p, bool bytes, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    const size_t count = p->shape.inputs * p->shape.samples, first = p->shape.inputs;
    uint8_t *pixels = NULL;
    if (!bytes)
        return p->is_x ? upload_floats(c, p, out) : gr_check_upload(c, p->samples, count * sizeof *p->samples, out);
    TRY(gr_check_bytes(c, first + count, 256, &pixels));
    for (size_t at = 0; at < p->valid * p->shape.inputs; at++)
        pixels[first + at] = (uint8_t)p->samples[at];
    TRY(gr_check_upload(c, pixels, first + count, out));
cleanup:
    return status;
}

/* Enqueues the product as an engine does. */
static gradus_status compute(check *c, gemm *product, const product_case *p)
{
    gradus_status status = GRADUS_OK;
    const bool summed = p->shape.kind == GEMM_WEIGHT_GRADIENT;
    if (p->is_x)
        TRY(gr_gemm_set_samples(product, p->shape.inputs, p->valid));
    if (summed)
        TRY(gr_gemm_set_scale(product, (scaled_sum){0.5f, 0}));
    TRY(gr_gemm_enqueue(c->device, product));
    if (summed) {
        TRY(gr_gemm_set_scale(product, (scaled_sum){0.5f, 1}));
        TRY(gr_gemm_enqueue(c->device, product));
    }
cleanup:
    return status;
}

static gradus_status run_case(check *c, const product_case *p, const gemm_candidate *candidate, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape *shape = &p->shape;
    const size_t o = shape->outputs, i = shape->inputs, s = shape->samples;
    gemm_buffers buffers = {.weights_at = WEIGHTS_AT, .bias_at = WEIGHTS_AT + o * i};
    gemm product = {0};
    cl_mem scratch = NULL;
    size_t scratch_bytes = 0;

    TRY(upload_samples(c, p, shape->pixels && gr_gemm_takes_bytes(candidate), &buffers.samples));
    TRY(gr_check_upload(c, p->outputs, o * s * sizeof *p->outputs, &buffers.outputs));
    TRY(gr_check_upload(c, p->parameters, (WEIGHTS_AT + o * i + o) * sizeof *p->parameters, &buffers.parameters));
    TRY(gr_check_space(c, i * s, &buffers.below));
    TRY(gr_gemm_scratch_size(c->device, shape, candidate, &scratch_bytes));
    if (scratch_bytes > 0)
        TRY(gr_check_upload(c, NULL, scratch_bytes, &scratch));
    TRY(gr_gemm_create(c->device, shape, candidate, &buffers, scratch, &product));
    TRY(compute(c, &product, p));
    const cl_mem got = shape->kind == GEMM_FORWARD           ? buffers.outputs
                       : shape->kind == GEMM_WEIGHT_GRADIENT ? buffers.parameters
                                                             : buffers.below;
    /* See row_sums: k terms below 1, or of pixels between 0 and 1, whose sum drifts further; and some are added twice. */
    TRY(gr_check_compare(c, name, got, p->expected, p->expected_count, 16 * (double)FLT_EPSILON,
                         sqrt((double)gr_gemm_extents(shape).k)));
cleanup:
    gr_gemm_destroy(&product);
    return status;
}

static gradus_status make_case(check *c, const check_shape *of, gemm_kind kind, bool pixels, bool relu, bool is_x,
                               product_case *p)
{
    gradus_status status = GRADUS_OK;
    *p = (product_case){.shape = {kind, of->rows, of->inner, of->columns, pixels, relu}, .is_x = is_x};
    const size_t count = of->inner * of->columns;
    uint8_t *values = NULL;

    p->valid = is_x && of->columns > MISSING ? of->columns - MISSING : of->columns;
    p->scale = pixels ? 1.0f / 255 : 1;
    TRY(gr_check_random(c, count, -1, 1, &p->samples));
    TRY(gr_check_random(c, of->rows * of->columns, -1, 1, &p->outputs));
    TRY(gr_check_random(c, WEIGHTS_AT + of->rows * of->inner + of->rows, -1, 1, &p->parameters));
    for (size_t i = 0; i < count; i += 5)
        p->samples[i] = 0; /* where relu' has its kink */
    if (pixels) {
        TRY(gr_check_bytes(c, count, 256, &values));
        for (size_t i = 0; i < count; i++)
            p->samples[i] = values[i];
    }
    TRY(expect(c, p));
cleanup:
    return status;
}

/* All that a layer may want of the candidate. */
static gradus_status check_candidate(check *c, const check_shape *of, const gemm_candidate *candidate,
                                     const char *name)
{
    static const struct {
        gemm_kind kind;
        bool is_x, pixels, relu;
    } wanted[] = {{GEMM_FORWARD, true, true, true},           {GEMM_FORWARD, true, false, true},
                  {GEMM_FORWARD, false, false, false},        {GEMM_WEIGHT_GRADIENT, true, true, false},
                  {GEMM_WEIGHT_GRADIENT, true, false, false}, {GEMM_WEIGHT_GRADIENT, false, false, false},
                  {GEMM_INPUT_GRADIENT, false, false, true},  {GEMM_INPUT_GRADIENT, false, false, false}};
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        product_case p;
        const bool is_x = wanted[i].is_x && gr_gemm_takes_bytes(candidate); /* CLBlast wants all of a slice */
        TRY(make_case(c, of, wanted[i].kind, wanted[i].pixels, wanted[i].relu, is_x, &p));
        TRY(run_case(c, &p, candidate, name));
        gr_check_end_case(c);
    }
cleanup:
    return status;
}

static gradus_status check_family(check *c, const check_shape *of, gemm_family family, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape shape = {GEMM_FORWARD, of->rows, of->inner, of->columns, true, true};
    gemm_candidate candidates[GEMM_CANDIDATES];
    const size_t count = gr_gemm_candidates(c->device, family, &shape, GEMM_DEFAULT, candidates);
    for (size_t i = 0; i < count; i++)
        TRY(check_candidate(c, of, &candidates[i], name));
cleanup:
    return status;
}

gradus_status gr_check_gemm_clblast(check *c, const check_shape *shape)
{
    return check_candidate(c, shape, &gr_gemm_clblast, "gemm_clblast");
}

gradus_status gr_check_gemm_cpu(check *c, const check_shape *shape)
{
    return check_family(c, shape, GEMM_CPU, "gemm_cpu");
}

gradus_status gr_check_gemm_gpu(check *c, const check_shape *shape)
{
    return check_family(c, shape, GEMM_GPU, "gemm_gpu");
}
