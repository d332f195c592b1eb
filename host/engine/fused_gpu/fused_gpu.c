/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for full batches on GPUs: the program's constants, buffers, launches, and the engine's functions. */
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
    cl_mem partial;     /* (plan.partial), the work-groups' sums */
    cl_mem kept;        /* (plan.kept), dZ1; NULL if dW1 is one chunk */
    cl_program program; /* built for this network */
    launch pass, weights, forward, reduce, step; /* weights: without a kernel if dW1 is one chunk */
} fused_gpu;

/* ---- Computing ---- */

static gradus_status enqueue(fused_gpu *e, launch *prepared, size_t size, const void *varying)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_launch_vary(prepared, size, varying));
    TRY(gr_launch_enqueue(e->common.device, prepared));
cleanup:
    return status;
}

/* Queues the launches that compute the partial sums of the gradient. */
static gradus_status run_pass(fused_gpu *e, const pass_range *range)
{
    gradus_status status = GRADUS_OK;
    TRY(enqueue(e, &e->pass, sizeof *range, range));
    if (e->weights.kernel != NULL)
        TRY(enqueue(e, &e->weights, sizeof *range, range));
cleanup:
    return status;
}

static gradus_status fused_gpu_gradient(engine *base, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = (fused_gpu *)base;
    const pass_range range = make_pass_range((u32)first, (u32)(first + count), PASS_GRADIENT);
    TRY(run_pass(e, &range));
    TRY(enqueue(e, &e->reduce, sizeof range, &range));
cleanup:
    return status;
}

static gradus_status fused_gpu_evaluate(engine *base, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = (fused_gpu *)base;
    const pass_range range = make_pass_range((u32)first, (u32)(first + count), PASS_EVALUATE);
    TRY(enqueue(e, &e->forward, sizeof range, &range));
    TRY(enqueue(e, &e->reduce, sizeof range, &range));
cleanup:
    return status;
}

/* Each step is over all samples of the run, since an engine for full batches has no batch size. */
static gradus_status fused_gpu_take_steps(engine *base, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = (fused_gpu *)base;
    const pass_range range = make_pass_range((u32)run->first, (u32)run->end, PASS_GRADIENT);
    for (size_t i = 0; i < run->count; i++) {
        const gpu_step work = {range, run->steps[i], run->keep && i + 1 == run->count};
        TRY(run_pass(e, &range));
        TRY(enqueue(e, &e->step, sizeof work, &work));
    }
cleanup:
    return status;
}

/* Creates the launch of a pass without gradient; probabilities (C x B) may be NULL. */
static gradus_status create_forward(const fused_gpu *e, pass_range range, cl_mem probabilities, launch *out)
{
    return gr_launch_create_in(e->program, "fused_gpu_forward", e->plan.groups * e->plan.threads, e->plan.threads,
                               ARGUMENTS(ARGUMENT(range), ARGUMENT(e->pixels), ARGUMENT(e->labels),
                                         ARGUMENT(e->common.parameters), ARGUMENT(e->partial), ARGUMENT(probabilities),
                                         ARGUMENT(e->plan.sums)),
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

static gradus_status build_program(fused_gpu *e, const gpu_model *model)
{
    gradus_status status = GRADUS_OK;
    char *options = NULL;
    TRY(gr_fused_gpu_options(&e->plan, &e->common.base, model, &options));
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
    static const char *const names[] = {"fused_gpu_pass", "fused_gpu_forward", "fused_gpu_reduce", "fused_gpu_step",
                                        "fused_gpu_weights"};
    const size_t kernels = sizeof names / sizeof *names - (e->plan.chunks == 1 ? 1 : 0);
    *out = SIZE_MAX;
    for (size_t i = 0; i < kernels; i++) {
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
    const gpu_model model = gr_gpu_model_of(e->common.device);
    size_t threads = SIZE_MAX;
    for (;;) {
        TRY(gr_fused_gpu_plan(&e->common.base.network, e->common.base.dataset->info.samples, &model, threads,
                              &e->plan));
        TRY(build_program(e, &model));
        TRY(program_limit(e, &threads));
        if (threads >= e->plan.threads && threads >= REDUCE_COLUMNS * e->plan.reduce_slices)
            break;
        gr_program_release(&e->program);
    }
cleanup:
    return status;
}

/* The launches of the pass over the samples. */
static gradus_status plan_pass(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const fused_gpu_plan *plan = &e->plan;
    const pass_range none = {0};
    TRY(gr_launch_create_in(e->program, "fused_gpu_pass", plan->groups * plan->threads, plan->threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->pixels), ARGUMENT(e->labels),
                                      ARGUMENT(e->common.parameters), ARGUMENT(e->partial), ARGUMENT(e->kept),
                                      ARGUMENT(plan->sums)),
                            &e->pass));
    if (plan->chunks > 1)
        TRY(gr_launch_create_in(
            e->program, "fused_gpu_weights", plan->chunks * plan->shares * plan->threads, plan->threads,
            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->pixels), ARGUMENT(e->kept), ARGUMENT(e->partial)), &e->weights));
    TRY(create_forward(e, none, NULL, &e->forward));
