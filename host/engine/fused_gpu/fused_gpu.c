/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" with kernels for GPUs: the program's constants, buffers, launches, and the engine's functions. */
#include "engine/fused_gpu/fused_gpu.h"
#include "core/memory.h"
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "engine/opencl/device_engine.h"

#include <stdlib.h>
#include <string.h>

typedef struct fused_gpu {
    device_engine common;
    fused_gpu_plan plan;
    cl_mem pixels;      /* X, (16 runs x B) bytes: each sample padded with zeros to full runs */
    cl_mem labels;      /* (B); NULL for a data set without labels */
    cl_mem partial;     /* (plan.partial x plan.groups), the work-groups' sums */
    cl_mem kept;        /* (plan.kept x plan.groups), dZ1; NULL if dW1 is one chunk */
    cl_program program; /* built for this network */
    launch pass, forward, reduce;
} fused_gpu;

/* ---- Computing ---- */

/* Queues a pass over a range, and the launch that adds up the work-groups' sums. */
static gradus_status run_pass(fused_gpu *e, launch *pass, size_t first, size_t count, u32 mode)
{
    gradus_status status = GRADUS_OK;
    const pass_range range = make_pass_range((u32)first, (u32)(first + count), mode);
    TRY(gr_launch_vary(pass, sizeof range, &range));
    TRY(gr_launch_enqueue(e->common.device, pass));
    TRY(gr_launch_vary(&e->reduce, sizeof range, &range));
    TRY(gr_launch_enqueue(e->common.device, &e->reduce));
cleanup:
    return status;
}

static gradus_status fused_gpu_gradient(engine *base, size_t first, size_t count)
{
    fused_gpu *e = (fused_gpu *)base;
    return run_pass(e, &e->pass, first, count, PASS_GRADIENT);
}

static gradus_status fused_gpu_evaluate(engine *base, size_t first, size_t count)
{
    fused_gpu *e = (fused_gpu *)base;
    return run_pass(e, &e->forward, first, count, PASS_EVALUATE);
}

/* Creates the launch of a pass without gradient; probabilities (C x B) may be NULL. */
static gradus_status create_forward(const fused_gpu *e, pass_range range, cl_mem probabilities, launch *out)
{
    return gr_launch_create_in(e->program, "fused_gpu_forward", e->plan.groups * e->plan.threads, e->plan.threads,
                               ARGUMENTS(ARGUMENT(range), ARGUMENT(e->pixels), ARGUMENT(e->labels),
                                         ARGUMENT(e->common.parameters), ARGUMENT(e->partial),
                                         ARGUMENT(probabilities)),
                               out);
}

static gradus_status fused_gpu_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = (fused_gpu *)base;
    const size_t samples = base->dataset->info.samples;
    const size_t bytes = samples * base->network.sizes[base->network.layers] * sizeof *out;
    cl_mem probabilities = NULL; /* (C x B) */
    launch forward = {0};

    TRY(gr_buffer_create(e->common.device, bytes, "the probabilities", &probabilities));
    TRY(create_forward(e, make_pass_range(0, (u32)samples, PASS_PROBABILITIES), probabilities, &forward));
    TRY(gr_launch_enqueue(e->common.device, &forward));
    TRY(gr_buffer_read(e->common.device, probabilities, 0, bytes, out));
cleanup:
    gr_launch_destroy(&forward);
    gr_buffer_release(&probabilities);
    return status;
}

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

static gradus_status build_program(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    char *options = NULL;
    TRY(format_options(&e->common.base, &e->plan, &options));
    TRY(gr_program_build(e->common.device, "fused_gpu/fused_gpu.cl", options, &e->program));
cleanup:
    free(options);
    return status;
}

/* The largest work-group with which the device can run all kernels of the program; may be smaller than the device's
 * general limit. */
static gradus_status program_limit(const fused_gpu *e, size_t *out)
{
    gradus_status status = GRADUS_OK;
    static const char *const names[] = {"fused_gpu_pass", "fused_gpu_forward", "fused_gpu_reduce"};
    *out = SIZE_MAX;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t limit = 0;
        TRY(gr_program_group_limit(e->common.device, e->program, names[i], &limit));
        *out = limit < *out ? limit : *out;
    }
cleanup:
    return status;
}

/* Plans and builds, with smaller work-groups as long as the kernels need more resources than the device has. */
static gradus_status plan_and_build(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_device *device = e->common.device;
    fused_gpu_limits limits = {device->info.compute_units, (size_t)device->info.local_memory_bytes, 0};
    TRY(gr_device_group_limit(device, &limits.threads));
    for (;;) {
        TRY(gr_fused_gpu_plan(&e->common.base.network, e->common.base.dataset->info.samples, &limits, &e->plan));
        TRY(build_program(e));
        TRY(program_limit(e, &limits.threads));
        if (limits.threads >= e->plan.threads && limits.threads >= REDUCE_COLUMNS * e->plan.reduce_slices)
            break;
        gr_program_release(&e->program);
    }
cleanup:
    return status;
}

