/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "layered" is made here: how many samples a slice has, the buffers, the launches and products. */
#include "core/memory.h"
#include "engine/layered/layered.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOAT sizeof(cl_float)

static size_t maximum(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The most that a slice can have. */
static size_t samples_at_once(const layered *e)
{
    const engine *base = &e->common.base;
    const size_t samples = base->dataset->info.samples;
    return base->batch > 0 && base->batch < samples ? base->batch : samples;
}

/* ---- Products ---- */

static gemm_shape product_shape(const layered *e, size_t l, gemm_kind kind)
{
    gemm_shape shape = gr_gemm_layer_shape(&e->common.base.network, l, kind, e->slice);
    shape.relu = shape.relu && gr_engine_is_plain(&e->common.base);
    shape.pixels = shape.pixels && !e->transforms;
    return shape;
}

/* The products of a layer that GEMMs compute; the first layer's may be sparse. */
static size_t product_kinds(const layered *e, size_t l)
{
    return l == 0 && e->sparse != NULL ? 0 : gr_gemm_kinds(l);
}

/* Whether the product reads X as the data set has it. */
static bool takes_x(const layered *e, size_t l, gemm_kind kind)
{
    return l == 0 && !e->transforms && gr_gemm_takes_bytes(&e->choices[l].by[kind].candidate);
}

static gradus_status choose_products(layered *e)
{
    gradus_status status = GRADUS_OK;
    e->slice = samples_at_once(e);
    for (size_t l = 0; l < e->common.base.network.layers; l++)
        for (size_t kind = 0; kind < product_kinds(e, l); kind++) {
            const gemm_shape shape = product_shape(e, l, (gemm_kind)kind);
            TRY(gr_gemm_choose(e->common.device, &shape, &e->choices[l].by[kind]));
            e->expands |= l == 0 && !takes_x(e, l, (gemm_kind)kind);
        }
    /* For floats there is no third way beside reading X and being given all of a slice. */
    e->transforms |= e->expands && e->common.base.network.floats;
cleanup:
    return status;
}

static gradus_status scratch_bytes(layered *e, size_t *out)
{
    gradus_status status = GRADUS_OK;
    size_t largest = 0, bytes = 0;
    for (size_t l = 0; l < e->common.base.network.layers; l++)
        for (size_t kind = 0; kind < product_kinds(e, l); kind++) {
            const gemm_shape shape = product_shape(e, l, (gemm_kind)kind);
            TRY(gr_gemm_scratch_size(e->common.device, &shape, &e->choices[l].by[kind].candidate, &bytes));
            largest = maximum(largest, bytes);
        }
    *out = largest;
cleanup:
    return status;
}

/* ---- How large everything is for a given S ---- */

typedef struct sizes {
    size_t x, largest_x;                         /* bytes of X on the device, and of its largest buffer */
    size_t expanded, products, partial, scratch; /* bytes; products: of the sparse ones, without X */
    size_t largest, total;                       /* of the buffers that depend on S or are products', and of all */
} sizes;

static gradus_status measure(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    const size_t s = e->slice;
    sizes now = {0};

    now.x = now.largest_x =
        e->common.base.dataset->info.samples * net->sizes[0] * gr_dataset_feature_size(e->common.base.dataset);
    now.largest = now.expanded = e->expands ? FLOAT * gr_expand_bytes_size(s * net->sizes[0]) : 0;
    if (e->sparse != NULL) {
        now.x = gr_compressed_bytes(&e->sparse->shape, &now.largest_x);
        now.products = gr_sparse_products_bytes(e->sparse, &now.largest);
    }
    now.partial = FLOAT * gr_row_sums_partial_size(2, s);
    size_t slices_total = now.expanded + FLOAT * 2 * s;
    for (size_t l = 0; l < net->layers; l++) {
        const size_t outputs = FLOAT * s * net->sizes[l + 1];
        now.partial = maximum(now.partial, FLOAT * gr_row_sums_partial_size(net->sizes[l + 1], s));
        now.largest = maximum(now.largest, outputs);
        slices_total += outputs * (l + 1 == net->layers ? 1 : gr_engine_is_plain(&e->common.base) ? 2 : 3);
    }
    TRY(scratch_bytes(e, &now.scratch));
    now.largest = maximum(now.largest, now.scratch);
    const size_t there = e->common.base.batch > 0 ? gr_batch_source_bytes(e->common.base.dataset, s)
                                                  : now.x + e->common.base.dataset->info.samples;
    now.total =
        there + gr_device_engine_bytes(&e->common.base) + now.partial + slices_total + now.scratch + now.products;
    *out = now;
cleanup:
    return status;
}

/* Takes the fewest slices that fit: halving S from all samples on. When even one sample at a time is too much, it is X
 * itself. */
static gradus_status choose_slice(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *data = &e->common.base.dataset->info;
    for (size_t slices = 1;; slices *= 2) {
        e->slice = gr_divide_up(samples_at_once(e), slices);
        TRY(measure(e, out));
        if (maximum(out->largest_x, out->largest) <= e->common.device->info.max_allocation_bytes &&
            out->total <= e->common.device->memory_limit)
            break;
        if (e->slice == 1) {
            const double samples = (double)data->samples;
            const double sample_bytes = (double)out->x / samples + 1; /* and its label */
            const memory_need need = {sample_bytes, (double)out->largest_x / samples,
                                      (double)out->total - sample_bytes * samples};
            TRY(gr_device_engine_check_fit(&e->common, &need));
            break;
        }
    }
cleanup:
    return status;
}

/* ---- Buffers ---- */

/* Zeroed, because what pads a slice takes part in the products, and 0 * NaN is NaN. */
static gradus_status create_buffers(layered *e, const sizes *bytes)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;

    if (e->source == NULL && e->sparse == NULL)
        TRY(gr_buffer_create(e->common.device, bytes->x, "X", &e->x));
    if (e->expands)
        TRY(gr_buffer_create_zeroed(e->common.device, bytes->expanded, "X as floats", &e->a[0]));
    if (e->source == NULL && e->common.base.dataset->labels != NULL)
        TRY(gr_buffer_create(e->common.device, e->common.base.dataset->info.samples, "the labels", &e->labels));
    for (size_t l = 0; l < net->layers; l++) {
        const size_t outputs = FLOAT * e->slice * net->sizes[l + 1];
        TRY(gr_buffer_create_zeroed(e->common.device, outputs, "activations", &e->a[l + 1]));
        if (l + 1 < net->layers)
            TRY(gr_buffer_create_zeroed(e->common.device, outputs, "gradients of activations", &e->dz[l]));
        if (l + 1 < net->layers && !gr_engine_is_plain(&e->common.base))
            TRY(gr_buffer_create_zeroed(e->common.device, outputs, "slopes of activations", &e->slopes[l]));
    }
    e->dz[net->layers - 1] = e->a[net->layers];
    TRY(gr_buffer_create(e->common.device, FLOAT * 2 * e->slice, "metrics", &e->sample_metrics));
    TRY(gr_buffer_create(e->common.device, bytes->partial, "partial sums", &e->partial));
    if (bytes->scratch > 0)
        TRY(gr_buffer_create(e->common.device, bytes->scratch, "GEMM scratch", &e->scratch));
cleanup:
    return status;
}

