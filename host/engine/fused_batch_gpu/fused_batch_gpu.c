/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for mini-batches on GPUs: programs, buffers, launches, and the engine's functions. */
#include "engine/fused_batch_gpu/fused_batch_gpu.h"
#include "core/memory.h"
#include "engine/fused_batch_gpu/batch_gpu_plan.h"
#include "engine/opencl/batch_source.h"
#include "engine/opencl/packed_engine.h"
#include "engine/opencl/step_queue.h"
#include "engine/opencl/training_constants.h"
#include "fused_batch_gpu/batch_gpu_launch.h"

#include <stdlib.h>

typedef struct fused_batch_gpu {
    packed_engine packed; /* W1 in one block, feature by feature */
    batch_gpu_plan plan;
    batch_source *source;
    cl_mem tape;    /* (plan.tape x S), the inputs and dZ of all layers */
    cl_mem metrics; /* (2 x S), of each sample */
    cl_program forward_program, update_program, steps_program;
    launch forward, forward_gathered, evaluate, update, gradient, metric_sums;
    batch_steps_plan steps_plan;
    step_queue steps;   /* of batch_steps; empty unless it is used */
    launch batch_steps; /* without a kernel unless it is used */
} fused_batch_gpu;

/* ---- Computing ---- */

/* Queues the pass over a part of the order, at most a batch. */
static gradus_status run_pass(fused_batch_gpu *e, bool training, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->packed.common.device;
    const bool gathered = training && e->source->augments;
    const batch_part part = {(u32)first, (u32)count, gathered};
    launch *pass = gathered ? &e->forward_gathered : training ? &e->forward : &e->evaluate;
    if (gathered)
        TRY(gr_batch_source_gather(device, e->source, first, count, true));
    TRY(gr_launch_vary(pass, sizeof part, &part));
    pass->global = gr_divide_up(count, e->plan.lanes) * e->plan.forward_threads;
    TRY(gr_launch_enqueue(device, pass));
cleanup:
    return status;
}

/* Runs the pass over each part of a range, and what adds up its sums. */
static gradus_status run_range(fused_batch_gpu *e, bool training, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    const size_t batch = e->packed.common.base.batch;
    launch *sum = training ? &e->gradient : &e->metric_sums;
    for (size_t done = 0; done < count; done += batch) {
        const size_t left = count - done, part = left < batch ? left : batch;
        const batch_step step = {.count = (u32)part, .mean = {1.0f / (float)count, done > 0}};
        TRY(run_pass(e, training, first + done, part));
        TRY(gr_launch_vary(sum, sizeof step, &step));
        TRY(gr_launch_enqueue(e->packed.common.device, sum));
    }
cleanup:
    return status;
}

static gradus_status fused_batch_gpu_gradient(engine *base, size_t first, size_t count)
{
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    return run_range(e, true, first, count);
}

static gradus_status fused_batch_gpu_evaluate(engine *base, size_t first, size_t count)
{
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    return run_range(e, false, first, count);
}

static gradus_status fused_batch_gpu_shuffle(engine *base, const permutation *order)
{
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    return gr_batch_source_shuffle(e->packed.common.device, e->source, order);
}

static gradus_status fused_batch_gpu_take_steps(engine *base, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    for (size_t i = 0; i < run->count; i++) {
        const sample_range samples = gr_step_samples(base, run, i);
        const batch_step step = {
            (u32)samples.count, run->keep && i + 1 == run->count, {1.0f / (float)samples.count, 0}, run->steps[i]};
        TRY(run_pass(e, true, samples.first, samples.count));
        TRY(gr_launch_vary(&e->update, sizeof step, &step));
        TRY(gr_launch_enqueue(e->packed.common.device, &e->update));
    }
cleanup:
    return status;
}

static gradus_status enqueue_steps(engine *base, const step_run *run, size_t factors_at)
{
    gradus_status status = GRADUS_OK;
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    const batch_run work = {(u32)run->first, (u32)run->end, (u32)factors_at, run->keep};
    TRY(gr_launch_vary(&e->batch_steps, sizeof work, &work));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->batch_steps));
cleanup:
    return status;
}

/* The same in one launch, for narrow networks. */
static gradus_status take_queued_steps(engine *base, const step_run *run)
{
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    return gr_step_queue_take(e->packed.common.device, &e->steps, base, run, enqueue_steps);
}

