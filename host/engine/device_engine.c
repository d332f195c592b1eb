/* SPDX-License-Identifier: Apache-2.0 */
/* The flat buffers on the device. */
#include "engine/device_engine.h"
#include "engine/operations.h"

static size_t parameter_bytes(const parameter_layout *layout)
{
    return layout->length * sizeof(cl_float);
}

size_t gr_device_engine_bytes(const parameter_layout *layout)
{
    return 3 * parameter_bytes(layout) + 2 * METRIC_SLOTS * sizeof(cl_float);
}

gradus_status gr_device_engine_init(device_engine *e, const engine *base, gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    const size_t bytes = parameter_bytes(&base->layout);
    *e = (device_engine){.base = *base, .device = device};
    TRY(gr_buffer_create_zeroed(device, bytes, "the parameters", &e->parameters));
    TRY(gr_buffer_create_zeroed(device, bytes, "the parameters set aside", &e->kept));
    TRY(gr_buffer_create_zeroed(device, bytes, "the gradient", &e->gradient));
    TRY(gr_buffer_create_zeroed(device, 2 * METRIC_SLOTS * sizeof(cl_float), "metrics", &e->sums));
    TRY(gr_sgd_update(device, e->parameters, e->gradient, base->layout.length, &e->sgd_update));
cleanup:
    return status;
}

void gr_device_engine_release(device_engine *e)
{
    gr_launch_destroy(&e->sgd_update);
    gr_buffer_release(&e->parameters);
    gr_buffer_release(&e->kept);
    gr_buffer_release(&e->gradient);
    gr_buffer_release(&e->sums);
}

gradus_status gr_device_engine_write_parameters(engine *base, const float *parameters)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_write(e->device, e->parameters, 0, parameter_bytes(&base->layout), parameters);
}

gradus_status gr_device_engine_read_parameters(engine *base, float *parameters)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_read(e->device, e->parameters, 0, parameter_bytes(&base->layout), parameters);
}

gradus_status gr_device_engine_keep_parameters(engine *base)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_copy(e->device, e->parameters, e->kept, parameter_bytes(&base->layout));
}

gradus_status gr_device_engine_restore_parameters(engine *base)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_copy(e->device, e->kept, e->parameters, parameter_bytes(&base->layout));
}

gradus_status gr_device_engine_update(engine *base, float learning_rate)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    TRY(gr_sgd_update_set_learning_rate(&e->sgd_update, learning_rate));
    TRY(gr_launch_enqueue(e->device, &e->sgd_update));
cleanup:
    return status;
}

gradus_status gr_device_engine_finish(engine *base)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clFinish(((device_engine *)base)->device->queue));
cleanup:
    return status;
}

gradus_status gr_device_engine_read_sums(engine *base, unsigned count, batch_sums *sums)
{
    gradus_status status = GRADUS_OK;
    device_engine *e = (device_engine *)base;
    float pairs[2 * METRIC_SLOTS];
    TRY(gr_buffer_read(e->device, e->sums, 0, 2 * count * sizeof *pairs, pairs));
    for (unsigned i = 0; i < count; i++)
        sums[i] = (batch_sums){(double)pairs[2 * i], (double)pairs[2 * i + 1]};
cleanup:
    return status;
}

gradus_status gr_device_engine_read_gradient(engine *base, float *gradient)
{
    device_engine *e = (device_engine *)base;
    return gr_buffer_read(e->device, e->gradient, 0, parameter_bytes(&base->layout), gradient);
}
