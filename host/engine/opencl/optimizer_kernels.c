/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/optimizer.cl. */
#include "engine/opencl/optimizer_kernels.h"
#include "core/memory.h"

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

gradus_status gr_square_sums(gradus_device *device, cl_mem gradient, size_t elements, cl_mem partial, launch *prepared)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong count = elements;
    cl_program program = NULL;
    TRY(gr_program_share(device, "common/optimizer.cl", "", &program));
    TRY(gr_launch_create_in(program, "square_sums", SQUARE_SHARES, 1,
                            ARGUMENTS(ARGUMENT(gradient), ARGUMENT(count), ARGUMENT(partial)), prepared));
cleanup:
    return status;
}

gradus_status gr_clip_factor(gradus_device *device, cl_mem partial, float clip_norm, cl_mem clip, launch *prepared)
{
    gradus_status status = GRADUS_OK;
    const cl_uint shares = SQUARE_SHARES;
    cl_program program = NULL;
    TRY(gr_program_share(device, "common/optimizer.cl", "", &program));
    TRY(gr_launch_create_in(program, "clip_factor", 1, 1,
                            ARGUMENTS(ARGUMENT(partial), ARGUMENT(shares), ARGUMENT(clip_norm), ARGUMENT(clip)),
                            prepared));
cleanup:
    return status;
}

gradus_status gr_limit_norms(gradus_device *device, cl_mem parameters, cl_mem rows, size_t row_count, float max_norm,
                             launch *prepared)
{
    const cl_ulong count = row_count;
    return gr_launch_create(device, "common/optimizer.cl", "limit_norms", row_count,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(rows), ARGUMENT(count), ARGUMENT(max_norm)),
                            prepared);
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