static gradus_status plan_launches(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const pass_range none = {0};
    const cl_uint groups = (cl_uint)e->plan.groups;
    const size_t reduced = e->common.layout.length / REDUCE_COLUMNS + 1; /* work-groups of it, one for the metrics */
    const size_t local = REDUCE_COLUMNS * e->plan.reduce_slices;

    TRY(gr_launch_create_in(e->program, "fused_gpu_pass", e->plan.groups * e->plan.threads, e->plan.threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->pixels), ARGUMENT(e->labels),
                                      ARGUMENT(e->common.parameters), ARGUMENT(e->partial), ARGUMENT(e->kept)),
                            &e->pass));
    TRY(create_forward(e, none, NULL, &e->forward));
    TRY(gr_launch_create_in(e->program, "fused_gpu_reduce", reduced * local, local,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->partial), ARGUMENT(e->common.gradient),
                                      ARGUMENT(e->common.record.sums), ARGUMENT(groups)),
                            &e->reduce));
cleanup:
    return status;
}

/* ---- Memory ---- */

/* Bytes of a sample on the device: full runs. */
static size_t sample_bytes(const fused_gpu *e)
{
    return SAMPLE_RUNS(e->common.base.network.sizes[0]) * RUN_PIXELS;
}

static gradus_status check_fit(const fused_gpu *e)
{
    const gradus_device *device = e->common.device;
    const double sums = (double)e->plan.groups * (double)e->plan.partial * sizeof(cl_float);
    const double kept = (double)e->plan.groups * (double)e->plan.kept * sizeof(cl_float);
    const double pixels = (double)sample_bytes(e);
    const memory_need need = {pixels + 1, pixels, (double)gr_device_engine_bytes(&e->common.base) + sums + kept};
    const double largest = sums > kept ? sums : kept;
    if (largest > (double)device->info.max_allocation_bytes)
        return gr_fail(GRADUS_ERROR_DEVICE, "%s: engine fused needs a buffer of %.1f MB for this network's gradients",
                       device->info.name, largest * 1e-6);
    return gr_device_engine_check_fit(&e->common, &need);
}

static gradus_status upload_pixels(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t samples = data->info.samples, features = data->info.features, pitch = sample_bytes(e);
    void *memory = NULL;

    if (pitch == features) {
        TRY(gr_buffer_create(device, samples * pitch, "X", &e->pixels));
        TRY(gr_buffer_write(device, e->pixels, 0, samples * pitch, data->pixels));
        goto cleanup;
    }
    TRY(gr_buffer_create_mapped(device, samples * pitch, "X", &e->pixels, &memory));
    memset(memory, 0, samples * pitch);
    for (size_t s = 0; s < samples; s++)
        memcpy((uint8_t *)memory + s * pitch, data->pixels + s * features, features);
    TRY(gr_buffer_unmap(device, e->pixels, memory));
cleanup:
    return status;
}

static gradus_status upload_labels(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset *data = e->common.base.dataset;
    if (data->labels == NULL)
        return GRADUS_OK;
    TRY(gr_buffer_create(device, data->info.samples, "the labels", &e->labels));
    TRY(gr_buffer_write(device, e->labels, 0, data->info.samples, data->labels));
cleanup:
    return status;
}

/* ---- Creation and destruction ---- */

static void fused_gpu_destroy(engine *base)
{
    fused_gpu *e = (fused_gpu *)base;
    (void)gr_device_finish(e->common.device);
    gr_launch_destroy(&e->pass);
    gr_launch_destroy(&e->forward);
    gr_launch_destroy(&e->reduce);
    gr_buffer_release(&e->pixels);
    gr_buffer_release(&e->labels);
    gr_buffer_release(&e->partial);
    gr_buffer_release(&e->kept);
    gr_program_release(&e->program);
    gr_device_engine_release(&e->common);
    free(e);
}

static gradus_status fused_gpu_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = NULL;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    TRY(plan_and_build(e));
    TRY(check_fit(e));
    TRY(gr_buffer_create_zeroed(device, e->plan.groups * e->plan.partial * sizeof(cl_float), "partial gradients",
                                &e->partial));
    if (e->plan.kept > 0)
        TRY(gr_buffer_create(device, e->plan.groups * e->plan.kept * sizeof(cl_float), "dZ1", &e->kept));
    TRY(upload_pixels(e));
    TRY(upload_labels(e));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        fused_gpu_destroy(&e->common.base);
    return status;
}

/* Only full batches and ReLU are supported. */
static const char *fused_gpu_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    const gradus_network *network = &base->network;
    const regularization *how = &base->regularization;
    return network->floats                              ? "float features"
           : base->batch > 0                            ? "mini-batches with kernels for GPUs"
           : network->activation != GRADUS_RELU         ? "an activation other than ReLU with kernels for GPUs"
           : network->input_deviation != 0              ? "standardised input with kernels for GPUs"
           : how->dropout > 0 || how->input_dropout > 0 ? "dropout with kernels for GPUs"
           : how->label_smoothing > 0                   ? "label smoothing with kernels for GPUs"
                                                        : NULL;
}

const engine_type gr_fused_gpu = {
    .name = "fused",
    .unsupported = fused_gpu_unsupported,
    .create = fused_gpu_create,
    .gradient = fused_gpu_gradient,
    .evaluate = fused_gpu_evaluate,
    .probabilities = fused_gpu_probabilities,
    .destroy = fused_gpu_destroy,
    DEVICE_ENGINE_MEMBERS,
    DEVICE_ENGINE_ARRAYS,
};
