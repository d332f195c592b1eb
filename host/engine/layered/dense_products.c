/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first layer by dense products. gradus's own products read X directly, bytes or floats. CLBlast's need a complete
 * slice of floats, so X is expanded to a matrix of its own, slice by slice; dropout and standardisation of the input
 * are part of this. If one slice has all samples, X is expanded once.
 */
#include "core/memory.h"
#include "engine/layered/first_products.h"
#include "engine/layered/layer_products.h"
#include "engine/opencl/activation_kernels.h"
#include "engine/opencl/layer_kernels.h"

#include <stdlib.h>

/* The kernel that fills the expanded X: expand_bytes, or input_transform with dropout or standardisation. */
typedef enum expansion { EXPANSION_NONE, EXPANSION_BYTES, EXPANSION_TRANSFORM } expansion;

typedef struct dense_products {
    first_products base;
    layer_products products;
    cl_mem x; /* X (F x B), bytes or floats; NULL with mini-batches */

    expansion expansion;
    cl_mem expanded; /* X of the slice (F x S), floats; NULL with EXPANSION_NONE */
    launch expand;

    size_t first, count; /* samples of the current slice; first is SIZE_MAX before the first slice */
} dense_products;

static size_t features(const dense_products *d)
{
    return d->base.engine->base.network.sizes[0];
}

/* ---- Sizes ---- */

/* Whether the product reads X directly. */
static bool takes_x(const dense_products *d, size_t kind)
{
    return d->expansion != EXPANSION_TRANSFORM && gr_product_takes_bytes(&d->products.choices[kind].candidate);
}

static gradus_status choose(dense_products *d, size_t most_samples)
{
    gradus_status status = GRADUS_OK;
    const engine *base = &d->base.engine->base;
    const bool floats = base->network.floats;
    const bool transforms = base->network.input_deviation != 0 || base->regularization.input_dropout > 0;
    d->expansion = transforms ? EXPANSION_TRANSFORM : EXPANSION_NONE;
    TRY(gr_layer_products_choose(d->base.engine, 0, most_samples, !floats && !transforms, &d->products));
    for (size_t kind = 0; kind < d->products.count && !transforms; kind++)
        if (!takes_x(d, kind)) /* the other kernel copies floats, too */
            d->expansion = floats ? EXPANSION_TRANSFORM : EXPANSION_BYTES;
    d->base.note = d->expansion == EXPANSION_NONE ? "" : floats ? ", X copied" : ", X expanded to floats";
cleanup:
    return status;
}

static void dense_destroy(first_products *base)
{
    dense_products *d = (dense_products *)base;
    gr_layer_products_destroy(&d->products);
    gr_launch_destroy(&d->expand);
    gr_buffer_release(&d->x);
    gr_buffer_release(&d->expanded);
    free(d);
}

static gradus_status dense_create(const device_engine *e, size_t most_samples, first_products **out)
{
    gradus_status status = GRADUS_OK;
    dense_products *d = NULL;
    TRY(gr_allocate(1, &d));
    d->base = (first_products){&gr_dense_products, e, ""};
    d->first = SIZE_MAX;
    TRY(choose(d, most_samples));
    *out = &d->base;
    d = NULL;
cleanup:
    if (d != NULL)
        dense_destroy(&d->base);
    return status;
}

static size_t x_bytes(const dense_products *d)
{
    const gradus_dataset *data = d->base.engine->base.dataset;
    return data->info.samples * features(d) * gr_dataset_feature_size(data);
}

static size_t expanded_bytes(const dense_products *d, size_t slice)
{
    return d->expansion == EXPANSION_NONE ? 0 : gr_expand_bytes_size(slice * features(d)) * sizeof(cl_float);
}

static gradus_status dense_measure(first_products *base, size_t slice, first_products_sizes *out)
{
    dense_products *d = (dense_products *)base;
    const size_t expanded = expanded_bytes(d, slice);
    *out =
        (first_products_sizes){.x = x_bytes(d), .largest_x = x_bytes(d), .rest = expanded, .largest_rest = expanded};
    return gr_layer_products_resize(base->engine, &d->products, slice, &out->scratch);
}

/* ---- Buffers and launches ---- */

static gradus_status upload(dense_products *d)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = d->base.engine->device;
    TRY(gr_buffer_create(device, x_bytes(d), "X", &d->x));
    TRY(gr_buffer_write(device, d->x, 0, x_bytes(d), gr_dataset_x(d->base.engine->base.dataset)));