/* ---- Programs and launches ---- */

/* The constants of all programs. */
static gradus_status format_options(const fused_batch_gpu *e, char **out)
{
    gradus_status status = GRADUS_OK;
    const engine *base = &e->packed.common.base;
    const gradus_network *net = &base->network;
    const parameter_layout *layout = &e->packed.common.layout;
    const batch_gpu_plan *plan = &e->plan;
    const size_t floats = net->floats, rest = layout->length - layout->bias[0];
    const struct {
        const char *name;
        const size_t *values;
        size_t count;
    } constants[] = {
        {"LAYERS", &net->layers, 1},
        {"SIZES", net->sizes, net->layers + 1},
        {"FEATURES", net->sizes, 1},
        {"UNITS", net->sizes + 1, 1},
        {"PARAMETERS", &layout->length, 1},
        {"REST", &rest, 1},
        {"WEIGHTS_AT", layout->weights, net->layers},
        {"BIAS_AT", layout->bias, net->layers},
        {"BATCH", &base->batch, 1},
        {"ROWS_AT", plan->rows_at, net->layers},
        {"ROWS", &plan->rows, 1},
        {"INPUTS_AT", plan->inputs_at, net->layers},
        {"DZ_AT", plan->dz_at, net->layers},
        {"SLABS_AT", plan->slabs_at, net->layers + 1},
        {"FLOATS", &floats, 1},
    };
    TRY(gr_copy_text("", out));
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        TRY(gr_program_define(out, constants[i].name, constants[i].values, constants[i].count));
cleanup:
    return status;
}

/* What differs between the programs, so that each is compiled again only if what it uses differs. */
typedef struct program_shape {
    size_t threads, lanes, vectors;
    bool passes, updates;          /* uses the options of the training, and of the optimizer */
    const batch_steps_plan *steps; /* of batch_steps; otherwise NULL */
} program_shape;

static gradus_status define_steps(const fused_batch_gpu *e, const batch_steps_plan *plan, char **options)
{
    gradus_status status = GRADUS_OK;
    const gpu_model model = gr_gpu_model_of(e->packed.common.device);
    const size_t few_registers = model.vendor != GPU_OTHER;
    char wave[GPU_OPTIONS_SIZE];
    gr_gpu_wave_options(&model, plan->registers, wave);
    TRY(gr_program_define(options, "UNIT_BLOCK", &plan->unit_block, 1));
    TRY(gr_program_define(options, "UNIT_BLOCKS", &plan->unit_blocks, 1));
    TRY(gr_program_define(options, "FEW_REGISTERS", &few_registers, 1));
    TRY(gr_program_add_options(options, wave));
cleanup:
    return status;
}

static gradus_status build_program(const fused_batch_gpu *e, const char *file, const program_shape *shape,
                                   cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const engine *base = &e->packed.common.base;
    const size_t rule = base->optimizer.kind;
    char *options = NULL;
    TRY(format_options(e, &options));
    TRY(gr_program_define(&options, "THREADS", &shape->threads, 1));
    TRY(gr_program_define(&options, "LANES", &shape->lanes, 1));
    TRY(gr_program_define(&options, "VECTORS", &shape->vectors, 1));
    if (shape->steps != NULL)
        TRY(define_steps(e, shape->steps, &options));
    if (shape->passes)
        TRY(gr_define_training(base, &options));
    if (shape->updates)
        TRY(gr_program_define(&options, "OPTIMIZER", &rule, 1));
    TRY(gr_program_build(e->packed.common.device, file, options, out));
cleanup:
    free(options);
    return status;
}

static gradus_status build_programs(fused_batch_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const batch_steps_plan *steps = &e->steps_plan;
    TRY(build_program(e, "fused_batch_gpu/batch_forward.cl",
                      &(program_shape){e->plan.forward_threads, e->plan.lanes, 1, .passes = true},
                      &e->forward_program));
    TRY(build_program(e, "fused_batch_gpu/batch_update.cl",
                      &(program_shape){e->plan.update_threads, 1, 1, .updates = true}, &e->update_program));
    if (steps->threads > 0)
        TRY(build_program(e, "fused_batch_gpu/batch_steps.cl",
                          &(program_shape){steps->threads, STEPS_LANES, steps->vectors, true, true, steps},
                          &e->steps_program));
cleanup:
    return status;
}

