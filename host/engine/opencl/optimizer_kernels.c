/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/optimizer.cl. */
#include "engine/opencl/optimizer_kernels.h"
#include "core/memory.h"

#include "common/group_sum.h"

gradus_status gr_update_parameters(gradus_device *device, const optimizer *how, size_t elements,
                                   const step_record *record, const update_buffers *buffers, launch *prepared)
{
    const update_step none = {0};
    const cl_ulong count = elements;
    const moment_arguments m = gr_moment_arguments(buffers->first, buffers->second, buffers->gradient);
    return gr_launch_create(device, "common/optimizer.cl", "update_parameters", gr_divide_up(elements, UPDATE_LANES),
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(*how), ARGUMENT(count), ARGUMENT(buffers->parameters),
                                      ARGUMENT(buffers->gradient), ARGUMENT(buffers->decays), ARGUMENT(buffers->clip),
                                      ARGUMENT(m.first), ARGUMENT(m.second), ARGUMENT(record->sums),
                                      ARGUMENT(record->history), ARGUMENT(record->progress)),
                            prepared);
}

gradus_status gr_update_parameters_set(launch *prepared, const update_step *step)
{
    return gr_launch_vary(prepared, sizeof *step, step);
}

/* A launch for `count` sums: a work-item each with kernels for CPUs, a work-group each with those for GPUs. */
static gradus_status create_sums(gradus_device *device, const char *kernel, const char *group_kernel, size_t count,
                                 const kernel_argument *arguments, size_t argument_count, launch *prepared)
{
    const bool cpu = device->kernels == KERNELS_CPU;
    return gr_launch_create_groups(device, "common/optimizer.cl", cpu ? kernel : group_kernel, count,
                                   cpu ? 1 : GROUP_SUM_ITEMS, arguments, argument_count, prepared);
}

gradus_status gr_square_sums(gradus_device *device, cl_mem gradient, size_t elements, cl_mem partial, launch *prepared)
{
    const cl_ulong count = elements;
    return create_sums(device, "square_sums", "square_sums_group", SQUARE_SHARES,
                       ARGUMENTS(ARGUMENT(gradient), ARGUMENT(count), ARGUMENT(partial)), prepared);
}

gradus_status gr_clip_factor(gradus_device *device, cl_mem partial, float clip_norm, cl_mem clip, launch *prepared)
{
    const cl_uint shares = SQUARE_SHARES;
    return create_sums(device, "clip_factor", "clip_factor_group", 1,
                       ARGUMENTS(ARGUMENT(partial), ARGUMENT(shares), ARGUMENT(clip_norm), ARGUMENT(clip)), prepared);
}

gradus_status gr_limit_norms(gradus_device *device, cl_mem parameters, cl_mem rows, size_t row_count, float max_norm,
                             launch *prepared)
{
    const cl_ulong count = row_count;
    return create_sums(device, "limit_norms", "limit_norms_group", row_count,
                       ARGUMENTS(ARGUMENT(parameters), ARGUMENT(rows), ARGUMENT(count), ARGUMENT(max_norm)), prepared);
}

gradus_status gr_keep_parameters(gradus_device *device, cl_mem parameters, cl_mem kept, size_t elements,
                                 const step_record *record, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "common/optimizer.cl", "keep_parameters", elements,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(kept), ARGUMENT(count), ARGUMENT(record->sums),
                                      ARGUMENT(record->progress)),
                            prepared);
}
