/* SPDX-License-Identifier: Apache-2.0 */
/* Creates engine "layered": the number of samples of a slice, the buffers, the launches and products. */
#include "core/memory.h"
#include "engine/layered/layered_state.h"
#include "engine/opencl/activation_kernels.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOAT sizeof(cl_float)

static size_t maximum(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The largest number of samples of a slice. */
static size_t samples_at_once(const layered *e)
{
    const engine *base = &e->common.base;
    const size_t samples = base->dataset->info.samples;
    return base->batch > 0 && base->batch < samples ? base->batch : samples;
}

static gradus_status choose_products(layered *e)
{
    gradus_status status = GRADUS_OK;
    for (size_t l = 1; l < e->common.base.network.layers; l++)
        TRY(gr_layer_products_choose(&e->common, l, samples_at_once(e), false, &e->layers[l].products));
cleanup:
    return status;
}

/* ---- Sizes for a given S, in bytes ---- */

typedef struct sizes {
    first_products_sizes first;
    size_t partial, scratch;
    size_t largest, total; /* of the buffers except X, and of all */
} sizes;

/* Measures the scratch memory, which the products of all layers share. */
static gradus_status measure_scratch(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    out->scratch = out->first.scratch;
    for (size_t l = 1; l < e->common.base.network.layers; l++) {
        size_t bytes = 0;
        TRY(gr_layer_products_resize(&e->common, &e->layers[l].products, e->slice, &bytes));
        out->scratch = maximum(out->scratch, bytes);
    }
cleanup:
    return status;
}

static gradus_status measure(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    const engine *base = &e->common.base;
    const gradus_device *device = e->common.device;
    const gradus_network *net = &base->network;
    const size_t s = e->slice;
    sizes now = {0};

    TRY(e->first->type->measure(e->first, s, &now.first));
    TRY(measure_scratch(e, &now));
    now.partial = FLOAT * gr_row_sums_partial_size(device, METRICS, s);
    now.largest = maximum(now.first.largest_rest, now.scratch);
    size_t matrices = FLOAT * METRICS * s;
    for (size_t l = 0; l < net->layers; l++) {
        const size_t outputs = FLOAT * s * net->sizes[l + 1];
        now.partial = maximum(now.partial, FLOAT * gr_row_sums_partial_size(device, net->sizes[l + 1], s));
        now.largest = maximum(now.largest, outputs);
        matrices += outputs * (l + 1 == net->layers ? 1 : gr_engine_is_plain(base) ? 2 : 3);
    }
    const size_t samples =
        base->batch > 0 ? gr_batch_source_bytes(base->dataset, s) : now.first.x + base->dataset->info.samples;
    now.total = samples + now.first.rest + gr_device_engine_bytes(base) + now.partial + matrices + now.scratch;
    *out = now;
cleanup:
    return status;
}

/* Chooses the fewest slices that fit: halves S, beginning with all samples. If even one sample per slice does not fit,
 * X itself is too large. */
static gradus_status choose_slice(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *data = &e->common.base.dataset->info;
    for (size_t slices = 1;; slices *= 2) {
        e->slice = gr_divide_up(samples_at_once(e), slices);
        TRY(measure(e, out));
        if (maximum(out->first.largest_x, out->largest) <= e->common.device->info.max_allocation_bytes &&
            out->total <= e->common.device->memory_limit)
            break;
        if (e->slice == 1) {
            const double samples = (double)data->samples;
            const double sample_bytes = (double)out->first.x / samples + 1; /* and its label */
            const memory_need need = {sample_bytes, (double)out->first.largest_x / samples,
                                      (double)out->total - sample_bytes * samples};
            TRY(gr_device_engine_check_fit(&e->common, &need));
            break;
        }
    }
cleanup:
    return status;
}

/* ---- Buffers ---- */

/* Zeroed, because the padding of a slice is part of the products, and 0 * NaN is NaN. */
static gradus_status create_matrices(layered *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    gradus_device *device = e->common.device;
    for (size_t l = 0; l < net->layers; l++) {
        layer_plan *layer = &e->layers[l];
        const size_t bytes = FLOAT * e->slice * net->sizes[l + 1];
        const bool hidden = l + 1 < net->layers;
        TRY(gr_buffer_create_zeroed(device, bytes, "activations", &layer->a));
        if (hidden)
            TRY(gr_buffer_create_zeroed(device, bytes, "gradients of activations", &layer->dz));
        else
            layer->dz = layer->a;
        if (hidden && !gr_engine_is_plain(&e->common.base))
            TRY(gr_buffer_create_zeroed(device, bytes, "slopes of activations", &layer->slopes));
    }
cleanup:
    return status;
}

static gradus_status create_buffers(layered *e, const sizes *bytes)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const engine *base = &e->common.base;

    if (base->batch > 0)
        TRY(gr_batch_source_create(device, base->dataset, &base->augmentation, e->slice, &e->source));
    else if (base->dataset->labels != NULL) {
        TRY(gr_buffer_create(device, base->dataset->info.samples, "the labels", &e->labels));
        TRY(gr_buffer_write(device, e->labels, 0, base->dataset->info.samples, base->dataset->labels));
    }
    TRY(create_matrices(e));
    TRY(gr_buffer_create(device, FLOAT * METRICS * e->slice, "metrics", &e->sample_metrics));
    TRY(gr_buffer_create(device, bytes->partial, "partial sums", &e->partial));
    if (bytes->scratch > 0)
        TRY(gr_buffer_create(device, bytes->scratch, "the products' scratch memory", &e->scratch));
cleanup:
    return status;
}

