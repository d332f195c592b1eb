/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of engine "layered": one slice forward and backward, and a batch of slices. */
#include "engine/layered/layered.h"
#include "engine/layered/layered_state.h"
#include "engine/opencl/activation_kernels.h"

/* ---- One slice ---- */

/* Sets the arguments that differ between slices. */
static gradus_status set_slice(layered *e, const slice_of_batch *next)
{
    gradus_status status = GRADUS_OK;
    const regularization *how = &e->common.base.regularization;
    const scaled_sum mean = {1.0f / (float)next->count, next->accumulate}, metrics = {1, next->accumulate};

    TRY(gr_softmax_cross_entropy_set(&e->softmax_cross_entropy, e->source == NULL ? next->first : 0, next->valid,
                                     next->training ? how->label_smoothing : 0));
    TRY(gr_row_sums_set(&e->metric_sums, metrics));
    TRY(e->first->type->set_mean(e->first, mean));
    for (size_t l = 0; l < e->common.base.network.layers; l++) {
        layer_plan *layer = &e->layers[l];
        if (l > 0)
            TRY(gr_product_set_scale(layer->products.made[PRODUCT_WEIGHT_GRADIENT], mean));
        TRY(gr_row_sums_set(&layer->bias_gradient, mean));
        if (layer->slopes != NULL)
            TRY(gr_activation_forward_set(&layer->activation_forward, next->training ? how->dropout : 0, next->first,
                                          next->valid));
    }
cleanup:
    return status;
}

/* Selects the slice for the first layer's products; it begins at sample `first` of the order. For a mini-batch, X and
 * the labels are gathered first. The padding after the last sample in the buffers adds nothing. */
static gradus_status take_samples(layered *e, size_t first, const slice_of_batch *slice)
{
    gradus_status status = GRADUS_OK;
    const float dropout = slice->training ? e->common.base.regularization.input_dropout : 0;
    const size_t left = e->common.base.dataset->info.samples - first;
    slice_samples samples = {first, left < e->slice ? left : e->slice, first, dropout, false};
    if (e->source != NULL) {
        TRY(gr_batch_source_gather(e->common.device, e->source, first, slice->valid, slice->training));
        samples = (slice_samples){0, slice->valid, first, dropout, true};
    }
    TRY(e->first->type->select(e->first, &samples));
cleanup:
    return status;
}

/* From X to the logits. */
static gradus_status forward(layered *e)
{
    gradus_status status = GRADUS_OK;
    for (size_t l = 0; l < e->common.base.network.layers; l++) {
        const layer_plan *layer = &e->layers[l];
        TRY(l == 0 ? e->first->type->forward(e->first)
                   : gr_product_enqueue(e->common.device, layer->products.made[PRODUCT_FORWARD]));
        if (layer->slopes != NULL)
            TRY(gr_launch_enqueue(e->common.device, &layer->activation_forward));
    }
cleanup:
    return status;
}

/* From the logits to the complete gradient. */
static gradus_status backward(layered *e)
{
    gradus_status status = GRADUS_OK;
    for (size_t l = e->common.base.network.layers; l-- > 0;) {
        const layer_plan *layer = &e->layers[l];
        if (layer->slopes != NULL)
            TRY(gr_launch_enqueue(e->common.device, &layer->activation_backward));
        TRY(l == 0 ? e->first->type->weight_gradient(e->first)
                   : gr_product_enqueue(e->common.device, layer->products.made[PRODUCT_WEIGHT_GRADIENT]));
        TRY(gr_row_sums_enqueue(e->common.device, &layer->bias_gradient));
        if (l > 0)
            TRY(gr_product_enqueue(e->common.device, layer->products.made[PRODUCT_INPUT_GRADIENT]));
    }
cleanup:
    return status;
}

/* Forward over one slice of a batch, which begins at sample `first` of the order. */
static gradus_status run_slice(layered *e, size_t first, const slice_of_batch *slice)
{
    gradus_status status = GRADUS_OK;
    TRY(set_slice(e, slice));
    TRY(take_samples(e, first, slice));
    TRY(forward(e));
cleanup:
    return status;
}

/* ---- The engine ---- */

/* Only full batches and dropout depend on the start of a slice; otherwise no argument changes between batches. */
static size_t slice_first(const layered *e, size_t first)
{
    return e->source == NULL || e->common.base.regularization.dropout > 0 ? first : 0;
}

/* Forward over all slices of a batch, and backward in training. */
static gradus_status run_batch(layered *e, size_t first, size_t count, bool training)
{
    gradus_status status = GRADUS_OK;
    for (size_t done = 0; done < count; done += e->slice) {
        const size_t left = count - done;
        const slice_of_batch slice = {.first = slice_first(e, first + done),
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

gradus_status gr_layered_gradient(engine *base, size_t first, size_t count)
{
    return run_batch((layered *)base, first, count, true);
}

gradus_status gr_layered_evaluate(engine *base, size_t first, size_t count)
{
    return run_batch((layered *)base, first, count, false);
}

gradus_status gr_layered_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    layered *e = (layered *)base;
    const size_t samples = base->dataset->info.samples, classes = base->network.sizes[base->network.layers];
    const cl_mem logits = e->layers[base->network.layers - 1].a;
    for (size_t first = 0; first < samples; first += e->slice) {
        const size_t valid = samples - first < e->slice ? samples - first : e->slice;
        TRY(run_slice(e, first, &(slice_of_batch){.first = slice_first(e, first), .valid = valid, .count = valid}));
        TRY(gr_launch_enqueue(e->common.device, &e->softmax_forward));
        TRY(gr_buffer_read(e->common.device, logits, 0, valid * classes * sizeof *out, out + first * classes));
    }
cleanup:
    return status;
}

static gradus_status layered_create(const engine *base, gradus_device *device, engine **out)
{
    return gr_layered_create(base, device, &gr_dense_products, out);
}

static gradus_status layered_shuffle(engine *base, const permutation *order)
{
    layered *e = (layered *)base;
    return gr_batch_source_shuffle(e->common.device, e->source, order);
}

const engine_type gr_engine_layered = {
    .name = "layered", .create = layered_create, .shuffle = layered_shuffle, LAYERED_MEMBERS};