static gradus_status plan_pass(const fused_batch_gpu *e, cl_mem x, cl_mem labels, launch *out)
{
    const batch_part none = {0};
    const device_engine *common = &e->packed.common;
    return gr_launch_create_in(e->forward_program, "batch_forward", e->plan.forward_threads, e->plan.forward_threads,
                               ARGUMENTS(ARGUMENT(none), ARGUMENT(x), ARGUMENT(labels), ARGUMENT(e->source->order),
                                         ARGUMENT(common->parameters), ARGUMENT(e->tape), ARGUMENT(e->metrics),
                                         ARGUMENT(common->record.progress)),
                               out);
}

static gradus_status plan_passes(fused_batch_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const batch_part none = {0};
    const batch_source *source = e->source;
    const device_engine *common = &e->packed.common;
    TRY(plan_pass(e, source->x, source->labels, &e->forward));
    TRY(plan_pass(e, source->batch, source->batch_labels, &e->forward_gathered));
    TRY(gr_launch_create_in(e->forward_program, "batch_evaluate", e->plan.forward_threads, e->plan.forward_threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(source->x), ARGUMENT(source->labels),
                                      ARGUMENT(source->order), ARGUMENT(common->parameters), ARGUMENT(e->metrics),
                                      ARGUMENT(common->record.progress)),
                            &e->evaluate));
cleanup:
    return status;
}

static gradus_status plan_updates(fused_batch_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const batch_step none = {0};
    const device_engine *common = &e->packed.common;
    const optimizer how = common->base.optimizer;
    const size_t local = e->plan.update_threads, global = e->plan.slabs_at[common->base.network.layers] * local;
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);
    TRY(gr_launch_create_in(e->update_program, "batch_update", global, local,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(how), ARGUMENT(e->tape), ARGUMENT(e->metrics),
                                      ARGUMENT(common->parameters), ARGUMENT(common->kept), ARGUMENT(moments.first),
                                      ARGUMENT(moments.second), ARGUMENT(common->record.sums),
                                      ARGUMENT(common->record.history), ARGUMENT(common->record.progress)),
                            &e->update));
    TRY(gr_launch_create_in(e->update_program, "batch_gradient", global, local,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->tape), ARGUMENT(e->metrics),
                                      ARGUMENT(common->gradient), ARGUMENT(common->record.sums)),
                            &e->gradient));
    TRY(gr_launch_create_in(e->update_program, "batch_metrics", local, local,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->metrics), ARGUMENT(common->record.sums)),
                            &e->metric_sums));
cleanup:
    return status;
}

static gradus_status plan_steps(fused_batch_gpu *e)
{
    gradus_status status = GRADUS_OK;
    const batch_run none = {0};
    const device_engine *common = &e->packed.common;
    const optimizer how = common->base.optimizer;
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);
    TRY(gr_step_queue_create(common->device, &e->steps));
    TRY(gr_launch_create_in(e->steps_program, "batch_steps", e->steps_plan.threads, e->steps_plan.threads,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(how), ARGUMENT(e->steps.factors),
                                      ARGUMENT(e->source->x), ARGUMENT(e->source->labels), ARGUMENT(e->source->order),
                                      ARGUMENT(common->parameters), ARGUMENT(common->kept),
                                      ARGUMENT(common->optimizer.decays), ARGUMENT(moments.first),
                                      ARGUMENT(moments.second), ARGUMENT(common->record.sums),
                                      ARGUMENT(common->record.history), ARGUMENT(common->record.progress)),
                            &e->batch_steps));
cleanup:
    return status;
}

/* ---- Creation and destruction ---- */

static size_t own_bytes(const fused_batch_gpu *e)
{
    return (e->plan.tape + METRICS) * e->packed.common.base.batch * sizeof(cl_float);
}

static gradus_status check_fit(const fused_batch_gpu *e)
{
    const engine *base = &e->packed.common.base;
    const double sample = (double)(base->network.sizes[0] * gr_dataset_feature_size(base->dataset));
    const memory_need need = {sample + 1 + sizeof(cl_uint), sample,
                              (double)(gr_device_engine_bytes(base) + own_bytes(e)) +
                                  (sample + 1) * (double)base->batch};
    return gr_device_engine_check_fit(&e->packed.common, &need);
}

