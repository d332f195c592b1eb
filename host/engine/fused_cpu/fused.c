/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" at work. */
#include "engine/fused_cpu/fused.h"
#include "engine/select/engines.h"

/* The pass for this mode: a GPU has a kernel of its own for all but gradients. */
static launch *pass_for(fused *e, fused_mode mode)
{
    return e->first == FIRST_GPU && mode != FUSED_GRADIENT ? &e->fused_forward : &e->fused_pass;
}

/* Sets the arguments that may change, the first ones of the kernels of both forms. */
static gradus_status set_arguments(fused *e, const fused_range *range)
{
    gradus_status status = GRADUS_OK;
    const cl_uint first_sample = (cl_uint)range->first, end_sample = (cl_uint)range->end, what = (cl_uint)range->mode;
    const float scale = 1.0f / (float)(range->end - range->first);
    launch *pass = pass_for(e, range->mode);
    TRY(gr_launch_set(pass, 0, (kernel_argument)ARGUMENT(first_sample)));
    TRY(gr_launch_set(pass, 1, (kernel_argument)ARGUMENT(end_sample)));
    if (e->first != FIRST_GPU || range->mode != FUSED_GRADIENT) {
        TRY(gr_launch_set(pass, 2, (kernel_argument)ARGUMENT(what)));
        TRY(gr_launch_set(pass, 3, (kernel_argument)ARGUMENT(range->probabilities)));
    }
    TRY(gr_launch_set(&e->fused_reduce, 0, (kernel_argument)ARGUMENT(scale)));
cleanup:
    return status;
}

/* Queues the pass and sets what differs from the one before: between the iterations of a training nothing does. */
static gradus_status enqueue_pass(fused *e, const fused_range *next)
{
    gradus_status status = GRADUS_OK;
    const fused_range *now = &e->current;
    if (now->probabilities != next->probabilities || now->first != next->first || now->end != next->end ||
        now->mode != next->mode)
        TRY(set_arguments(e, next));
    e->current = *next;
    TRY(gr_launch_enqueue(e->common.device, pass_for(e, next->mode)));
cleanup:
    return status;
}

static gradus_status run_pass(fused *e, size_t first, size_t count, fused_mode mode)
{
    gradus_status status = GRADUS_OK;
    TRY(enqueue_pass(e, &(fused_range){NULL, first, first + count, mode}));
    TRY(gr_launch_enqueue(e->common.device, &e->fused_reduce));
cleanup:
    return status;
}

static gradus_status fused_gradient(engine *base, size_t first, size_t count)
{
    return run_pass((fused *)base, first, count, FUSED_GRADIENT);
}

static gradus_status fused_evaluate(engine *base, size_t first, size_t count)
{
    return run_pass((fused *)base, first, count, FUSED_EVALUATE);
}

static gradus_status fused_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    fused *e = (fused *)base;
    const size_t samples = base->dataset->info.samples;
    const size_t bytes = samples * base->network.sizes[base->network.layers] * sizeof *out;
    cl_mem probabilities = NULL; /* (C x B) */

    TRY(gr_buffer_create(e->common.device, bytes, "the probabilities", &probabilities));
    TRY(enqueue_pass(e, &(fused_range){probabilities, 0, samples, FUSED_PROBABILITIES}));
    TRY(gr_buffer_read(e->common.device, probabilities, 0, bytes, out));
cleanup:
    e->current = (fused_range){0}; /* the next such buffer may well have the same handle */
    gr_buffer_release(&probabilities);
    return status;
}

static gradus_status create_groups(const engine *base, gradus_device *device, engine **out)
{
    return gr_fused_create_with(base, device, FIRST_GROUPS, out);
}

static gradus_status create_elements(const engine *base, gradus_device *device, engine **out)
{
    return gr_fused_create_with(base, device, FIRST_ELEMENTS, out);
}

static gradus_status create_dense(const engine *base, gradus_device *device, engine **out)
{
    return gr_fused_create_with(base, device, FIRST_DENSE, out);
}

static gradus_status create_wide(const engine *base, gradus_device *device, engine **out)
{
    return gr_fused_create_with(base, device, FIRST_WIDE, out);
}

/* Mini-batches of any size will do, since the range that is asked for counts. */
static gradus_status create_batch(const engine *base, gradus_device *device, engine **out)
{
    engine batches = *base;
    batches.batch = base->dataset->info.samples / 2 + 1;
    return gr_fused_batch_create(&batches, device, out);
}

#define FUSED_ENGINE(engine_name, unsupported_function, create_function)                                              \
    {                                                                                                                 \
        .name = (engine_name), .needs_device = true, .unsupported = (unsupported_function),                           \
        .create = (create_function), .write_parameters = gr_device_engine_write_parameters,                           \
        .read_parameters = gr_device_engine_read_parameters, .read_state = gr_device_engine_read_state,               \
        .write_state = gr_device_engine_write_state, .gradient = fused_gradient, .update = gr_device_engine_update,   \
        .evaluate = fused_evaluate, .keep_parameters = gr_device_engine_keep_parameters,                              \
        .restore_parameters = gr_device_engine_restore_parameters, .send_sums = gr_device_engine_send_sums,           \
        .await_sums = gr_device_engine_await_sums, .read_sums = gr_device_engine_read_sums,                           \
        .read_gradient = gr_device_engine_read_gradient, .probabilities = fused_probabilities,                        \
        .destroy = gr_fused_destroy,                                                                                  \
    }

/* Of the kernels for GPUs, which have whole data sets and ReLU only. */
static const char *fused_gpu_unsupported(const engine *base)
{
    const gradus_network *network = &base->network;
    const regularization *how = &base->regularization;
    return network->floats                              ? "float features"
           : base->batch > 0                            ? "mini-batches with kernels for GPUs"
           : network->activation != GRADUS_RELU         ? "an activation other than ReLU with kernels for GPUs"
           : network->input_deviation != 0              ? "a standardised input with kernels for GPUs"
           : how->dropout > 0 || how->input_dropout > 0 ? "dropout with kernels for GPUs"
           : how->label_smoothing > 0                   ? "label smoothing with kernels for GPUs"
                                                        : NULL;
}

static const char *fused_unsupported(const engine *base, const gradus_device *device)
{
    if (device->kernels == KERNELS_GPU)
        return fused_gpu_unsupported(base);
    if (base->network.floats)
        return "float features";
    if (base->batch == 0)
        return base->regularization.input_dropout > 0 ? "input dropout of a full batch" : NULL;
    return base->regularization.input_dropout > 0 && base->network.input_deviation != 0
               ? "input dropout of a standardised input"
               : NULL;
}

const engine_type gr_engine_fused = FUSED_ENGINE("fused", fused_unsupported, gr_fused_create);

const engine_type gr_fused_variants[] = {
    [FIRST_GROUPS] = FUSED_ENGINE("fused, first_groups", NULL, create_groups),
    [FIRST_ELEMENTS] = FUSED_ENGINE("fused, first_elements", NULL, create_elements),
    [FIRST_DENSE] = FUSED_ENGINE("fused, first_dense", NULL, create_dense),
    [FIRST_WIDE] = FUSED_ENGINE("fused, first_wide", NULL, create_wide),
    [FIRST_BATCH] = {.name = "fused, first_batch", .needs_device = true, .create = create_batch},
    [FIRST_GPU] = FUSED_ENGINE("fused, first_gpu", NULL, gr_fused_gpu_create),
};
