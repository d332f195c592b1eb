/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and gradient of complete networks, as in the check before a training. */
#include "check/check.h"
#include "data/dataset.h"
#include "engine/common/optimizer.h"
#include "engine/fused_batch/fused_batch.h"
#include "engine/fused_batch_gpu/fused_batch_gpu.h"
#include "engine/fused_cpu/fused_cpu.h"
#include "engine/fused_gpu/fused_gpu.h"
#include "engine/select/engines.h"
#include "train/verify.h"

#include <stdio.h>
#include <string.h>

#define CLASSES 5

/* The mini-batch of a benchmark. */
#define TIMED_BATCH 128

/* Random pixels; `density` of 256 are not zero. */
static gradus_status draw_pixels(check *c, size_t count, uint8_t density, uint8_t **out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *chances = NULL;
    TRY(gr_check_bytes(c, count, 256, out));
    TRY(gr_check_bytes(c, count, 256, &chances));
    for (size_t i = 0; i < count; i++)
        if (chances[i] > density)
            (*out)[i] = 0;
cleanup:
    return status;
}

/* An engine, and its settings for a case. */
typedef struct engine_case {
    const engine_type *type;
    const char *way; /* the difference from other cases; NULL: there are none */
    bool batches;    /* the engine is for mini-batches, of any size, because it can compute any range */
    uint8_t density;
    gradus_activation activation;
    float mean, deviation;
    regularization regularization;
} engine_case;

/* A network, and samples for it. */
typedef struct engine_input {
    gradus_network network;
    const gradus_dataset *dataset;
    struct gradus_dataset drawn;
} engine_input;

static gradus_status draw_input(check *c, const check_shape *shape, uint8_t density, engine_input *out)
{
    gradus_status status = GRADUS_OK;
    out->network = (gradus_network){.layers = 3, .sizes = {shape->inner, shape->rows, shape->rows, CLASSES}};
    TRY(draw_pixels(c, shape->inner * shape->columns, density, &out->drawn.pixels));
    TRY(gr_check_bytes(c, shape->columns, CLASSES, &out->drawn.labels));
    out->drawn.info = (gradus_dataset_info){shape->columns, shape->inner, shape->inner, 1, CLASSES, true, false};
    out->dataset = &out->drawn;
cleanup:
    return status;
}

static void name_case(check *c, const engine_input *in, const char *way)
{
    char sizes[CHECK_SHAPE] = "";
    for (size_t l = 0; l <= in->network.layers; l++) {
        const size_t used = strlen(sizes);
        snprintf(sizes + used, sizeof sizes - used, l == 0 ? "%zu" : "-%zu", in->network.sizes[l]);
    }
    if (c->timer != NULL)
        gr_check_name_shape(c, "%s x %zu", sizes, in->dataset->info.samples);
    if (way != NULL)
        gr_check_name_way(c, "%s", way);
}

typedef struct timed_engine {
    engine *e;
    size_t samples;
} timed_engine;

static gradus_status enqueue_gradient(gradus_device *device, void *of)
{
    (void)device;
    const timed_engine *timed = of;
    return timed->e->type->gradient(timed->e, 0, timed->samples);
}

/* In a check all samples of a small network are compared; before a timing, the same number as before a training. */
static gradus_status verify(check *c, engine *e, const float *parameters, const char *name)
{
    const bool all = c->timer == NULL;
    double worst = 0;
    const gradus_status status = gr_verify_engine(e, parameters, all ? e->dataset->info.samples : gr_verify_samples(e),
                                                  all ? 1e-4 : VERIFY_TOLERANCE, &worst);
    if (status != GRADUS_OK && status != GRADUS_ERROR_MISMATCH)
        return status;
    gr_check_record(c, name, worst);
    return GRADUS_OK;
}