static gradus_status upload(layered *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    if (e->source != NULL)
        return GRADUS_OK;
    if (e->sparse == NULL)
        TRY(gr_buffer_write(e->common.device, e->x, 0,
                            data->info.samples * data->info.features * gr_dataset_feature_size(data),
                            gr_dataset_x(data)));
    if (data->labels != NULL)
        TRY(gr_buffer_write(e->common.device, e->labels, 0, data->info.samples, data->labels));
cleanup:
    return status;
}

/* Every slice then begins at sample 0 of what was gathered. */
static gradus_status create_source(layered *e)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_batch_source_create(e->common.device, e->common.base.dataset, &e->common.base.augmentation, e->slice,
                               &e->source));
    e->x = e->source->batch;
    e->labels = e->source->batch_labels;
cleanup:
    return status;
}

/* ---- Launches ---- */

static gradus_status plan_product(layered *e, size_t l, gemm_kind kind, gemm *out)
{
    const gemm_shape shape = product_shape(e, l, kind);
    const gemm_candidate *candidate = &e->choices[l].by[kind].candidate;
    const parameter_layout *layout = &e->common.base.layout;
    const gemm_buffers buffers = {
        .samples = takes_x(e, l, kind) ? e->x : e->a[l],
        .outputs = kind == GEMM_FORWARD ? e->a[l + 1] : e->dz[l],
        .parameters = kind == GEMM_WEIGHT_GRADIENT ? e->common.gradient : e->common.parameters,
        .weights_at = layout->weights[l],
        .bias_at = layout->bias[l],
        .below = kind == GEMM_INPUT_GRADIENT ? e->dz[l - 1] : NULL,
    };
    return gr_gemm_create(e->common.device, &shape, candidate, &buffers, e->scratch, out);
}

static dropout_source dropout_of(const layered *e, size_t layer)
{
    const regularization *how = &e->common.base.regularization;
    return (dropout_source){layer == 0 ? how->input_dropout : how->dropout, (cl_uint)layer, e->common.record.progress,
                            e->source == NULL ? NULL : e->source->order};
}

static gradus_status plan_activation(layered *e, size_t l)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    const dropout_source source = dropout_of(e, l + 1);
    TRY(gr_activation_forward(e->common.device, net->activation, &source, e->a[l + 1], e->slopes[l], net->sizes[l + 1],
                              e->slice, &e->layers[l].activation_forward));
    TRY(gr_activation_backward(e->common.device, e->slopes[l], e->dz[l], net->sizes[l + 1] * e->slice,
                               &e->layers[l].activation_backward));
cleanup:
    return status;
}

/* What fills a[0]. */
static gradus_status plan_input(layered *e)
{
    const size_t features = e->common.base.network.sizes[0];
    const input_transform input = gr_network_input(&e->common.base.network);
    const dropout_source source = dropout_of(e, 0);
    return e->transforms ? gr_input_transform(e->common.device, &input, &source, e->x, e->a[0], features, e->slice,
                                              &e->input_transform)
                         : gr_expand_bytes(e->common.device, e->x, e->a[0], e->slice * features, &e->expand_bytes);
}

