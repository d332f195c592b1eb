/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's three products, by every family of candidates. */
#include "check/check.h"
#include "engine/product/product.h"

#include <float.h>
#include <math.h>

/* Where W begins in the parameters; the bias follows. If rows of W can be read in vectors, W can. */
#define WEIGHTS_AT(inputs) ((inputs) % 4 == 0 ? 4 : 3)
#define MISSING 2 /* samples that a product of X must skip */

/* Multiply-adds that the reference can compute in a short time. */
#define MULTIPLY_ADDS 3e7

/* A product's data and results. Shapes: samples (I x S), outputs (O x S), parameters: W (O x I), b (O). */
typedef struct product_case {
    product_shape shape;
    bool is_x;         /* the samples are a part of X */
    size_t valid;      /* samples */
    size_t weights_at; /* in the parameters */
    /* Of all samples, or elements of dW, every stride-th is compared. It is odd, so that no row of a tile and no lane
     * of a vector is always skipped. */
    size_t stride;
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
    return (double)p->parameters[p->weights_at + o * p->shape.inputs + i];
}

static bool is_compared(const product_case *p, size_t index, size_t count)
{
    return index % p->stride == 0 || index + 1 == count;
}

/* Z of the valid samples; the others do not change. */
static void expect_forward(product_case *p)
{
    const size_t outputs = p->shape.outputs, inputs = p->shape.inputs;
    for (size_t s = 0; s < p->shape.samples; s++)
        for (size_t o = 0; is_compared(p, s, p->shape.samples) && o < outputs; o++) {
            double sum = (double)p->parameters[p->weights_at + outputs * inputs + o];
            for (size_t i = 0; i < inputs; i++)
                sum += weight_of(p, o, i) * sample_of(p, s, i);
            if (s >= p->valid)
                sum = (double)p->outputs[s * outputs + o];
            else if (p->shape.relu && sum < 0)
                sum = 0;
            p->expected[s * outputs + o] = sum;
        }
}

/* dW: half of the product twice, the second added to the first. */
static void expect_weight_gradient(product_case *p)
{
    for (size_t o = 0; o < p->shape.outputs; o++)
        for (size_t i = 0; i < p->shape.inputs; i++) {
            const size_t at = o * p->shape.inputs + i;
            double sum = is_compared(p, at, p->shape.outputs * p->shape.inputs) ? 0 : CHECK_ANYTHING;
            for (size_t s = 0; !isnan(sum) && s < p->valid; s++)
                sum += (double)p->outputs[s * p->shape.outputs + o] * sample_of(p, s, i);
            p->expected[p->weights_at + at] = sum;
        }
}

