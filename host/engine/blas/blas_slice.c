/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "blas", the mathematics: one slice of n samples through the network and back, on one thread. For CBLAS every
 * matrix is column-major; W (O x I), which is stored row after row, is the transpose of a matrix I x O there.
 */
#include "engine/blas/blas_state.h"
#include "engine/common/activation.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* The factor of a layer's products: the first layer's inputs may be the values of bytes. */
static float input_scale(const blas *e, size_t layer)
{
    return layer == 0 && !e->transforms ? gr_network_input(&e->common.base.network).scale : 1;
}

/* ---- ReLU ---- */

/* NaN stays NaN, so that the loss becomes NaN. */
static void relu_forward(float *z, size_t elements)
{
    for (size_t i = 0; i < elements; i++)
        z[i] = z[i] <= 0 ? 0 : z[i];
}

static void relu_backward(const float *a, float *dz, size_t elements)
{
    for (size_t i = 0; i < elements; i++)
        dz[i] = a[i] > 0 ? dz[i] : 0;
}

/* ---- Softmax of one column ---- */

typedef struct column_softmax {
    size_t largest; /* index of the first largest logit */
    float maximum;  /* its value */
    float sum;      /* of exp(z - maximum) */
} column_softmax;

/* Replaces the logits z (C) by their probabilities in p (C), which may be z. */
static column_softmax softmax(const float *z, size_t classes, float *p)
{
    column_softmax s = {0, z[0], 0};
    for (size_t c = 1; c < classes; c++)
        if (z[c] > s.maximum) {
            s.largest = c;
            s.maximum = z[c];
        }
    for (size_t c = 0; c < classes; c++) {
        p[c] = expf(z[c] - s.maximum);
        s.sum += p[c];
    }
    const float factor = 1 / s.sum;
    for (size_t c = 0; c < classes; c++)
        p[c] *= factor;
    return s;
}

static float mean(const float *z, size_t classes)
{
    float sum = 0;
    for (size_t c = 0; c < classes; c++)
        sum += z[c];
    return sum / (float)classes;
}

/* ---- The slice ---- */

static void expand_bytes(const uint8_t *bytes, size_t elements, float *out)
{
    for (size_t i = 0; i < elements; i++)
        out[i] = (float)bytes[i];
}

/* values[i] *= factors[i] */
static void multiply(const float *factors, size_t elements, float *values)
{
    for (size_t i = 0; i < elements; i++)
        values[i] *= factors[i];
}

/* Writes the data set's sample of this number to x (F), in the form that the first layer's products read. */
static void take_sample(const blas *e, blas_part *part, size_t sample, bool training, float *x)
{
    const engine *base = &e->common.base;
    const size_t features = base->network.sizes[0];
    const input_transform input = gr_network_input(&base->network);
    if (base->network.floats)
        memcpy(x, base->dataset->floats + sample * features, features * sizeof *x);
    else
        expand_bytes(gr_host_engine_pixels(&e->common, sample, training, part->pixels), features, x);
    for (size_t f = 0; e->transforms && f < features; f++)
        x[f] = x[f] * input.scale + input.offset;
    if (training && base->regularization.input_dropout > 0) {
        gr_host_engine_draw(&e->common, 0, sample, part->factors);
        multiply(part->factors, features, x);
    }
}

/* Applies activation and dropout of hidden layer l to z (O x n), in place. */
static void activate(const blas *e, blas_part *part, size_t l, size_t first, size_t n, bool training)
{
    const engine *base = &e->common.base;
    const size_t units = base->network.sizes[l + 1];
    float *z = part->a[l + 1], *slopes = part->slopes[l];
    if (slopes == NULL) {
        relu_forward(z, units * n);
        return;
    }
    gr_activate(base->network.activation, units * n, z, z, slopes);
    for (size_t s = 0; training && base->regularization.dropout > 0 && s < n; s++) {
        gr_host_engine_draw(&e->common, l + 1, gr_host_engine_sample(&e->common, first + s), part->factors);
        multiply(part->factors, units, z + s * units);
        multiply(part->factors, units, slopes + s * units);
    }
}

