/* SPDX-License-Identifier: Apache-2.0 */
/* The flat buffers on the device, and the record of the steps. */
#include "engine/opencl/device_engine.h"

#include <math.h>

#define SUMS_BYTES (METRICS * sizeof(cl_float))
#define HISTORY_BYTES (METRIC_SLOTS * SUMS_BYTES)

static size_t parameter_bytes(const parameter_layout *layout)
{
    return layout->length * sizeof(cl_float);
}

size_t gr_device_engine_bytes(const engine *base)
{
    return 3 * parameter_bytes(&base->layout) + HISTORY_BYTES + SUMS_BYTES + sizeof(step_progress) +
           gr_device_optimizer_bytes(&base->optimizer, &base->layout);
}

static gradus_status create_record(device_engine *e)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create_zeroed(e->device, SUMS_BYTES, "metrics", &e->record.sums));
    TRY(gr_buffer_create_zeroed(e->device, HISTORY_BYTES, "metrics", &e->record.history));
    TRY(gr_buffer_create_zeroed(e->device, sizeof(step_progress), "the number of steps", &e->record.progress));
    TRY(gr_buffer_create_landing(e->device, HISTORY_BYTES, "metrics", &e->landing, (void **)&e->landed));
cleanup:
    return status;
}

gradus_status gr_device_engine_init(device_engine *e, const engine *base, gradus_device *device)
{
    return gr_device_engine_init_with(e, base, device, &base->layout, 0);
}

gradus_status gr_device_engine_init_with(device_engine *e, const engine *base, gradus_device *device,
                                         const parameter_layout *layout, size_t packed_units)
{
    gradus_status status = GRADUS_OK;
    const size_t bytes = parameter_bytes(layout);
    *e = (device_engine){.base = *base, .device = device, .layout = *layout};
    TRY(gr_buffer_create_zeroed(device, bytes, "the parameters", &e->parameters));
    TRY(gr_buffer_create_zeroed(device, bytes, "the kept parameters", &e->kept));
    TRY(gr_buffer_create_zeroed(device, bytes, "the gradient", &e->gradient));
    TRY(create_record(e));
    TRY(gr_device_optimizer_create(device, &base->optimizer, &base->network, layout,
                                   &(optimizer_buffers){e->parameters, e->gradient, &e->record, packed_units},
                                   &e->optimizer));
    TRY(gr_keep_parameters(device, e->parameters, e->kept, layout->length, &e->record, &e->keep_parameters));
cleanup:
    return status;
}

void gr_device_engine_release(device_engine *e)
{
    for (size_t i = 0; i < SUMS_UNDER_WAY; i++)
        gr_event_release(&e->arrival[i]);
    if (e->landed != NULL)
        (void)gr_buffer_unmap(e->device, e->landing, e->landed);
    gr_device_optimizer_release(&e->optimizer);
    gr_launch_destroy(&e->keep_parameters);
    gr_buffer_release(&e->parameters);
    gr_buffer_release(&e->kept);
    gr_buffer_release(&e->gradient);
    gr_buffer_release(&e->record.sums);
    gr_buffer_release(&e->record.history);
    gr_buffer_release(&e->record.progress);
    gr_buffer_release(&e->landing);
}

gradus_status gr_device_engine_check_fit(const device_engine *e, const memory_need *need)
{
    const gradus_device_info *info = &e->device->info;
    const gradus_dataset_info *data = &e->base.dataset->info;
    const double samples = (double)data->samples, in_all = (double)e->device->memory_limit;
    const double in_one = (double)info->max_allocation_bytes;
    const double room = in_all > need->fixed_bytes ? in_all - need->fixed_bytes : 0;
    double fit = room / need->sample_bytes;
    fit = fit < in_one / need->largest_bytes ? fit : in_one / need->largest_bytes;
    if (samples <= fit)
        return GRADUS_OK;
    return gr_fail(
        GRADUS_ERROR_DEVICE,
        "%s: X of %zu samples x %zu features takes %.1f MB there and the rest %.1f MB, but the device allows "
        "%.1f MB in one buffer and %.1f MB in all; about %.0f samples would fit",
        info->name, data->samples, data->features, samples * need->sample_bytes * 1e-6, need->fixed_bytes * 1e-6,
        in_one * 1e-6, in_all * 1e-6, floor(0.95 * fit));
}