static void expect_input_gradient(product_case *p)
{
    for (size_t s = 0; s < p->shape.samples; s++)
        for (size_t i = 0; is_compared(p, s, p->shape.samples) && i < p->shape.inputs; i++) {
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
    const product_kind kind = p->shape.kind;
    p->expected_count = kind == PRODUCT_FORWARD           ? o * s
                        : kind == PRODUCT_WEIGHT_GRADIENT ? p->weights_at + o * i + o
                                                          : i * s;
    p->stride = (size_t)((double)o * (double)i * (double)s / MULTIPLY_ADDS) | 1;
    TRY(gr_check_doubles(c, p->expected_count, &p->expected));
    for (size_t at = 0; at < p->expected_count; at++) /* the other parameters do not change */
        p->expected[at] = kind == PRODUCT_WEIGHT_GRADIENT ? (double)p->parameters[at] : CHECK_ANYTHING;
    if (kind == PRODUCT_FORWARD)
        expect_forward(p);
    else if (kind == PRODUCT_WEIGHT_GRADIENT)
        expect_weight_gradient(p);
    else
        expect_input_gradient(p);
cleanup:
    return status;
}

/* The offset of X: in a check, after one more sample. */
static size_t x_first(const check *c, const product_case *p)
{
    return gr_check_offset(c, p->shape.inputs);
}

/* X as floats; the skipped samples have wrong values. */
static gradus_status upload_floats(check *c, const product_case *p, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    const size_t count = p->shape.inputs * p->shape.samples, first = x_first(c, p);
    float *floats = NULL;
    TRY(gr_check_random(c, first + count, -1, 1, &floats));
    for (size_t at = 0; at < count; at++)
        floats[first + at] = at < p->valid * p->shape.inputs ? p->samples[at] : NAN;
    TRY(gr_check_upload(c, floats, (first + count) * sizeof *floats, out));
cleanup:
    return status;
}

/* X as bytes, or as floats; or a complete slice as floats. */
static gradus_status upload_samples(check *c, const product_case *p, bool bytes, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    const size_t count = p->shape.inputs * p->shape.samples, first = x_first(c, p);
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

static gradus_status enqueue_product(gradus_device *device, void *of)
{
    return gr_product_enqueue(device, of);
}

/* Enqueues the product as an engine does. A check adds two halves of dW; a timing computes it at once. */
static gradus_status compute(check *c, product *made, const product_case *p)
{
    gradus_status status = GRADUS_OK;
    const bool halves = p->shape.kind == PRODUCT_WEIGHT_GRADIENT && c->timer == NULL;
    if (p->is_x)
        TRY(gr_product_set_samples(made, x_first(c, p), p->valid));
    if (p->shape.kind == PRODUCT_WEIGHT_GRADIENT)
        TRY(gr_product_set_scale(made, (scaled_sum){halves ? 0.5f : 1, 0}));
    TRY(gr_product_enqueue(c->device, made));
    if (halves) {
        TRY(gr_product_set_scale(made, (scaled_sum){0.5f, 1}));
        TRY(gr_product_enqueue(c->device, made));
    }
cleanup:
    return status;
}

/* The multiply-adds, bias and ReLU; A, which may be bytes, the weights, Z or dZ, and dA. */
static gradus_work work_of(const product_shape *shape, bool bytes)
{
    const double o = (double)shape->outputs, i = (double)shape->inputs, s = (double)shape->samples;
    const double a = i * s * (bytes ? 1 : sizeof(cl_float)), relu = shape->relu;
    switch (shape->kind) {
    case PRODUCT_FORWARD:
        return (gradus_work){2 * o * i * s + (1 + relu) * o * s, a + 4 * (o * i + o + o * s)};
    case PRODUCT_WEIGHT_GRADIENT:
        return (gradus_work){2 * o * i * s, a + 4 * (o * s + o * i)};
    default:
        return (gradus_work){2 * o * i * s + relu * i * s, relu * a + 4 * (o * s + o * i + i * s)};
    }
}

static gradus_status run_case(check *c, const product_case *p, const product_candidate *candidate, const char *name)
{
    gradus_status status = GRADUS_OK;
    const product_shape *shape = &p->shape;
    const size_t o = shape->outputs, i = shape->inputs, s = shape->samples;
    const bool bytes = shape->pixels && gr_product_takes_bytes(candidate);
    product_buffers buffers = {.weights_at = p->weights_at, .bias_at = p->weights_at + o * i};
    product *made = NULL;
    size_t scratch_bytes = 0;

    TRY(upload_samples(c, p, bytes, &buffers.samples));
    TRY(gr_check_upload(c, p->outputs, o * s * sizeof *p->outputs, &buffers.outputs));
    TRY(gr_check_upload(c, p->parameters, (p->weights_at + o * i + o) * sizeof *p->parameters, &buffers.parameters));
    TRY(gr_check_space(c, i * s, &buffers.below));
    TRY(gr_product_scratch_size(c->device, shape, candidate, &scratch_bytes));
    if (scratch_bytes > 0)
        TRY(gr_check_upload(c, NULL, scratch_bytes, &buffers.scratch));
    TRY(gr_product_create(c->device, shape, candidate, &buffers, &made));
    TRY(compute(c, made, p));
    const cl_mem got = shape->kind == PRODUCT_FORWARD           ? buffers.outputs
                       : shape->kind == PRODUCT_WEIGHT_GRADIENT ? buffers.parameters
                                                                : buffers.below;
    /* See row_sums: k terms below 1, or of pixels between 0 and 1, whose sum drifts further; and some are added twice. The
     * partial sums of very many terms, one after the other, grow so much that their rounding grows like k. */
    const double k = (double)gr_product_extents(shape).k;
    TRY(gr_check_compare(c, name, got, p->expected, p->expected_count, 16 * (double)FLT_EPSILON,
                         fmax(sqrt(k), k / 64)));
    TRY(gr_check_time(c, enqueue_product, made, work_of(shape, bytes)));
cleanup:
    gr_product_destroy(made);
    return status;
}

static gradus_status make_case(check *c, const product_shape *of, bool is_x, product_case *p)
{
    gradus_status status = GRADUS_OK;
    const size_t count = of->inputs * of->samples;
    uint8_t *values = NULL;

    *p = (product_case){.shape = *of, .is_x = is_x, .weights_at = gr_check_offset(c, WEIGHTS_AT(of->inputs))};
    p->valid = is_x && of->samples > MISSING ? of->samples - gr_check_offset(c, MISSING) : of->samples;
    p->scale = of->pixels ? 1.0f / 255 : 1;
    TRY(gr_check_random(c, count, -1, 1, &p->samples));
    TRY(gr_check_random(c, of->outputs * of->samples, -1, 1, &p->outputs));
    TRY(gr_check_random(c, p->weights_at + of->outputs * of->inputs + of->outputs, -1, 1, &p->parameters));
    for (size_t i = 0; i < count; i += 5)
        p->samples[i] = 0; /* the kink of ReLU */
    if (of->pixels) {
        TRY(gr_check_bytes(c, count, 256, &values));
        for (size_t i = 0; i < count; i++)
            p->samples[i] = values[i];
    }
    TRY(expect(c, p));
cleanup:
    return status;
}

static gradus_status check_product(check *c, const product_shape *shape, bool of_x, const product_candidate *candidate,
                                   const char *name)
{
    gradus_status status = GRADUS_OK;
    product_case p;
    TRY(make_case(c, shape, of_x && gr_product_takes_bytes(candidate), &p)); /* CLBlast needs a complete slice */
    TRY(run_case(c, &p, candidate, name));
cleanup:
    gr_check_end_case(c);
    return status;
}

/* All uses of the candidate in a layer. */
static gradus_status check_candidate(check *c, const check_shape *of, const product_candidate *candidate,
                                     const char *name)
{
    static const struct {
        product_kind kind;
        bool is_x, pixels, relu;
    } wanted[] = {{PRODUCT_FORWARD, true, true, true},           {PRODUCT_FORWARD, true, false, true},
                  {PRODUCT_FORWARD, false, false, false},        {PRODUCT_WEIGHT_GRADIENT, true, true, false},
                  {PRODUCT_WEIGHT_GRADIENT, true, false, false}, {PRODUCT_WEIGHT_GRADIENT, false, false, false},
                  {PRODUCT_INPUT_GRADIENT, false, false, true},  {PRODUCT_INPUT_GRADIENT, false, false, false}};
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const product_shape shape = {wanted[i].kind, of->rows,         of->inner,
                                     of->columns,    wanted[i].pixels, wanted[i].relu};
        TRY(check_product(c, &shape, wanted[i].is_x, candidate, name));
    }
cleanup:
    return status;
}

static void name_product(check *c, const product_shape *shape)
{
    static const char *const kinds[] = {"forward", "weight gradient", "input gradient"};
    gr_check_name_shape(c, "%s %zu-%zu x %zu%s%s", kinds[shape->kind], shape->inputs, shape->outputs, shape->samples,
                        shape->pixels ? ", pixels" : "", shape->relu ? ", relu" : "");
}

/* The products of the network's layers, as in engine "layered". */
static gradus_status time_layers(check *c, const product_family *family, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *network = c->timer->network;
    product_candidate candidates[PRODUCT_CANDIDATES];
    for (size_t l = 0; l < network->layers; l++)
        for (size_t kind = 0; kind < gr_product_kinds(l); kind++) {
            const product_shape shape =
                gr_product_of_layer(network, l, (product_kind)kind, c->timer->dataset->info.samples);
            gr_product_candidates(c->device, family, &shape, EFFORT_DEFAULT, candidates);
            name_product(c, &shape);
            TRY(check_product(c, &shape, l == 0, &candidates[0], name));
        }
cleanup:
    return status;
}

static gradus_status check_family(check *c, const check_shape *of, const product_family *family, const char *name)
{
    gradus_status status = GRADUS_OK;
    const product_shape shape = {PRODUCT_FORWARD, of->rows, of->inner, of->columns, true, true};
    product_candidate candidates[PRODUCT_CANDIDATES];
    if (c->timer != NULL)
        return time_layers(c, family, name);
    const size_t count = gr_product_candidates(c->device, family, &shape, EFFORT_DEFAULT, candidates);
    for (size_t i = 0; i < count; i++)
        TRY(check_candidate(c, of, &candidates[i], name));
cleanup:
    return status;
}

gradus_status gr_check_product_clblast(check *c, const check_shape *shape)
{
    return check_family(c, shape, &gr_product_clblast, "product_clblast");
}

gradus_status gr_check_product_cpu(check *c, const check_shape *shape)
{
    return check_family(c, shape, &gr_product_cpu, "product_cpu");
}

gradus_status gr_check_product_tensor(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    bool works = false;
    TRY(gr_product_prove(c->device, &(product_candidate){&gr_product_tensor, NULL}, &works));
    if (!works)
        return c->timer == NULL ? GRADUS_OK : gr_check_leave_out(c, "no tensor cores that gradus can use");
    TRY(check_family(c, shape, &gr_product_tensor, "product_tensor"));
cleanup:
    return status;
}

gradus_status gr_check_product_gpu(check *c, const check_shape *shape)
{
    return check_family(c, shape, &gr_product_gpu, "product_gpu");
}