static void bias_broadcast(const float *b, size_t rows, size_t columns, float *z)
{
    for (size_t s = 0; s < columns; s++)
        memcpy(z + s * rows, b, rows * sizeof *z);
}

void gr_blas_forward(const blas *e, blas_part *part, size_t first, size_t n, bool training)
{
    const gradus_network *net = &e->common.base.network;
    for (size_t s = 0; s < n; s++)
        take_sample(e, part, gr_host_engine_sample(&e->common, first + s), training, part->a[0] + s * net->sizes[0]);
    for (size_t l = 0; l < net->layers; l++) {
        const size_t inputs = net->sizes[l], outputs = net->sizes[l + 1];
        const float *w = e->parameters + e->common.base.layout.weights[l]; /* (O x I) */
        float *z = part->a[l + 1];                                         /* (O x n) */
        bias_broadcast(e->parameters + e->common.base.layout.bias[l], outputs, n, z);
        cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)outputs, (int)n, (int)inputs, input_scale(e, l), w,
                    (int)inputs, part->a[l], (int)inputs, 1, z, (int)outputs);
        if (l + 1 < net->layers)
            activate(e, part, l, first, n, training);
    }
}

void gr_blas_softmax_cross_entropy(const blas *e, blas_part *part, size_t first, size_t n, bool training)
{
    const size_t classes = e->common.base.network.sizes[e->common.base.network.layers];
    const float smoothing = training ? e->common.base.regularization.label_smoothing : 0;
    for (size_t s = 0; s < n; s++) {
        float *z = part->a[e->common.base.network.layers] + s * classes; /* (C) */
        const size_t label = e->common.base.dataset->labels[gr_host_engine_sample(&e->common, first + s)];
        const float logit = (1 - smoothing) * z[label] + (smoothing == 0 ? 0 : smoothing * mean(z, classes));
        const column_softmax column = softmax(z, classes, z);
        part->sums.loss += (double)(column.maximum - logit + logf(column.sum));
        part->sums.correct += column.largest == label;
        z[label] -= 1 - smoothing;
        for (size_t c = 0; smoothing != 0 && c < classes; c++)
            z[c] -= smoothing / (float)classes;
    }
}

void gr_blas_softmax(const blas *e, const blas_part *part, size_t n, float *out)
{
    const size_t classes = e->common.base.network.sizes[e->common.base.network.layers];
    for (size_t s = 0; s < n; s++)
        softmax(part->a[e->common.base.network.layers] + s * classes, classes, out + s * classes);
}

void gr_blas_backward(const blas *e, blas_part *part, size_t n, float scale)
{
    const gradus_network *net = &e->common.base.network;
    for (size_t l = net->layers; l-- > 0;) {
        const size_t inputs = net->sizes[l], outputs = net->sizes[l + 1];
        const float *w = e->parameters + e->common.base.layout.weights[l], *dz = part->dz[l]; /* (O x I), (O x n) */
        float *dw = part->gradient + e->common.base.layout.weights[l];                        /* (O x I) */
        float *db = part->gradient + e->common.base.layout.bias[l];                           /* (O) */
        cblas_sgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)inputs, (int)outputs, (int)n,
                    scale * input_scale(e, l), part->a[l], (int)inputs, dz, (int)outputs, 1, dw, (int)inputs);
        cblas_sgemv(CblasColMajor, CblasNoTrans, (int)outputs, (int)n, scale, dz, (int)outputs, e->ones, 1, 1, db, 1);
        if (l > 0) {
            float *da = part->dz[l - 1]; /* (I x n) */
            cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)inputs, (int)n, (int)outputs, 1, w,
                        (int)inputs, dz, (int)outputs, 0, da, (int)inputs);
            part->slopes[l - 1] == NULL ? relu_backward(part->a[l], da, inputs * n)
                                        : multiply(part->slopes[l - 1], inputs * n, da);
        }
    }
}