/* ---- Launches ---- */

static gradus_status plan_activation(layered *e, size_t l)
{
    gradus_status status = GRADUS_OK;
    const engine *base = &e->common.base;
    const size_t units = base->network.sizes[l + 1];
    const dropout_source dropout = {base->regularization.dropout, (cl_uint)(l + 1), e->common.record.progress,
                                    e->source == NULL ? NULL : e->source->order};
    layer_plan *layer = &e->layers[l];
    TRY(gr_activation_forward(e->common.device, base->network.activation, &dropout, layer->a, layer->slopes, units,
                              e->slice, &layer->activation_forward));
    TRY(gr_activation_backward(e->common.device, layer->slopes, layer->dz, units * e->slice,
                               &layer->activation_backward));
cleanup:
    return status;
}

static gradus_status plan_products(layered *e, size_t l)
{
    layer_plan *layer = &e->layers[l];
    const first_products_buffers first = {layer->a, layer->dz, e->scratch, e->source};
    if (l == 0)
        return e->first->type->plan(e->first, e->slice, &first);
    const cl_mem input = layer[-1].a;
    const layer_matrices matrices = {{input, input, input}, layer->a, layer->dz, layer[-1].dz, e->scratch};
    return gr_layer_products_create(&e->common, l, &matrices, &layer->products);
}

static gradus_status plan_launches(layered *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    const size_t classes = net->sizes[net->layers];
    const cl_mem logits = e->layers[net->layers - 1].a;
    const cl_mem labels = e->source == NULL ? e->labels : e->source->batch_labels;
    gradus_device *device = e->common.device;

    for (size_t l = 0; l < net->layers; l++) {
        layer_plan *layer = &e->layers[l];
        TRY(plan_products(e, l));
        TRY(gr_row_sums(device, layer->dz, net->sizes[l + 1], e->slice, e->partial, e->common.gradient,
                        e->common.base.layout.bias[l], &layer->bias_gradient));
        if (layer->slopes != NULL)
            TRY(plan_activation(e, l));
    }
    TRY(gr_softmax_forward(device, logits, classes, e->slice, &e->softmax_forward));
    TRY(gr_softmax_cross_entropy(device, logits, labels, e->sample_metrics, classes, e->slice,
                                 &e->softmax_cross_entropy));
    TRY(gr_row_sums(device, e->sample_metrics, METRICS, e->slice, e->partial, e->common.record.sums, 0,
                    &e->metric_sums));
cleanup:
    return status;
}

/* ---- Description ---- */

void gr_layered_describe(const engine *base, char *text, size_t size)
{
    const layered *e = (const layered *)base;
    size_t used = (size_t)snprintf(text, size, "slices of %zu samples%s\n", e->slice, e->first->note);
    if (used < size)
        used += e->first->type->describe(e->first, text + used, size - used);
    for (size_t l = 1; l < base->network.layers && used < size; l++)
        used += gr_layer_products_describe(&e->layers[l].products, text + used, size - used);
}

/* ---- Creation and destruction ---- */

gradus_status gr_layered_create(const engine *base, gradus_device *device, const first_products_type *first,
                                engine **out)
{
    gradus_status status = GRADUS_OK;
    layered *e = NULL;
    sizes bytes;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    TRY(first->create(&e->common, samples_at_once(e), &e->first));
    TRY(choose_products(e));
    TRY(choose_slice(e, &bytes));
    TRY(create_buffers(e, &bytes));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_layered_destroy(&e->common.base);
    return status;
}

static void destroy_layer(layer_plan *layer)
{
    gr_layer_products_destroy(&layer->products);
    gr_row_sums_destroy(&layer->bias_gradient);
    gr_launch_destroy(&layer->activation_forward);
    gr_launch_destroy(&layer->activation_backward);
    gr_buffer_release(&layer->slopes);
    if (layer->dz != layer->a)
        gr_buffer_release(&layer->dz);
    gr_buffer_release(&layer->a);
}

void gr_layered_destroy(engine *base)
{
    layered *e = (layered *)base;
    (void)gr_device_finish_promptly(e->common.device);
    if (e->first != NULL)
        e->first->type->destroy(e->first);
    gr_batch_source_destroy(e->source);
    gr_launch_destroy(&e->softmax_forward);
    gr_launch_destroy(&e->softmax_cross_entropy);
    gr_row_sums_destroy(&e->metric_sums);
    for (size_t l = 0; l < base->network.layers; l++)
        destroy_layer(&e->layers[l]);
    cl_mem *const buffers[] = {&e->labels, &e->sample_metrics, &e->partial, &e->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
    gr_device_engine_release(&e->common);
    free(e);
}