static gradus_status plan_layer(layered *e, size_t l)
{
    gradus_status status = GRADUS_OK;
    layer_plan *layer = &e->layers[l];
    if (product_kinds(e, l) > 0) {
        TRY(plan_product(e, l, GEMM_FORWARD, &layer->forward));
        TRY(plan_product(e, l, GEMM_WEIGHT_GRADIENT, &layer->weight_gradient));
    }
    TRY(gr_row_sums(e->common.device, e->dz[l], e->common.base.network.sizes[l + 1], e->slice, e->partial,
                    e->common.gradient, e->common.base.layout.bias[l], &layer->bias_gradient));
    if (l > 0)
        TRY(plan_product(e, l, GEMM_INPUT_GRADIENT, &layer->input_gradient));
    if (e->slopes[l] != NULL)
        TRY(plan_activation(e, l));
cleanup:
    return status;
}

static gradus_status plan_launches(layered *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    const size_t classes = net->sizes[net->layers];
    cl_mem logits = e->a[net->layers];

    for (size_t l = 0; l < net->layers; l++)
        TRY(plan_layer(e, l));
    if (e->sparse != NULL)
        TRY(gr_sparse_products_plan(e->sparse, e->slice, e->a[1], e->dz[0]));
    if (e->expands)
        TRY(plan_input(e));
    TRY(gr_softmax_forward(e->common.device, logits, classes, e->slice, &e->softmax_forward));
    TRY(gr_softmax_cross_entropy(e->common.device, logits, e->labels, e->sample_metrics, classes, e->slice,
                                 &e->softmax_cross_entropy));
    TRY(gr_row_sums(e->common.device, e->sample_metrics, 2, e->slice, e->partial, e->common.record.sums, 0,
                    &e->metric_sums));
cleanup:
    return status;
}

/* ---- What was decided ---- */

void gr_layered_describe(const engine *base, char *text, size_t size)
{
    const layered *e = (const layered *)base;
    size_t used = (size_t)snprintf(text, size, "slices of %zu samples%s\n", e->slice,
                                   !e->expands            ? ""
                                   : base->network.floats ? ", X copied"
                                                          : ", X expanded to floats");
    for (size_t l = 0; l < base->network.layers; l++)
        for (size_t kind = 0; kind < product_kinds(e, l) && used < size; kind++) {
            const gemm_shape shape = product_shape(e, l, (gemm_kind)kind);
            char product[GEMM_CHOICE_TEXT];
            gr_gemm_describe(&shape, &e->choices[l].by[kind], product);
            used += (size_t)snprintf(text + used, size - used, "%s\n", product);
        }
}

/* ---- Life cycle ---- */

static gradus_status create(const engine *base, gradus_device *device, bool sparse, engine **out)
{
    gradus_status status = GRADUS_OK;
    layered *e = NULL;
    sizes bytes;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    e->samples_first = SIZE_MAX;
    e->transforms = base->network.input_deviation != 0 || base->regularization.input_dropout > 0;
    if (sparse)
        TRY(gr_sparse_products_create(&e->common, &e->sparse));
    TRY(choose_products(e));
    TRY(choose_slice(e, &bytes));
    if (base->batch > 0)
        TRY(create_source(e));
    TRY(create_buffers(e, &bytes));
    TRY(upload(e));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_layered_destroy(&e->common.base);
    return status;
}

gradus_status gr_layered_create(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, false, out);
}

gradus_status gr_sparse_create(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, true, out);
}

void gr_layered_destroy(engine *base)
{
    layered *e = (layered *)base;
    (void)gr_device_finish_promptly(e->common.device);
    gr_sparse_products_destroy(e->sparse);
    if (e->source != NULL)
        e->x = e->labels = NULL; /* its own */
    gr_batch_source_destroy(e->source);
    gr_launch_destroy(&e->expand_bytes);
    gr_launch_destroy(&e->input_transform);
    gr_launch_destroy(&e->softmax_forward);
    gr_launch_destroy(&e->softmax_cross_entropy);
    gr_row_sums_destroy(&e->metric_sums);
    for (size_t l = 0; l < base->network.layers; l++) {
        layer_plan *layer = &e->layers[l];
        gr_gemm_destroy(&layer->forward);
        gr_gemm_destroy(&layer->weight_gradient);
        gr_gemm_destroy(&layer->input_gradient);
        gr_row_sums_destroy(&layer->bias_gradient);
        gr_launch_destroy(&layer->activation_forward);
        gr_launch_destroy(&layer->activation_backward);
        gr_buffer_release(&e->slopes[l]);
        gr_buffer_release(&e->a[l + 1]);
        if (l + 1 < base->network.layers)
            gr_buffer_release(&e->dz[l]);
    }
    cl_mem *const rest[] = {&e->x, &e->labels, &e->a[0], &e->sample_metrics, &e->partial, &e->scratch};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        gr_buffer_release(rest[i]);
    gr_device_engine_release(&e->common);
    free(e);
}
