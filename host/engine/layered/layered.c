/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "layered" at work: one slice forward and backward, and the batch made of slices. */
#include "engine/layered/layered.h"
#include "engine/select/engines.h"

/* ---- One slice ---- */

/* Sets what differs from slice to slice. With a single slice that is nothing from the second iteration on. */
static gradus_status set_slice(layered *e, const slice_state *next)
{
    gradus_status status = GRADUS_OK;
    const slice_state *now = &e->current;
    const regularization *how = &e->common.base.regularization;
    const scaled_sum mean = {1.0f / (float)next->count, next->accumulate}, metrics = {1, next->accumulate};

    if (now->first == next->first && now->valid == next->valid && now->count == next->count &&
        now->accumulate == next->accumulate && now->training == next->training)
        return GRADUS_OK;
    TRY(gr_softmax_cross_entropy_set(&e->softmax_cross_entropy, e->source == NULL ? next->first : 0, next->valid,
                                     next->training ? how->label_smoothing : 0));
    TRY(gr_row_sums_set(&e->metric_sums, metrics));
    for (size_t l = 0; l < e->common.base.network.layers; l++) {
        layer_plan *layer = &e->layers[l];
        if (l > 0 || e->sparse == NULL)
            TRY(gr_gemm_set_scale(&layer->weight_gradient, mean));
        else
            TRY(gr_sparse_products_set_mean(e->sparse, mean));
        TRY(gr_row_sums_set(&layer->bias_gradient, mean));
        if (e->slopes[l] != NULL)
            TRY(gr_activation_forward_set(&layer->activation_forward, next->training ? how->dropout : 0, next->first,
                                          next->valid));
    }
    e->current = *next;
cleanup:
    return status;
}

/* ---- X of a slice ---- */

static float input_dropout(const layered *e, const slice_state *slice)
{
    return slice->training ? e->common.base.regularization.input_dropout : 0;
}

/* Queues what puts X into a[0], as far as GEMMs read it there. In the buffer it begins at sample x_first. */
static gradus_status fill_input(layered *e, const slice_state *slice, size_t x_first)
{
    gradus_status status = GRADUS_OK;
    if (!e->expands)
        return GRADUS_OK;
    if (e->transforms)
        TRY(gr_input_transform_set(&e->input_transform, input_dropout(e, slice), slice->first, slice->valid, x_first));
    TRY(gr_launch_enqueue(e->common.device, e->transforms ? &e->input_transform : &e->expand_bytes));
cleanup:
    return status;
}

/* Makes the first layer's products see the slice that begins at sample `first`. Behind the data set's last sample, a[0]
 * has zeros, and products that take bytes or compressed X stop. With dropout a[0] is another one in every step. */
static gradus_status take_samples(layered *e, const slice_state *slice, size_t first)
{
    gradus_status status = GRADUS_OK;
    const size_t features = e->common.base.network.sizes[0], left = e->common.base.dataset->info.samples - first;
    const size_t there = left < e->slice ? left : e->slice;
    if (e->samples_first == first && e->common.base.regularization.input_dropout == 0)
        return GRADUS_OK;
    e->samples_first = first;
    if (e->sparse != NULL)
        return gr_sparse_products_select(e->sparse, first, there);
    if (!e->transforms) {
        TRY(gr_gemm_set_samples(&e->layers[0].forward, first * features, there));
        TRY(gr_gemm_set_samples(&e->layers[0].weight_gradient, first * features, there));
    }
    if (e->expands && !e->transforms)
        TRY(gr_expand_bytes_set(&e->expand_bytes, first * features, there * features));
    slice_state whole = *slice;
    whole.first = first;
    whole.valid = there;
    TRY(fill_input(e, &whole, first));
cleanup:
    return status;
}

/* Makes the first layer's products see the slice's samples of the order, and the loss their labels. What is behind them in
 * the buffers is of another batch; its dZ is zero. */
static gradus_status take_batch(layered *e, const slice_state *slice, size_t first)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_batch_source_gather(e->common.device, e->source, first, slice->valid, slice->training));
    if (e->samples_first != 0 && !e->transforms) {
        TRY(gr_gemm_set_samples(&e->layers[0].forward, 0, e->slice));
        TRY(gr_gemm_set_samples(&e->layers[0].weight_gradient, 0, e->slice));
        if (e->expands)
            TRY(gr_expand_bytes_set(&e->expand_bytes, 0, e->slice * e->common.base.network.sizes[0]));
        e->samples_first = 0;
    }
    TRY(fill_input(e, slice, 0));
cleanup:
    return status;
}

/* ---- Forward and backward ---- */

/* From X to the logits in a[L]. */
static gradus_status forward(layered *e)
{
    gradus_status status = GRADUS_OK;
    for (size_t l = 0; l < e->common.base.network.layers; l++) {
        TRY(l == 0 && e->sparse != NULL ? gr_sparse_forward(e->sparse)
                                        : gr_gemm_enqueue(e->common.device, &e->layers[l].forward));
        if (e->slopes[l] != NULL)
            TRY(gr_launch_enqueue(e->common.device, &e->layers[l].activation_forward));
    }
cleanup:
    return status;
}

