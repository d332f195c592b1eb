/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for GPUs is made here: the kernels' constants, the buffers, the launches. */
#include "engine/fused_gpu/fused_gpu.h"
#include "core/memory.h"
#include "engine/fused_cpu/fused.h"

#include <stdlib.h>
#include <string.h>

/* ---- Program and launches ---- */

static gradus_status format_options(const engine *base, const fused_gpu_plan *plan, char **out)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &base->network;
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {
        {"LAYERS", net->layers},
        {"FEATURES", net->sizes[0]},
        {"UNITS", net->sizes[1]},
        {"PARAMETERS", base->layout.length},
        {"THREADS", plan->threads},
        {"TILE", plan->tile},
        {"SAMPLE_BLOCK", plan->sample_block},
        {"UNIT_BLOCK", plan->unit_block},
        {"UNIT_BLOCKS", plan->unit_blocks},
        {"SLICES", plan->slices},
        {"QUAD_BLOCK", plan->quad_block},
        {"COLUMNS", plan->columns},
        {"ITEMS", plan->items},
        {"CHUNKS", plan->chunks},
        {"SPLITS", plan->splits},
        {"TILES", plan->tiles},
        {"ACTIVATIONS", plan->activations},
        {"REDUCE_SLICES", plan->reduce_slices},
    };

    TRY(gr_copy_text("", out));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        TRY(gr_program_define(out, numbers[i].name, &numbers[i].value, 1));
    TRY(gr_program_define(out, "SIZES", net->sizes, net->layers + 1));
    TRY(gr_program_define(out, "WEIGHTS_AT", base->layout.weights, net->layers));
    TRY(gr_program_define(out, "BIAS_AT", base->layout.bias, net->layers));
    TRY(gr_program_define(out, "ACTIVATIONS_AT", plan->activations_at, net->layers));
cleanup:
    return status;
}

static gradus_status build_program(fused *e, const fused_gpu_plan *plan)
{
    gradus_status status = GRADUS_OK;
    char *options = NULL;
    TRY(format_options(&e->common.base, plan, &options));
    TRY(gr_program_build(e->common.device, "fused_gpu/fused_gpu.cl", options, &e->program));
cleanup:
    free(options);
    return status;
}

static gradus_status plan_launches(fused *e, const fused_gpu_plan *plan)
{
    gradus_status status = GRADUS_OK;
    const cl_mem unset = NULL;
    const cl_uint none = 0, groups = (cl_uint)plan->groups;
    const cl_float unscaled = 0;
    const size_t columns = PARAMETER_ALIGNMENT, local = columns * plan->reduce_slices;

    TRY(gr_launch_create_in(e->program, "fused_gpu_pass", plan->groups * plan->threads, plan->threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(e->x.values), ARGUMENT(e->labels),
                                      ARGUMENT(e->common.parameters), ARGUMENT(e->scratch), ARGUMENT(e->kept)),
                            &e->fused_pass));
    TRY(gr_launch_create_in(e->program, "fused_gpu_forward", plan->groups * plan->threads, plan->threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(unset),
                                      ARGUMENT(e->x.values), ARGUMENT(e->labels), ARGUMENT(e->common.parameters),
                                      ARGUMENT(e->scratch)),
                            &e->fused_forward));
    TRY(gr_launch_create_in(e->program, "fused_gpu_reduce", (e->common.base.layout.length / columns + 1) * local,
                            local,
                            ARGUMENTS(ARGUMENT(unscaled), ARGUMENT(e->scratch), ARGUMENT(e->common.gradient),
                                      ARGUMENT(e->common.record.sums), ARGUMENT(groups)),
                            &e->fused_reduce));
cleanup:
    return status;
}

/* The largest work-group in which the device can run all kernels of the program, which may be less than it can in
 * general. */
static gradus_status program_limit(const fused *e, size_t *out)
{
    gradus_status status = GRADUS_OK;
    static const char *const names[] = {"fused_gpu_pass", "fused_gpu_forward", "fused_gpu_reduce"};
    cl_kernel kernel = NULL;
    *out = SIZE_MAX;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t limit = 0;
        CL_TRY_NEW(kernel, clCreateKernel(e->program, names[i], &cl_error), names[i]);
        CL_TRY(clGetKernelWorkGroupInfo(kernel, e->common.device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof limit, &limit,
                                        NULL));
        *out = limit < *out ? limit : *out;
        clReleaseKernel(kernel);
        kernel = NULL;
    }
