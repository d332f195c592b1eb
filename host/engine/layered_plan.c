/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "layered" is made here: how many samples a slice has, the buffers, the launches and products. */
#include "core/memory.h"
#include "engine/layered.h"

#include <stdlib.h>

#define FLOAT sizeof(cl_float)

static size_t maximum(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- Products. Shapes: W (O x I), A (I x S), dZ and Z (O x S); W and dW stand row after row, see gemm.h. ---- */

static void plan_products(layered *e, size_t l)
{
    const gradus_network *net = &e->common.base.network;
    const size_t inputs = net->sizes[l], outputs = net->sizes[l + 1];
    const gemm_operand w = {e->common.parameters, e->common.base.layout.weights[l], false},
                       w_transposed = {w.buffer, w.offset, true};
    const gemm_operand a = {e->a[l], 0, false}, z = {e->a[l + 1], 0, false};
    const gemm_operand dz = {e->dz[l], 0, false}, dz_transposed = {e->dz[l], 0, true};
    const gemm_operand dw = {e->common.gradient, e->common.base.layout.weights[l], false};
    layer_plan *layer = &e->layers[l];

    layer->forward = (gemm){outputs, e->slice, inputs, l == 0 ? 1.0f / 255 : 1, 1, w_transposed, a, z};
    layer->weight_gradient = (gemm){inputs, outputs, e->slice, 1, 0, a, dz_transposed, dw};
    if (l > 0) {
        const gemm_operand da = {e->dz[l - 1], 0, false};
        layer->input_gradient = (gemm){inputs, e->slice, outputs, 1, 0, w, dz, da};
    }
}

static gradus_status scratch_bytes(layered *e, size_t *out)
{
    gradus_status status = GRADUS_OK;
    size_t largest = 0, bytes = 0;
    for (size_t l = e->sparse != NULL ? 1 : 0; l < e->common.base.network.layers; l++) {
        plan_products(e, l);
        TRY(gr_gemm_scratch_size(e->common.device, &e->layers[l].forward, &bytes));
        largest = maximum(largest, bytes);
        TRY(gr_gemm_scratch_size(e->common.device, &e->layers[l].weight_gradient, &bytes));
        largest = maximum(largest, bytes);
        if (l > 0)
            TRY(gr_gemm_scratch_size(e->common.device, &e->layers[l].input_gradient, &bytes));
        largest = maximum(largest, bytes);
    }
    *out = largest;
cleanup:
    return status;
}

/* ---- How large everything is for a given S ---- */

typedef struct sizes {
    size_t pixels, largest_pixels;               /* bytes of X on the device, and of its largest buffer */
    size_t expanded, products, partial, scratch; /* bytes; products: of the sparse ones, without X */
    size_t largest, total;                       /* of the buffers that depend on S or are products', and of all */
} sizes;

static gradus_status measure(layered *e, sizes *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    const size_t s = e->slice;
    sizes now = {0};

    now.pixels = now.largest_pixels = e->common.base.dataset->info.samples * net->sizes[0];
    now.largest = now.expanded = FLOAT * gr_expand_bytes_size(s * net->sizes[0]);
    if (e->sparse != NULL) {
        now.pixels = gr_compressed_bytes(&e->sparse->shape, &now.largest_pixels);
        now.products = gr_sparse_products_bytes(e->sparse, &now.largest);
        now.expanded = 0;
    }
    now.partial = FLOAT * gr_row_sums_partial_size(2, s);
    size_t slices_total = now.expanded + FLOAT * 2 * s;
    for (size_t l = 0; l < net->layers; l++) {
        const size_t outputs = FLOAT * s * net->sizes[l + 1];
        now.partial = maximum(now.partial, FLOAT * gr_row_sums_partial_size(net->sizes[l + 1], s));
        now.largest = maximum(now.largest, outputs);
        slices_total += l + 1 < net->layers ? 2 * outputs : outputs;
    }
    TRY(scratch_bytes(e, &now.scratch));
    now.largest = maximum(now.largest, now.scratch);
    now.total = now.pixels + e->common.base.dataset->info.samples + gr_device_engine_bytes(&e->common.base.layout) +
                now.partial + slices_total + now.scratch + now.products;
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
        e->slice = gr_divide_up(data->samples, slices);
        TRY(measure(e, out));
        if (maximum(out->largest_pixels, out->largest) <= e->common.device->info.max_allocation_bytes &&
            out->total <= e->common.device->memory_limit)
            break;
        if (e->slice == 1) {
            const double samples = (double)data->samples;
            const double sample_bytes = (double)out->pixels / samples + 1; /* and its label */
            const memory_need need = {sample_bytes, (double)out->largest_pixels / samples,
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

    if (e->sparse == NULL) {
        TRY(gr_buffer_create(e->common.device, bytes->pixels, "X", &e->pixels));
        TRY(gr_buffer_create_zeroed(e->common.device, bytes->expanded, "X as floats", &e->a[0]));
    }
    if (e->common.base.dataset->labels != NULL)
        TRY(gr_buffer_create(e->common.device, e->common.base.dataset->info.samples, "the labels", &e->labels));
    for (size_t l = 0; l < net->layers; l++) {
        const size_t outputs = FLOAT * e->slice * net->sizes[l + 1];
        TRY(gr_buffer_create_zeroed(e->common.device, outputs, "activations", &e->a[l + 1]));
        if (l + 1 < net->layers)
            TRY(gr_buffer_create_zeroed(e->common.device, outputs, "gradients of activations", &e->dz[l]));
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
    if (e->sparse == NULL)
        TRY(gr_buffer_write(e->common.device, e->pixels, 0, data->info.samples * data->info.features, data->pixels));
    if (data->labels != NULL)
        TRY(gr_buffer_write(e->common.device, e->labels, 0, data->info.samples, data->labels));
cleanup:
    return status;
}

/* ---- Launches ---- */

static gradus_status plan_layer(layered *e, size_t l)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const size_t outputs = e->common.base.network.sizes[l + 1], elements = outputs * e->slice;
    layer_plan *layer = &e->layers[l];

    plan_products(e, l);
    TRY(gr_bias_broadcast(device, e->common.parameters, e->common.base.layout.bias[l], e->a[l + 1], outputs, e->slice,
                          &layer->bias_broadcast));
    TRY(gr_row_sums(device, e->dz[l], outputs, e->slice, e->partial, e->common.gradient, &layer->bias_gradient));
    if (l + 1 < e->common.base.network.layers)
        TRY(gr_relu_forward(device, e->a[l + 1], elements, &layer->relu_forward));
    if (l > 0)
        TRY(gr_relu_backward(device, e->a[l], e->dz[l - 1], e->common.base.network.sizes[l] * e->slice,
                             &layer->relu_backward));
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
    else
        TRY(gr_expand_bytes(e->common.device, e->pixels, e->a[0], e->slice * net->sizes[0], &e->expand_bytes));
    TRY(gr_softmax_forward(e->common.device, logits, classes, e->slice, &e->softmax_forward));
    TRY(gr_softmax_cross_entropy(e->common.device, logits, e->labels, e->sample_metrics, classes, e->slice,
                                 &e->softmax_cross_entropy));
    TRY(gr_row_sums(e->common.device, e->sample_metrics, 2, e->slice, e->partial, e->common.sums, &e->metric_sums));
cleanup:
    return status;
}

/* ---- Life cycle ---- */

static gradus_status create(const engine *base, gradus_device *device, bool sparse, engine **out)
{
    gradus_status status = GRADUS_OK;
    layered *e = NULL;
    sizes bytes;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    e->expanded_first = SIZE_MAX;
    if (sparse)
        TRY(gr_sparse_products_create(&e->common, &e->sparse));
    TRY(choose_slice(e, &bytes));
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
    clFinish(e->common.device->queue);
    gr_sparse_products_destroy(e->sparse);
    gr_launch_destroy(&e->expand_bytes);
    gr_launch_destroy(&e->softmax_forward);
    gr_launch_destroy(&e->softmax_cross_entropy);
    gr_row_sums_destroy(&e->metric_sums);
    for (size_t l = 0; l < base->network.layers; l++) {
        layer_plan *layer = &e->layers[l];
        gr_launch_destroy(&layer->bias_broadcast);
        gr_launch_destroy(&layer->relu_forward);
        gr_launch_destroy(&layer->relu_backward);
        gr_row_sums_destroy(&layer->bias_gradient);
        gr_buffer_release(&e->a[l + 1]);
        if (l + 1 < base->network.layers)
            gr_buffer_release(&e->dz[l]);
    }
    cl_mem *const rest[] = {&e->pixels, &e->labels, &e->a[0], &e->sample_metrics, &e->partial, &e->scratch};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        gr_buffer_release(rest[i]);
    gr_device_engine_release(&e->common);
    free(e);
}