/* From the logits to all of the gradient. */
static gradus_status backward(layered *e)
{
    gradus_status status = GRADUS_OK;
    for (size_t l = e->common.base.network.layers; l-- > 0;) {
        const layer_plan *layer = &e->layers[l];
        if (e->slopes[l] != NULL)
            TRY(gr_launch_enqueue(e->common.device, &layer->activation_backward));
        TRY(l == 0 && e->sparse != NULL ? gr_sparse_weight_gradient(e->sparse)
                                        : gr_gemm_enqueue(e->common.device, &layer->weight_gradient));
        TRY(gr_row_sums_enqueue(e->common.device, &layer->bias_gradient));
        if (l > 0)
            TRY(gr_gemm_enqueue(e->common.device, &layer->input_gradient));
    }
cleanup:
    return status;
}

/* ---- The engine ---- */

/* Forward over one slice of a batch, which begins at sample `first` of the order. */
static gradus_status run_slice(layered *e, size_t first, const slice_state *slice)
{
    gradus_status status = GRADUS_OK;
    TRY(set_slice(e, slice));
    TRY(e->source == NULL ? take_samples(e, slice, first) : take_batch(e, slice, first));
    TRY(forward(e));
cleanup:
    return status;
}

/* Where slices begin is of interest to whole data sets and to dropout; else no argument need change from batch to batch. */
static size_t slice_first(const layered *e, size_t first)
{
    const regularization *how = &e->common.base.regularization;
    return e->source == NULL || how->dropout > 0 || how->input_dropout > 0 ? first : 0;
}

/* Forward over all slices of a batch, and backward in training. */
static gradus_status run_batch(layered *e, size_t first, size_t count, bool training)
{
    gradus_status status = GRADUS_OK;
    for (size_t done = 0; done < count; done += e->slice) {
        const size_t left = count - done;
        const slice_state slice = {.first = slice_first(e, first + done),
                                   .valid = left < e->slice ? left : e->slice,
                                   .count = count,
                                   .accumulate = done > 0,
                                   .training = training};
        TRY(run_slice(e, first + done, &slice));
        TRY(gr_launch_enqueue(e->common.device, &e->softmax_cross_entropy));
        TRY(gr_row_sums_enqueue(e->common.device, &e->metric_sums));
        if (training)
            TRY(backward(e));
    }
cleanup:
    return status;
}

static gradus_status layered_gradient(engine *base, size_t first, size_t count)
{
    return run_batch((layered *)base, first, count, true);
}

static gradus_status layered_shuffle(engine *base, const permutation *order)
{
    layered *e = (layered *)base;
    return gr_batch_source_shuffle(e->common.device, e->source, order);
}

static gradus_status layered_evaluate(engine *base, size_t first, size_t count)
{
    return run_batch((layered *)base, first, count, false);
}

static gradus_status layered_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    layered *e = (layered *)base;
    const size_t samples = base->dataset->info.samples, classes = base->network.sizes[base->network.layers];
    for (size_t first = 0; first < samples; first += e->slice) {
        const size_t valid = samples - first < e->slice ? samples - first : e->slice;
        TRY(run_slice(e, first, &(slice_state){.first = slice_first(e, first), .valid = valid, .count = valid}));
        TRY(gr_launch_enqueue(e->common.device, &e->softmax_forward));
        TRY(gr_buffer_read(e->common.device, e->a[base->network.layers], 0, valid * classes * sizeof *out,
                           out + first * classes));
    }
cleanup:
    return status;
}

#define LAYERED_ENGINE(engine_name, unsupported_function, create_function)                                            \
    {                                                                                                                 \
        .name = (engine_name), .needs_device = true, .unsupported = (unsupported_function),                           \
        .create = (create_function), .write_parameters = gr_device_engine_write_parameters,                           \
        .read_parameters = gr_device_engine_read_parameters, .read_state = gr_device_engine_read_state,               \
        .write_state = gr_device_engine_write_state, .shuffle = layered_shuffle, .gradient = layered_gradient,        \
        .update = gr_device_engine_update, .evaluate = layered_evaluate,                                              \
        .keep_parameters = gr_device_engine_keep_parameters,                                                          \
        .restore_parameters = gr_device_engine_restore_parameters, .send_sums = gr_device_engine_send_sums,           \
        .await_sums = gr_device_engine_await_sums, .read_sums = gr_device_engine_read_sums,                           \
        .read_gradient = gr_device_engine_read_gradient, .probabilities = layered_probabilities,                      \
        .describe = gr_layered_describe, .destroy = gr_layered_destroy,                                               \
    }

static const char *sparse_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    return base->network.floats                     ? "float features"
           : base->batch > 0                        ? "mini-batches"
           : base->network.input_deviation != 0     ? "a standardised input"
           : base->regularization.input_dropout > 0 ? "input dropout"
                                                    : NULL;
}

const engine_type gr_engine_layered = LAYERED_ENGINE("layered", NULL, gr_layered_create);
const engine_type gr_engine_sparse = LAYERED_ENGINE("sparse", sparse_unsupported, gr_sparse_create);