cleanup:
    return status;
}

/* Zeroed, because the padding of a slice is part of the products, and 0 * NaN is NaN. */
static gradus_status plan_expansion(dense_products *d, size_t slice, cl_mem x, const batch_source *source)
{
    gradus_status status = GRADUS_OK;
    const device_engine *e = d->base.engine;
    const input_transform input = gr_network_input(&e->base.network);
    const dropout_source dropout = {e->base.regularization.input_dropout, 0, e->record.progress,
                                    source == NULL ? NULL : source->order};
    TRY(gr_buffer_create_zeroed(e->device, expanded_bytes(d, slice), "X as floats", &d->expanded));
    if (d->expansion == EXPANSION_TRANSFORM)
        TRY(gr_input_transform(e->device, &input, &dropout, x, d->expanded, features(d), slice, &d->expand));
    else
        TRY(gr_expand_bytes(e->device, x, d->expanded, slice * features(d), &d->expand));
cleanup:
    return status;
}

static gradus_status dense_plan(first_products *base, size_t slice, const first_products_buffers *buffers)
{
    gradus_status status = GRADUS_OK;
    dense_products *d = (dense_products *)base;
    layer_matrices matrices = {.z = buffers->z, .dz = buffers->dz, .scratch = buffers->scratch};
    if (buffers->source == NULL)
        TRY(upload(d));
    const cl_mem x = buffers->source == NULL ? d->x : buffers->source->batch;
    if (d->expansion != EXPANSION_NONE)
        TRY(plan_expansion(d, slice, x, buffers->source));
    for (size_t kind = 0; kind < d->products.count; kind++)
        matrices.inputs[kind] = takes_x(d, kind) ? x : d->expanded;
    TRY(gr_layer_products_create(base->engine, 0, &matrices, &d->products));
cleanup:
    return status;
}

/* ---- Computing ---- */

static gradus_status dense_set_mean(first_products *base, scaled_sum mean)
{
    return gr_product_set_scale(((dense_products *)base)->products.made[PRODUCT_WEIGHT_GRADIENT], mean);
}

static gradus_status move_to(dense_products *d, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    for (size_t kind = 0; kind < d->products.count; kind++)
        if (takes_x(d, kind))
            TRY(gr_product_set_samples(d->products.made[kind], first * features(d), count));
    if (d->expansion == EXPANSION_BYTES)
        TRY(gr_expand_bytes_set(&d->expand, first * features(d), count * features(d)));
    d->first = first;
    d->count = count;
cleanup:
    return status;
}

/* With dropout the expanded X is different in every step. */
static gradus_status dense_select(first_products *base, const slice_samples *samples)
{
    gradus_status status = GRADUS_OK;
    dense_products *d = (dense_products *)base;
    const bool moves = d->first != samples->first || d->count != samples->count;
    if (moves)
        TRY(move_to(d, samples->first, samples->count));
    if (d->expansion == EXPANSION_NONE ||
        !(moves || samples->replaced || base->engine->base.regularization.input_dropout > 0))
        return GRADUS_OK;
    if (d->expansion == EXPANSION_TRANSFORM)
        TRY(gr_input_transform_set(&d->expand, samples->dropout, samples->number, samples->count, samples->first));
    TRY(gr_launch_enqueue(base->engine->device, &d->expand));
cleanup:
    return status;
}

static gradus_status dense_forward(const first_products *base)
{
    return gr_product_enqueue(base->engine->device, ((const dense_products *)base)->products.made[PRODUCT_FORWARD]);
}

static gradus_status dense_weight_gradient(const first_products *base)
{
    return gr_product_enqueue(base->engine->device,
                              ((const dense_products *)base)->products.made[PRODUCT_WEIGHT_GRADIENT]);
}

static size_t dense_describe(const first_products *base, char *text, size_t size)
{
    return gr_layer_products_describe(&((const dense_products *)base)->products, text, size);
}

const first_products_type gr_dense_products = {
    .create = dense_create,
    .measure = dense_measure,
    .plan = dense_plan,
    .set_mean = dense_set_mean,
    .select = dense_select,
    .forward = dense_forward,
    .weight_gradient = dense_weight_gradient,
    .describe = dense_describe,
    .destroy = dense_destroy,
};