cleanup:
    if (kernel != NULL)
        clReleaseKernel(kernel);
    return status;
}

/* Plans and builds, for smaller work-groups as long as the kernels take more of the device than it has. */
static gradus_status plan_and_build(fused *e, fused_gpu_plan *plan)
{
    gradus_status status = GRADUS_OK;
    const gradus_device *device = e->common.device;
    fused_gpu_limits limits = {device->info.compute_units, (size_t)device->info.local_memory_bytes, 0};
    CL_TRY(clGetDeviceInfo(device->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof limits.threads, &limits.threads, NULL));
    for (;;) {
        TRY(gr_fused_gpu_plan(&e->common.base.network, e->common.base.dataset->info.samples, &limits, plan));
        TRY(build_program(e, plan));
        TRY(program_limit(e, &limits.threads));
        if (limits.threads >= plan->threads && limits.threads >= PARAMETER_ALIGNMENT * plan->reduce_slices)
            break;
        clReleaseProgram(e->program);
        e->program = NULL;
    }
cleanup:
    return status;
}

/* ---- Memory ---- */

/* Bytes of a sample on the device: whole runs of 16. */
static size_t sample_bytes(const fused *e)
{
    return gr_divide_up(e->common.base.network.sizes[0], 16) * 16;
}

static gradus_status check_fit(const fused *e, const fused_gpu_plan *plan)
{
    const gradus_device *device = e->common.device;
    const double sums = (double)plan->groups * (double)plan->partial * sizeof(cl_float);
    const double kept = (double)plan->groups * (double)plan->kept * sizeof(cl_float);
    const double pixels = (double)sample_bytes(e);
    const memory_need need = {pixels + 1, pixels, (double)gr_device_engine_bytes(&e->common.base) + sums + kept};
    const double largest = sums > kept ? sums : kept;
    if (largest > (double)device->info.max_allocation_bytes)
        return gr_fail(GRADUS_ERROR_DEVICE, "%s: engine fused needs a buffer of %.1f MB for this network's gradients",
                       device->info.name, largest * 1e-6);
    return gr_device_engine_check_fit(&e->common, &need);
}

/* X, each sample's bytes followed by zeros up to whole runs. */
static gradus_status upload_pixels(fused *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t samples = data->info.samples, features = data->info.features, pitch = sample_bytes(e);
    void *memory = NULL;

    if (pitch == features) {
        TRY(gr_buffer_create(device, samples * pitch, "X", &e->x.values));
        TRY(gr_buffer_write(device, e->x.values, 0, samples * pitch, data->pixels));
        goto cleanup;
    }
    TRY(gr_buffer_create_mapped(device, samples * pitch, "X", &e->x.values, &memory));
    memset(memory, 0, samples * pitch);
    for (size_t s = 0; s < samples; s++)
        memcpy((uint8_t *)memory + s * pitch, data->pixels + s * features, features);
    TRY(gr_buffer_unmap(device, e->x.values, memory));
cleanup:
    return status;
}

static gradus_status upload(fused *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t samples = data->info.samples;

    TRY(upload_pixels(e));
    if (data->labels == NULL)
        goto cleanup;
    TRY(gr_buffer_create(device, samples, "the labels", &e->labels));
    TRY(gr_buffer_write(device, e->labels, 0, samples, data->labels));
cleanup:
    return status;
}

/* ---- Life cycle ---- */

gradus_status gr_fused_gpu_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused *e = NULL;
    fused_gpu_plan plan;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    e->first = FIRST_GPU;
    TRY(plan_and_build(e, &plan));
    TRY(check_fit(e, &plan));
    TRY(gr_buffer_create_zeroed(device, plan.groups * plan.partial * sizeof(cl_float), "partial gradients",
                                &e->scratch));
    if (plan.kept > 0)
        TRY(gr_buffer_create(device, plan.groups * plan.kept * sizeof(cl_float), "dZ1", &e->kept));
    TRY(upload(e));
    TRY(plan_launches(e, &plan));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_fused_destroy(&e->common.base);
    return status;
}
