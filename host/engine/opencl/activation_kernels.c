/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/layered/activate.cl. */
#include "engine/opencl/activation_kernels.h"
#include "core/memory.h"
#include "engine/common/dropout.h"

#include "layered/layered_arguments.h"

gradus_status gr_activation_forward(gradus_device *device, gradus_activation function, const dropout_source *source,
                                    cl_mem z, cl_mem slopes, size_t units, size_t samples, launch *prepared)
{
    const u32 threshold = gr_dropout_threshold(source->share);
    const activation_slice all = {0, (u32)samples, threshold};
    const activation_layer layer = {(u32)units, (u32)samples, function, source->layer, gr_dropout_gain(threshold)};
    return gr_launch_create(device, "layered/activate.cl", "activation_forward",
                            gr_divide_up(units, ACTIVATE_UNITS) * samples,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(layer), ARGUMENT(z), ARGUMENT(slopes),
                                      ARGUMENT(source->progress), ARGUMENT(source->order)),
                            prepared);
}

gradus_status gr_activation_forward_set(launch *prepared, float share, size_t first, size_t valid)
{
    const activation_slice slice = {(u32)first, (u32)valid, gr_dropout_threshold(share)};
    return gr_launch_vary(prepared, sizeof slice, &slice);
}

gradus_status gr_activation_backward(gradus_device *device, cl_mem slopes, cl_mem dz, size_t elements,
                                     launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "layered/activate.cl", "activation_backward", elements,
                            ARGUMENTS(ARGUMENT(slopes), ARGUMENT(dz), ARGUMENT(count)), prepared);
}

gradus_status gr_input_transform(gradus_device *device, const input_transform *input, const dropout_source *source,
                                 cl_mem x, cl_mem out, size_t features, size_t samples, launch *prepared)
{
    const u32 threshold = gr_dropout_threshold(source->share);
    const input_slice all = {0, (u32)samples, threshold, 0};
    const input_layer layer = {(u32)features, (u32)samples,  input->floats,
                               input->scale,  input->offset, gr_dropout_gain(threshold)};
    return gr_launch_create(device, "layered/activate.cl", "input_transform",
                            gr_divide_up(features, ACTIVATE_UNITS) * samples,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(layer), ARGUMENT(x), ARGUMENT(out),
                                      ARGUMENT(source->progress), ARGUMENT(source->order)),
                            prepared);
}

gradus_status gr_input_transform_set(launch *prepared, float share, size_t first, size_t valid, size_t x_first)
{
    const input_slice slice = {(u32)first, (u32)valid, gr_dropout_threshold(share), (u32)x_first};
    return gr_launch_vary(prepared, sizeof slice, &slice);
}