cleanup:
    return status;
}

/* The launches that add up the partial sums. */
static gradus_status plan_sums(fused_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const device_engine *common = &e->common;
    const pass_range none = {0};
    const gpu_step no_step = {0};
    const size_t groups = common->layout.length / REDUCE_COLUMNS + 1; /* the last one has the metrics */
    const size_t local = REDUCE_COLUMNS * e->plan.reduce_slices;
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);

    TRY(gr_launch_create_in(e->program, "fused_gpu_reduce", groups * local, local,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->partial), ARGUMENT(common->gradient),
                                      ARGUMENT(common->record.sums), ARGUMENT(e->plan.sums)),
                            &e->reduce));
    TRY(gr_launch_create_in(
        e->program, "fused_gpu_step", groups * local, local,
        ARGUMENTS(ARGUMENT(no_step), ARGUMENT(common->base.optimizer), ARGUMENT(e->partial),
                  ARGUMENT(common->parameters), ARGUMENT(common->kept), ARGUMENT(common->optimizer.decays),
                  ARGUMENT(moments.first), ARGUMENT(moments.second), ARGUMENT(common->record.sums),
                  ARGUMENT(common->record.history), ARGUMENT(common->record.progress), ARGUMENT(e->plan.sums)),
        &e->step));
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
    const double sums = (double)e->plan.partial * sizeof(cl_float);
    const double kept = (double)e->plan.kept * sizeof(cl_float);
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
    launch *const launches[] = {&e->pass, &e->weights, &e->forward, &e->reduce, &e->step};
    for (size_t i = 0; i < sizeof launches / sizeof *launches; i++)
        gr_launch_destroy(launches[i]);
    gr_buffer_release(&e->pixels);
    gr_buffer_release(&e->labels);
    gr_buffer_release(&e->partial);
    gr_buffer_release(&e->kept);
    gr_program_release(&e->program);
    gr_device_engine_release(&e->common);
    free(e);
}

static const engine_type whole_step_type;

/* The norms of the gradient and of the rows of W need all of them first, in launches of update(). */
static bool steps_need_norms(const optimizer *how)
{
    return how->clip_norm > 0 || how->max_norm > 0;
}

static gradus_status fused_gpu_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused_gpu *e = NULL;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    e->common.base.type = steps_need_norms(&base->optimizer) ? &gr_fused_gpu : &whole_step_type;
    TRY(plan_and_build(e));
    TRY(check_fit(e));
    TRY(gr_buffer_create_zeroed(device, e->plan.partial * sizeof(cl_float), "partial gradients", &e->partial));
    if (e->plan.kept > 0)
        TRY(gr_buffer_create(device, e->plan.kept * sizeof(cl_float), "dZ1", &e->kept));
    TRY(upload_pixels(e));
    TRY(upload_labels(e));
    TRY(plan_pass(e));
    TRY(plan_sums(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        fused_gpu_destroy(&e->common.base);
    return status;
}

#define HERE " with full batches and kernels for GPUs"

static const char *fused_gpu_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    const gradus_network *network = &base->network;
    const regularization *how = &base->regularization;
    return network->floats                              ? "float features" HERE
           : base->batch > 0                            ? "mini-batches"
           : network->activation != GRADUS_RELU         ? "an activation other than ReLU" HERE
           : network->input_deviation != 0              ? "standardised input" HERE
           : how->dropout > 0 || how->input_dropout > 0 ? "dropout" HERE
           : how->label_smoothing > 0                   ? "label smoothing" HERE
                                                        : NULL;
}

/* ---- The engines ---- */

#define FUSED_GPU_ENGINE(steps)                                                                                       \
    {                                                                                                                 \
        .name = "fused", .unsupported = fused_gpu_unsupported, .create = fused_gpu_create,                            \
        .gradient = fused_gpu_gradient, .evaluate = fused_gpu_evaluate, .take_steps = (steps),                        \
        .probabilities = fused_gpu_probabilities, .destroy = fused_gpu_destroy, DEVICE_ENGINE_MEMBERS,                \
        DEVICE_ENGINE_ARRAYS                                                                                          \
    }

const engine_type gr_fused_gpu = FUSED_GPU_ENGINE(NULL);
static const engine_type whole_step_type = FUSED_GPU_ENGINE(fused_gpu_take_steps);
