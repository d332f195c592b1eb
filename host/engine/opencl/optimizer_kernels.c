/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/optimizer.cl. */
#include "engine/opencl/optimizer_kernels.h"
#include "core/memory.h"

#include "common/group_sum.h"

/* An optimizer without this moment never uses the buffer that replaces it. */
static cl_mem moment(cl_mem own, const update_buffers *buffers)
{
    return own == NULL ? buffers->gradient : own;
}

gradus_status gr_update_parameters(gradus_device *device, const optimizer *how, size_t elements,
                                   const step_record *record, const update_buffers *buffers, launch *prepared)
{
    const update_step none = {0};
    const cl_ulong count = elements;
    const cl_mem first = moment(buffers->first, buffers), second = moment(buffers->second, buffers);
    return gr_launch_create(device, "common/optimizer.cl", "update_parameters", gr_divide_up(elements, UPDATE_LANES),
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(*how), ARGUMENT(count), ARGUMENT(buffers->parameters),
                                      ARGUMENT(buffers->gradient), ARGUMENT(buffers->decays), ARGUMENT(buffers->clip),
                                      ARGUMENT(first), ARGUMENT(second), ARGUMENT(record->sums),
                                      ARGUMENT(record->history), ARGUMENT(record->progress)),
                            prepared);
}

gradus_status gr_update_parameters_set(launch *prepared, const update_step *step)
{
    return gr_launch_vary(prepared, sizeof *step, step);
}

/* A launch of `count` work-items on a CPU, or of as many work-groups on a GPU, of the kernel of that kind. */
static gradus_status create_sums(gradus_device *device, const char *cpu, const char *gpu, size_t count,
                                 const kernel_argument *arguments, size_t argument_count, launch *prepared)
{
    gradus_status status = GRADUS_OK;
    const bool groups = device->kernels == KERNELS_GPU;
    const size_t local = groups ? GROUP_SUM_ITEMS : 1;
    cl_program program = NULL;
    TRY(gr_program_share(device, "common/optimizer.cl", "", &program));
    TRY(gr_launch_create_in(program, groups ? gpu : cpu, count * local, local, arguments, argument_count, prepared));
cleanup:
    return status;
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
    const kernel_argument arguments[] = {ARGUMENT(parameters), ARGUMENT(rows), ARGUMENT(count), ARGUMENT(max_norm)};
    const size_t arguments_count = sizeof arguments / sizeof *arguments;
    if (device->kernels == KERNELS_CPU)
        return gr_launch_create(device, "common/optimizer.cl", "limit_norms", row_count, arguments, arguments_count,
                                prepared);
    return create_sums(device, "", "limit_norms_group", row_count, arguments, arguments_count, prepared);
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
