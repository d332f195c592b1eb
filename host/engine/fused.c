/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" at work. */
#include "engine/fused.h"

/* Sets the arguments that change between launches, the first ones of the kernels of both forms. */
static gradus_status set_range(launch *pass, size_t first, size_t end)
{
    gradus_status status = GRADUS_OK;
    const cl_uint first_sample = (cl_uint)first, end_sample = (cl_uint)end;
    TRY(gr_launch_set(pass, 0, (kernel_argument)ARGUMENT(first_sample)));
    TRY(gr_launch_set(pass, 1, (kernel_argument)ARGUMENT(end_sample)));
cleanup:
    return status;
}

static gradus_status set_mode(launch *pass, fused_mode mode, cl_mem probabilities)
{
    gradus_status status = GRADUS_OK;
    const cl_uint what = (cl_uint)mode;
    TRY(gr_launch_set(pass, 2, (kernel_argument)ARGUMENT(what)));
    TRY(gr_launch_set(pass, 3, (kernel_argument)ARGUMENT(probabilities)));
cleanup:
    return status;
}

static gradus_status set_reduce(launch *reduce, float scale, unsigned slot)
{
    gradus_status status = GRADUS_OK;
    const cl_uint to_slot = slot;
    TRY(gr_launch_set(reduce, 0, (kernel_argument)ARGUMENT(scale)));
    TRY(gr_launch_set(reduce, 1, (kernel_argument)ARGUMENT(to_slot)));
cleanup:
    return status;
}

/* Queues one pass over the samples, by the kernel that is for this mode: a GPU has one more for all but gradients. */
static gradus_status enqueue_pass(fused *e, size_t first, size_t end, fused_mode mode, cl_mem probabilities)
{
    gradus_status status = GRADUS_OK;
    const bool gpu = e->first == FIRST_GPU;
    launch *pass = gpu && mode != FUSED_GRADIENT ? &e->fused_forward : &e->fused_pass;
    TRY(set_range(pass, first, end));
    if (!gpu || mode != FUSED_GRADIENT)
        TRY(set_mode(pass, mode, probabilities));
    TRY(gr_launch_enqueue(e->common.device, pass));
cleanup:
    return status;
}

static gradus_status run_pass(fused *e, size_t first, size_t count, unsigned slot, fused_mode mode)
{
    gradus_status status = GRADUS_OK;
    TRY(enqueue_pass(e, first, first + count, mode, NULL));
    TRY(set_reduce(&e->fused_reduce, 1.0f / (float)count, slot));
    TRY(gr_launch_enqueue(e->common.device, &e->fused_reduce));
    CL_TRY(clFlush(e->common.device->queue));
cleanup:
    return status;
}

static gradus_status fused_gradient(engine *base, size_t first, size_t count, unsigned slot)
{
    return run_pass((fused *)base, first, count, slot, FUSED_GRADIENT);
}

static gradus_status fused_evaluate(engine *base, size_t first, size_t count, unsigned slot)
{
    return run_pass((fused *)base, first, count, slot, FUSED_EVALUATE);
}

static gradus_status fused_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    fused *e = (fused *)base;
    const size_t samples = base->dataset->info.samples;
    const size_t bytes = samples * base->network.sizes[base->network.layers] * sizeof *out;
    cl_mem probabilities = NULL; /* (C x B) */

    TRY(gr_buffer_create(e->common.device, bytes, "the probabilities", &probabilities));
    TRY(enqueue_pass(e, 0, samples, FUSED_PROBABILITIES, probabilities));
    TRY(gr_buffer_read(e->common.device, probabilities, 0, bytes, out));
cleanup:
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

#define FUSED_ENGINE(engine_name, create_function)                                                                    \
    {                                                                                                                 \
        .name = (engine_name), .needs_device = true, .create = (create_function),                                     \
        .write_parameters = gr_device_engine_write_parameters, .read_parameters = gr_device_engine_read_parameters,   \
        .gradient = fused_gradient, .update = gr_device_engine_update, .evaluate = fused_evaluate,                    \
        .keep_parameters = gr_device_engine_keep_parameters,                                                          \
        .restore_parameters = gr_device_engine_restore_parameters, .finish = gr_device_engine_finish,                 \
        .read_sums = gr_device_engine_read_sums, .read_gradient = gr_device_engine_read_gradient,                     \
        .probabilities = fused_probabilities, .destroy = gr_fused_destroy,                                            \
    }

const engine_type gr_engine_fused = FUSED_ENGINE("fused", gr_fused_create);

const engine_type gr_fused_variants[] = {
    [FIRST_GROUPS] = FUSED_ENGINE("fused, first_groups", create_groups),
    [FIRST_ELEMENTS] = FUSED_ENGINE("fused, first_elements", create_elements),
    [FIRST_DENSE] = FUSED_ENGINE("fused, first_dense", create_dense),
    [FIRST_GPU] = FUSED_ENGINE("fused, first_gpu", gr_fused_gpu_create),
};