static gradus_status check_case(check *c, const check_shape *shape, const engine_case *how, const char *name)
{
    gradus_status status = GRADUS_OK;
    engine_input in = {.dataset = NULL};
    engine_settings settings = {.regularization = how->regularization};
    float *parameters = NULL;
    gradus_work work;
    timed_engine timed = {0};

    if (c->timer == NULL)
        TRY(draw_input(c, shape, how->density, &in));
    else
        in = (engine_input){.network = *c->timer->network, .dataset = c->timer->dataset};
    in.network.activation = how->activation;
    in.network.input_mean = how->mean;
    in.network.input_deviation = how->deviation;
    name_case(c, &in, how->way);
    TRY(gr_check_random(c, gr_network_layout(&in.network).length, 0, 1, &parameters));
    gr_network_initialise(&in.network, 1, parameters);
    settings.batch = how->batches ? in.dataset->info.samples / 2 + 1 : 0;
    TRY(gr_engine_create_with(how->type, &settings, c->device, &in.network, in.dataset, &timed.e));
    TRY(verify(c, timed.e, parameters, name));
    timed.samples = in.dataset->info.samples;
    TRY(gradus_network_work(&in.network, timed.samples, &work));
    TRY(gr_check_time(c, enqueue_gradient, &timed, work));
cleanup:
    gr_engine_destroy(timed.e);
    gr_check_end_case(c);
    return status;
}

static gradus_status check_engine(check *c, const check_shape *shape, const engine_type *type, const char *name)
{
    return check_case(c, shape, &(engine_case){.type = type, .density = 255}, name);
}

/* With one kind of kernels, whatever the device's type is. */
static gradus_status check_sparse(check *c, const check_shape *shape, kernel_kind kernels, const char *name)
{
    const kernel_kind own = c->device->kernels;
    c->device->kernels = kernels;
    const engine_case how = {.type = &gr_engine_sparse, .density = 80};
    const gradus_status status = check_case(c, shape, &how, name);
    c->device->kernels = own;
    return status;
}

gradus_status gr_check_sparse_cpu(check *c, const check_shape *shape)
{
    return check_sparse(c, shape, KERNELS_CPU, "sparse_cpu");
}

gradus_status gr_check_sparse_gpu(check *c, const check_shape *shape)
{
    return check_sparse(c, shape, KERNELS_GPU, "sparse_gpu");
}

gradus_status gr_check_engine_layered(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_engine_layered, "engine_layered");
}

gradus_status gr_check_first_groups(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_groups, "first_groups");
}

gradus_status gr_check_first_elements(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_elements, "first_elements");
}

gradus_status gr_check_first_dense(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_dense, "first_dense");
}

gradus_status gr_check_first_wide(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_wide, "first_wide");
}

gradus_status gr_check_first_gpu(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_gpu, "first_gpu");
}

gradus_status gr_check_first_batch(check *c, const check_shape *shape)
{
    const engine_case how = {.type = &gr_fused_batch, .batches = true, .density = 80};
    return check_case(c, shape, &how, "first_batch");
}

gradus_status gr_check_batch_gpu(check *c, const check_shape *shape)
{
    const engine_case how = {.type = &gr_fused_batch_gpu, .batches = true, .density = 80};
    return check_case(c, shape, &how, "batch_gpu");
}

/* ---- Steps ---- */

#define STEPS 3
#define STEPS_TOLERANCE 1e-4

/* An optimizer whose steps are proportional to the gradient: others turn its rounding errors into whole steps. */
static gradus_status make_optimizer(float clip_norm, optimizer *out)
{
    gradus_optimizer options = gradus_optimizer_default();
    options.name = "momentum";
    options.weight_decay = 0.01f;
    options.clip_norm = clip_norm;
    return gr_optimizer_make(&options, out);
}

static void plan_steps(const engine *e, float learning_rate, update_step steps[STEPS])
{
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, learning_rate, i + 1);
}

/* The parameters after STEPS steps from `start`. */
static gradus_status take_steps(check *c, engine *e, const float *start, float **out)
{
    gradus_status status = GRADUS_OK;
    update_step steps[STEPS];
    const step_run run = {0, STEPS * e->batch, steps, STEPS, false};
    plan_steps(e, 0.1f, steps);
    TRY(e->type->write_parameters(e, start));
    TRY(gr_engine_take_steps(e, &run));
    TRY(gr_check_random(c, e->layout.length, 0, 1, out)); /* for its memory */
    TRY(e->type->read_parameters(e, *out));
cleanup:
    return status;
}

static gradus_status enqueue_step(gradus_device *device, void *of)
{
    (void)device;
    engine *e = of;
    update_step steps[STEPS];
    plan_steps(e, 1e-6f, steps);
    return gr_engine_take_steps(e, &(step_run){0, e->batch, steps, 1, false});
}

