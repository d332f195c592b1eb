/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "reference": the equations of docs/design.md as plain loops, one sample after the other, in double precision.
 * The other engines are compared with it, so it is written to be obviously right; it needs no device.
 */
#include "engine/reference/reference.h"
#include "core/memory.h"
#include "engine/common/activation.h"
#include "engine/common/host_engine.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reference {
    host_engine common;
    double *parameters;     /* (layout.length) */
    double *kept;           /* (layout.length) */
    double *gradient;       /* (layout.length) */
    double *first, *second; /* (layout.length), the optimizer's moments; NULL if it has none */
    /* Of one sample: a[0] the input, a[l + 1] layer l's output (sizes[l + 1]), slopes[l + 1] its derivative with
     * respect to Z; of one layer (largest size): dZ, dA, and the dropout factors. */
    double *a[GRADUS_LAYERS_MAX + 1], *slopes[GRADUS_LAYERS_MAX + 1], *dz, *da;
    float *factors;
    uint8_t *pixels; /* of one sample (F), augmented */
} reference;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y += scale * x */
static void add_scaled(double *y, double scale, const double *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

/* ---- One sample, forward ---- */

static void softmax(double *z, size_t classes)
{
    double largest = z[0], sum = 0;
    for (size_t c = 1; c < classes; c++)
        largest = fmax(largest, z[c]);
    for (size_t c = 0; c < classes; c++)
        sum += exp(z[c] - largest);
    for (size_t c = 0; c < classes; c++)
        z[c] = exp(z[c] - largest) / sum;
}

/* Reads the sample, byte / 255 or floats; in training images may be augmented. */
static void take_values(reference *e, size_t sample, bool training)
{
    const gradus_dataset *data = e->common.base.dataset;
    const size_t features = data->info.features;
    if (data->info.floats) {
        for (size_t f = 0; f < features; f++)
            e->a[0][f] = (double)data->floats[sample * features + f];
        return;
    }
    const uint8_t *x = gr_host_engine_pixels(&e->common, sample, training, e->pixels);
    for (size_t f = 0; f < features; f++)
        e->a[0][f] = x[f] / 255.0;
}

/* Reads the input for a sample: byte / 255 or floats, standardised if the network has that. */
static void take_sample(reference *e, size_t sample, bool training)
{
    const gradus_network *net = &e->common.base.network;
    const double deviation = net->input_deviation > 0 ? (double)net->input_deviation : 1;
    take_values(e, sample, training);
    for (size_t f = 0; f < net->sizes[0]; f++)
        e->a[0][f] = (e->a[0][f] - (double)net->input_mean) / deviation;
}

/* Multiplies a layer's outputs, and their slopes, by the dropout factors; layer 0 is the input. */
static void drop_out(reference *e, size_t layer, size_t sample)
{
    gr_host_engine_draw(&e->common, layer, sample, e->factors);
    for (size_t i = 0; i < e->common.base.network.sizes[layer]; i++) {
        e->a[layer][i] *= (double)e->factors[i];
        e->slopes[layer][i] *= (double)e->factors[i];
    }
}

/* Computes the activations in a[]; the last ones are the logits. */
static void forward(reference *e, size_t sample, bool training)
{
    const gradus_network *net = &e->common.base.network;
    const regularization *how = &e->common.base.regularization;
    take_sample(e, sample, training);
    if (training && how->input_dropout > 0)
        drop_out(e, 0, sample);
    for (size_t l = 0; l < net->layers; l++) {
        const double *w = e->parameters + e->common.base.layout.weights[l],
                     *b = e->parameters + e->common.base.layout.bias[l];
        const size_t inputs = net->sizes[l];
        for (size_t h = 0; h < net->sizes[l + 1]; h++) {
            const double z = b[h] + dot(w + h * inputs, e->a[l], inputs);
            e->a[l + 1][h] = l + 1 < net->layers ? gr_activation(net->activation, z, &e->slopes[l + 1][h]) : z;
        }
        if (training && l + 1 < net->layers && how->dropout > 0)
            drop_out(e, l + 1, sample);
    }
}

/* The cross-entropy with (1 - smoothing) of the label and smoothing / C of every class. */
static void add_loss(const double *logits, size_t classes, size_t label, double smoothing, batch_sums *sums)
{
    size_t largest = 0;
    for (size_t c = 1; c < classes; c++)
        if (logits[c] > logits[largest])
            largest = c;
    double sum = 0, mean = 0;
    for (size_t c = 0; c < classes; c++) {
        sum += exp(logits[c] - logits[largest]);
        mean += (logits[c] - logits[largest]) / (double)classes;
    }
    sums->loss += log(sum) - (1 - smoothing) * (logits[label] - logits[largest]) - smoothing * mean;
    sums->correct += largest == label;
}

/* ---- One sample, backward: adds its gradient; a[L] holds the logits and is overwritten ---- */

static void backward(reference *e, size_t label)
{
    const gradus_network *net = &e->common.base.network;
    const size_t classes = net->sizes[net->layers];
    const double smoothing = (double)e->common.base.regularization.label_smoothing;
    softmax(e->a[net->layers], classes);
    for (size_t c = 0; c < classes; c++)
        e->dz[c] = e->a[net->layers][c] - smoothing / (double)classes;
    e->dz[label] -= 1 - smoothing;
    for (size_t l = net->layers; l-- > 0;) {
        const size_t inputs = net->sizes[l], outputs = net->sizes[l + 1];
        const double *w = e->parameters + e->common.base.layout.weights[l];
        double *dw = e->gradient + e->common.base.layout.weights[l];
        add_scaled(e->gradient + e->common.base.layout.bias[l], 1, e->dz, outputs);
        for (size_t h = 0; h < outputs; h++)
            if (e->dz[h] != 0) /* a unit whose ReLU is 0 adds nothing */
                add_scaled(dw + h * inputs, e->dz[h], e->a[l], inputs);
        if (l == 0)
            break;
        memset(e->da, 0, inputs * sizeof *e->da);
        for (size_t h = 0; h < outputs; h++)
            add_scaled(e->da, e->dz[h], w + h * inputs, inputs);
        for (size_t i = 0; i < inputs; i++)
            e->dz[i] = e->slopes[l][i] * e->da[i];
    }
}

/* ---- The engine ---- */

static gradus_status reference_gradient(engine *base, size_t first, size_t count)
{
    reference *e = (reference *)base;
    const size_t classes = base->network.sizes[base->network.layers], length = base->layout.length;
    memset(e->gradient, 0, length * sizeof *e->gradient);
    e->common.sums = (batch_sums){0, 0};
    for (size_t i = first; i < first + count; i++) {
        const size_t s = gr_host_engine_sample(&e->common, i);
        forward(e, s, true);
        add_loss(e->a[base->network.layers], classes, base->dataset->labels[s],
                 (double)base->regularization.label_smoothing, &e->common.sums);
        backward(e, base->dataset->labels[s]);
    }
    for (size_t i = 0; i < length; i++)
        e->gradient[i] /= (double)count;
    return GRADUS_OK;
}

/* A parameter beyond the range of a float counts as infinite, as on any device. */
static gradus_status reference_update(engine *base, const update_step *step)
{
    reference *e = (reference *)base;
    gr_optimizer_update_double(&base->optimizer, step, &base->network, &base->layout, e->parameters, e->gradient,
                               e->first, e->second);
    for (size_t i = 0; i < base->layout.length; i++)
        if (fabs(e->parameters[i]) > (double)FLT_MAX)
            e->parameters[i] = copysign(INFINITY, e->parameters[i]);
    gr_host_engine_note_step(&e->common);
    return GRADUS_OK;
}

static gradus_status reference_evaluate(engine *base, size_t first, size_t count)
{
    reference *e = (reference *)base;
    e->common.sums = (batch_sums){0, 0};
    for (size_t i = first; i < first + count; i++) {
        const size_t s = gr_host_engine_sample(&e->common, i);
        forward(e, s, false);
        add_loss(e->a[base->network.layers], base->network.sizes[base->network.layers], base->dataset->labels[s], 0,
                 &e->common.sums);
    }
    return GRADUS_OK;
}

static gradus_status reference_probabilities(engine *base, float *out)
{
    reference *e = (reference *)base;
    const size_t classes = base->network.sizes[base->network.layers];
    for (size_t s = 0; s < base->dataset->info.samples; s++) {
        double *output = e->a[base->network.layers];
        forward(e, s, false);
        softmax(output, classes);
        for (size_t c = 0; c < classes; c++)
            out[s * classes + c] = (float)output[c];
    }
    return GRADUS_OK;
}

static gradus_status reference_write_parameters(engine *base, const float *parameters)
{
    reference *e = (reference *)base;
    for (size_t i = 0; i < base->layout.length; i++)
        e->parameters[i] = (double)parameters[i];
    for (size_t i = 0; e->first != NULL && i < base->layout.length; i++)
        e->first[i] = 0;
    for (size_t i = 0; e->second != NULL && i < base->layout.length; i++)
        e->second[i] = 0;
    gr_host_engine_begin(&e->common);
    return GRADUS_OK;
}

static gradus_status reference_read_parameters(engine *base, float *parameters)
{
    const reference *e = (const reference *)base;
    for (size_t i = 0; i < base->layout.length; i++)
        parameters[i] = (float)e->parameters[i];
    return GRADUS_OK;
}

static gradus_status reference_read_state(engine *base, const engine_state *state)
{
    const reference *e = (const reference *)base;
    gr_host_engine_read_state(&e->common, (void *[]){e->parameters, e->kept, e->first, e->second}, state);
    return GRADUS_OK;
}

static gradus_status reference_write_state(engine *base, const engine_state *state)
{
    reference *e = (reference *)base;
    gr_host_engine_write_state(&e->common, (void *[]){e->parameters, e->kept, e->first, e->second}, state);
    return GRADUS_OK;
}

static gradus_status reference_keep_parameters(engine *base)
{
    reference *e = (reference *)base;
    if (gr_host_engine_is_sound(&e->common))
        memcpy(e->kept, e->parameters, base->layout.length * sizeof *e->kept);
    return GRADUS_OK;
}

static gradus_status reference_restore_parameters(engine *base)
{
    reference *e = (reference *)base;
    memcpy(e->parameters, e->kept, base->layout.length * sizeof *e->kept);
    return GRADUS_OK;
}

static gradus_status reference_read_gradient(engine *base, float *gradient)
{
    const reference *e = (const reference *)base;
    for (size_t i = 0; i < base->layout.length; i++)
        gradient[i] = (float)e->gradient[i];
    return GRADUS_OK;
}

static void reference_destroy(engine *base)
{
    reference *e = (reference *)base;
    for (size_t l = 0; l <= base->network.layers; l++) {
        free(e->a[l]);
        free(e->slopes[l]);
    }
    free(e->factors);
    free(e->pixels);
    gr_host_engine_release(&e->common);
    free(e->dz);
    free(e->da);
    free(e->gradient);
    free(e->first);
    free(e->second);
    free(e->kept);
    free(e->parameters);
    free(e);
}

static gradus_status reference_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    (void)device;
    reference *e = NULL;
    size_t largest = 0;

    TRY(gr_allocate(1, &e));
    TRY(gr_host_engine_init(&e->common, base));
    for (size_t l = 0; l <= base->network.layers; l++) {
        TRY(gr_allocate(base->network.sizes[l], &e->a[l]));
        TRY(gr_allocate(base->network.sizes[l], &e->slopes[l]));
        largest = base->network.sizes[l] > largest ? base->network.sizes[l] : largest;
    }
    TRY(gr_allocate(base->network.sizes[0], &e->pixels));
    TRY(gr_allocate(largest, &e->dz));
    TRY(gr_allocate(largest, &e->da));
    TRY(gr_allocate(largest, &e->factors));
    TRY(gr_allocate(base->layout.length, &e->parameters));
    TRY(gr_allocate(base->layout.length, &e->kept));
    TRY(gr_allocate(base->layout.length, &e->gradient));
    if (gr_optimizer_has_first_moment(&base->optimizer))
        TRY(gr_allocate(base->layout.length, &e->first));
    if (gr_optimizer_has_second_moment(&base->optimizer))
        TRY(gr_allocate(base->layout.length, &e->second));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        reference_destroy(&e->common.base);
    return status;
}

const engine_type gr_engine_reference = {
    .name = "reference",
    .needs_device = false,
    .in_double = true,
    .create = reference_create,
    .write_parameters = reference_write_parameters,
    .read_parameters = reference_read_parameters,
    .read_state = reference_read_state,
    .write_state = reference_write_state,
    .shuffle = gr_host_engine_shuffle,
    .gradient = reference_gradient,
    .update = reference_update,
    .evaluate = reference_evaluate,
    .keep_parameters = reference_keep_parameters,
    .restore_parameters = reference_restore_parameters,
    .send_sums = gr_host_engine_send_sums,
    .await_sums = gr_host_engine_await_sums,
    .read_sums = gr_host_engine_read_sums,
    .read_gradient = reference_read_gradient,
    .probabilities = reference_probabilities,
    .destroy = reference_destroy,
};