/* Sets the record to the state after `steps` steps with finite losses. */
static gradus_status write_progress(device_engine *e, size_t steps)
{
    const uint64_t seed = e->base.regularization.seed;
    const step_progress now = {
        .slot = (u32)(steps % METRIC_SLOTS), .steps = (u32)steps, .seed = {(u32)seed, (u32)(seed >> 32)}};
    return gr_buffer_write(e->device, e->record.progress, 0, sizeof now, &now);
}

gradus_status gr_device_engine_write_parameters(engine *base, const float *parameters)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    TRY(write_progress(e, 0));
    TRY(gr_device_optimizer_reset(e->device, &e->optimizer, &e->layout));
    TRY(gr_buffer_write(e->device, e->parameters, 0, parameter_bytes(&e->layout), parameters));
cleanup:
    return status;
}

gradus_status gr_device_engine_read_parameters(engine *base, float *parameters)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_read(e->device, e->parameters, 0, parameter_bytes(&e->layout), parameters);
}

gradus_status gr_device_engine_read_state(engine *base, const engine_state *state)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    const cl_mem own[STATE_ARRAYS] = {e->parameters, e->kept, e->optimizer.first, e->optimizer.second};
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            TRY(gr_buffer_read(e->device, own[a], 0, parameter_bytes(&e->layout), state->arrays[a]));
cleanup:
    return status;
}

gradus_status gr_device_engine_write_state(engine *base, const engine_state *state)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    const cl_mem own[STATE_ARRAYS] = {e->parameters, e->kept, e->optimizer.first, e->optimizer.second};
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            TRY(gr_buffer_write(e->device, own[a], 0, parameter_bytes(&e->layout), state->arrays[a]));
    TRY(write_progress(e, state->steps));
cleanup:
    return status;
}

gradus_status gr_device_engine_keep_parameters(engine *base)
{
    device_engine *e = (device_engine *)base;
    return gr_launch_enqueue(e->device, &e->keep_parameters);
}

gradus_status gr_device_engine_restore_parameters(engine *base)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_copy(e->device, e->kept, e->parameters, parameter_bytes(&e->layout));
}

gradus_status gr_device_engine_update(engine *base, const update_step *step)
{
    device_engine *e = (device_engine *)base;
    return gr_device_optimizer_enqueue(e->device, &e->optimizer, step);
}

/* The queue is flushed here, once per burst. */
gradus_status gr_device_engine_send_sums(engine *base, unsigned place, sums_range range)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_read_queued(e->device, e->record.history, range.first * SUMS_BYTES, range.count * SUMS_BYTES,
                                 e->landed + METRICS * range.first, &e->arrival[place]);
}

gradus_status gr_device_engine_await_sums(engine *base, unsigned place, sums_range range, batch_sums *sums)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    TRY(gr_device_wait(e->device, &e->arrival[place]));
    for (unsigned i = 0; i < range.count; i++) {
        const float *pair = e->landed + METRICS * (range.first + i);
        sums[i] = (batch_sums){(double)pair[0], (double)pair[1]};
    }
cleanup:
    return status;
}

gradus_status gr_device_engine_read_sums(engine *base, batch_sums *sums)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    float pair[METRICS];
    TRY(gr_buffer_read(e->device, e->record.sums, 0, sizeof pair, pair));
    *sums = (batch_sums){(double)pair[0], (double)pair[1]};
cleanup:
    return status;
}

gradus_status gr_device_engine_read_gradient(engine *base, float *gradient)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_read(e->device, e->gradient, 0, parameter_bytes(&e->layout), gradient);
}