/* Steps on mini-batches, as in a training, against the reference. */
static gradus_status check_steps(check *c, const check_shape *shape, const engine_type *type, float clip_norm,
                                 const char *name)
{
    gradus_status status = GRADUS_OK;
    engine_input in = {.dataset = NULL};
    engine_settings settings = {.batch = 0};
    engine *e = NULL, *truth = NULL;
    float *start = NULL, *got = NULL, *expected = NULL;
    gradus_work work;

    if (c->timer == NULL)
        TRY(draw_input(c, shape, 80, &in));
    else
        in = (engine_input){.network = *c->timer->network, .dataset = c->timer->dataset};
    name_case(c, &in, clip_norm > 0 ? "clipped" : NULL);
    settings.batch = in.dataset->info.samples / STEPS;
    if (settings.batch == 0) {
        status = gr_check_leave_out(c, "fewer samples than steps");
        goto cleanup;
    }
    settings.batch = c->timer != NULL && settings.batch > TIMED_BATCH ? TIMED_BATCH : settings.batch;
    TRY(make_optimizer(clip_norm, &settings.optimizer));
    TRY(gr_check_random(c, gr_network_layout(&in.network).length, 0, 1, &start));
    gr_network_initialise(&in.network, 1, start);
    TRY(gr_engine_create_with(type, &settings, c->device, &in.network, in.dataset, &e));
    TRY(gr_engine_create_with(&gr_engine_reference, &settings, NULL, &in.network, in.dataset, &truth));
    TRY(take_steps(c, e, start, &got));
    TRY(take_steps(c, truth, start, &expected));
    gr_check_record(c, name, gr_steps_error(got, expected, start, e->layout.length) / STEPS_TOLERANCE);
    TRY(gradus_network_work(&in.network, settings.batch, &work));
    TRY(gr_check_time(c, enqueue_step, e, work));
cleanup:
    gr_engine_destroy(e);
    gr_engine_destroy(truth);
    gr_check_end_case(c);
    return status;
}

gradus_status gr_check_batch_steps(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_steps(c, shape, &gr_fused_batch, 0, "batch_steps"));
    TRY(check_steps(c, shape, &gr_fused_batch, 0.05f, "batch_steps"));
cleanup:
    return status;
}

gradus_status gr_check_batch_gpu_steps(check *c, const check_shape *shape)
{
    return check_steps(c, shape, &gr_fused_batch_gpu, 0, "batch_gpu_steps");
}

/* ---- Options ---- */

#define SEED 0x123456789aULL

/* `how` with dropout, label smoothing and a standardised input; with the simplest activation and the longest one, since
 * each is compiled anew. activation_forward compares all of them. */
static gradus_status check_regularization(check *c, const check_shape *shape, const engine_case *how, const char *name)
{
    static const gradus_activation activations[] = {GRADUS_RELU, GRADUS_GELU};
    gradus_status status = GRADUS_OK;
    engine_case with = *how;
    with.mean = 0.1f;
    with.deviation = 0.3f;
    with.regularization = (regularization){.dropout = 0.25f, .label_smoothing = 0.1f, .seed = SEED};
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        with.activation = activations[i];
        with.way = gradus_activation_name(with.activation);
        TRY(check_case(c, shape, &with, name));
    }
cleanup:
    return status;
}

gradus_status gr_check_fused_cpu_regularization(check *c, const check_shape *shape)
{
    const engine_case how = {.type = &gr_fused_elements, .density = 80};
    return check_regularization(c, shape, &how, "fused_cpu_regularization");
}

static gradus_status check_batch_regularization(check *c, const check_shape *shape, const engine_type *type,
                                                const char *name)
{
    gradus_status status = GRADUS_OK;
    const engine_case how = {.type = type,
                             .way = "input dropout",
                             .batches = true,
                             .density = 80,
                             .regularization = {.input_dropout = 0.25f, .seed = SEED}};
    TRY(check_regularization(c, shape, &how, name));
    TRY(check_case(c, shape, &how, name));
cleanup:
    return status;
}

gradus_status gr_check_fused_batch_regularization(check *c, const check_shape *shape)
{
    return check_batch_regularization(c, shape, &gr_fused_batch, "fused_batch_regularization");
}

gradus_status gr_check_batch_gpu_regularization(check *c, const check_shape *shape)
{
    return check_batch_regularization(c, shape, &gr_fused_batch_gpu, "batch_gpu_regularization");
}