static gradus_status create_buffers(fused_batch_gpu *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->packed.common.device;
    const engine *base = &e->packed.common.base;
    TRY(gr_batch_source_create(device, base->dataset, &base->augmentation, base->batch, &e->source));
    TRY(gr_buffer_create(device, e->plan.tape * base->batch * sizeof(cl_float), "activations", &e->tape));
    TRY(gr_buffer_create(device, METRICS * base->batch * sizeof(cl_float), "metrics", &e->metrics));
cleanup:
    return status;
}

static void fused_batch_gpu_destroy(engine *base)
{
    fused_batch_gpu *e = (fused_batch_gpu *)base;
    launch *const launches[] = {&e->forward,  &e->forward_gathered, &e->evaluate,   &e->update,
                                &e->gradient, &e->metric_sums,      &e->batch_steps};
    (void)gr_device_finish(e->packed.common.device);
    for (size_t i = 0; i < sizeof launches / sizeof *launches; i++)
        gr_launch_destroy(launches[i]);
    gr_batch_source_destroy(e->source);
    gr_buffer_release(&e->tape);
    gr_buffer_release(&e->metrics);
    gr_program_release(&e->forward_program);
    gr_program_release(&e->update_program);
    gr_program_release(&e->steps_program);
    gr_step_queue_release(&e->steps);
    gr_device_engine_release(&e->packed.common);
    free(e);
}

static const engine_type whole_steps_type, queued_steps_type;

/* Clipping and max-norm need the norm of all that a step computes; so only batch_steps has the first one, and the second
 * one always has a launch of its own, after the update. Decides how steps are taken. */
static void choose_type(fused_batch_gpu *e, const gpu_model *model)
{
    engine *base = &e->packed.common.base;
    const bool augments = gr_augmentation_is_on(&base->augmentation.most);
    if (base->optimizer.max_norm == 0 && !augments &&
        gr_batch_steps_plan(&base->network, &e->packed.common.layout, base->batch, model, &e->steps_plan)) {
        base->type = &queued_steps_type;
        return;
    }
    e->steps_plan = (batch_steps_plan){0};
    base->type =
        base->optimizer.clip_norm == 0 && base->optimizer.max_norm == 0 ? &whole_steps_type : &gr_fused_batch_gpu;
}

static gradus_status fused_batch_gpu_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused_batch_gpu *e = NULL;
    const gpu_model model = gr_gpu_model_of(device);

    TRY(gr_allocate(1, &e));
    TRY(gr_packed_engine_init(&e->packed, base, device, base->network.sizes[1]));
    choose_type(e, &model);
    TRY(gr_batch_gpu_plan(&base->network, base->batch, &model, &e->plan));
    TRY(check_fit(e));
    TRY(build_programs(e));
    TRY(create_buffers(e));
    TRY(plan_passes(e));
    TRY(plan_updates(e));
    if (e->steps_plan.threads > 0)
        TRY(plan_steps(e));
    *out = &e->packed.common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        fused_batch_gpu_destroy(&e->packed.common.base);
    return status;
}

/* ---- The engines ---- */

static const char *fused_batch_gpu_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    return base->batch == 0 ? "full batches" : NULL;
}

#define FUSED_BATCH_GPU_ENGINE(steps)                                                                                 \
    {                                                                                                                 \
        .name = "fused", .unsupported = fused_batch_gpu_unsupported, .create = fused_batch_gpu_create,                \
        .shuffle = fused_batch_gpu_shuffle, .gradient = fused_batch_gpu_gradient,                                     \
        .evaluate = fused_batch_gpu_evaluate, .take_steps = (steps), .destroy = fused_batch_gpu_destroy,              \
        DEVICE_ENGINE_MEMBERS, PACKED_ENGINE_ARRAYS                                                                   \
    }

const engine_type gr_fused_batch_gpu = FUSED_BATCH_GPU_ENGINE(NULL);
static const engine_type whole_steps_type = FUSED_BATCH_GPU_ENGINE(fused_batch_gpu_take_steps);
static const engine_type queued_steps_type = FUSED_BATCH_GPU_ENGINE(take_queued_steps);
