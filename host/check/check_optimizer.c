/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of optimizer.cl. */
#include "check/check.h"
#include "common/step_progress.h"
#include "engine/opencl/device_optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define EPSILON ((double)FLT_EPSILON)

static void widen(const float *from, double *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (double)from[i];
}

/* ---- update_parameters and the kernels of a step, keep_parameters ---- */

/* Sets the padding between tensors to zero. */
static void forget_padding(const gradus_network *network, const parameter_layout *layout, float *buffer)
{
    for (size_t l = 0; l < network->layers; l++) {
        const size_t weights = layout->weights[l] + network->sizes[l] * network->sizes[l + 1];
        const size_t bias = layout->bias[l] + network->sizes[l + 1];
        const size_t end = l + 1 < network->layers ? layout->weights[l + 1] : layout->length;
        memset(buffer + weights, 0, (layout->bias[l] - weights) * sizeof *buffer);
        memset(buffer + bias, 0, (end - bias) * sizeof *buffer);
    }
}

/* The next slot is the last but one; the sums of a step, loss and number correct. */
#define NEXT_SLOT (METRIC_SLOTS - 2)
static const float step_sums[2] = {2.5f, 7};
static gradus_status make_record(check *c, const float *sums, cl_uint diverged, step_record *out)
{
    gradus_status status = GRADUS_OK;
    const step_progress progress = {.slot = NEXT_SLOT, .diverged = diverged};
    const size_t floats = (size_t)2 * METRIC_SLOTS;
    TRY(gr_check_upload(c, sums, sizeof step_sums, &out->sums));
    TRY(gr_check_upload(c, &progress, sizeof progress, &out->progress));
    TRY(gr_check_space(c, floats, &out->history));
    TRY(gr_buffer_clear(c->device, out->history, floats * sizeof(cl_float)));
cleanup:
    return status;
}

/* The work of a step. Sums and products per parameter: the step itself 2, weight decay 2, the first moment 2, the
 * second one with its root and quotient 6, the norm of the gradient and its factor 3, the norms of the rows and their
 * factors 3. */
static gradus_work update_work(const optimizer *how, size_t count)
{
    const bool first = gr_optimizer_has_first_moment(how), second = gr_optimizer_has_second_moment(how);
    const bool decays = how->weight_decay > 0, clips = how->clip_norm > 0, limits = how->max_norm > 0;
    const int flop = 2 + 2 * decays + 2 * first + 6 * second + 3 * clips + 3 * limits;
    const int floats = 3 + 2 * first + 2 * second + clips + 2 * limits; /* p, g and moments in, p and moments out */
    return (gradus_work){flop * (double)count, 4.0 * floats * (double)count};
}

typedef struct timed_step {
    device_optimizer *prepared;
    update_step step;
} timed_step;

static gradus_status enqueue_step(gradus_device *device, void *of)
{
    timed_step *timed = of;
    return gr_device_optimizer_enqueue(device, timed->prepared, &timed->step);
}

/* The norms are sums of up to `count` squares; the quotient of Adam's moments is as accurate as the root of the second.
 * If weight decay and gradient cancel, a float has no accurate digits; among this number of parameters that does not
 * happen. */
#define COMPARED 30000

/* Three steps with the same gradient: one more than the slots up to the end of the ring. */
static gradus_status check_update_by(check *c, const gradus_network *network, const gradus_optimizer *options,
                                     const char *name)
{
    gradus_status status = GRADUS_OK;
    const parameter_layout layout = gr_network_layout(network);
    const size_t count = layout.length, steps = 3;
    double history[2 * METRIC_SLOTS] = {step_sums[0], step_sums[1]}; /* the third step's slot */
    float *p = NULL, *g = NULL;
    double *expected = NULL, *slope = NULL, *first = NULL, *second = NULL;
    step_record record;
    optimizer how;
    optimizer_buffers buffers = {.record = &record};
    device_optimizer prepared = {0};

    for (size_t i = 0; i < 4; i++)
        history[2 * NEXT_SLOT + i] = step_sums[i % 2];
    TRY(gr_optimizer_make(options, &how));
    TRY(gr_check_random(c, count, -1, 1, &p));
    TRY(gr_check_random(c, count, -1, 1, &g));
    TRY(gr_check_doubles(c, count, &expected));
    TRY(gr_check_doubles(c, count, &slope));
    TRY(gr_check_doubles(c, count, &first));
    TRY(gr_check_doubles(c, count, &second));
    forget_padding(network, &layout, p);
    forget_padding(network, &layout, g);
    widen(p, expected, count);
    TRY(gr_check_upload(c, p, count * sizeof *p, &buffers.parameters));
    TRY(gr_check_upload(c, g, count * sizeof *g, &buffers.gradient));
    TRY(make_record(c, step_sums, 0, &record));
    TRY(gr_device_optimizer_create(c->device, &how, network, &layout, &buffers, &prepared));
    memset(first, 0, count * sizeof *first);
    memset(second, 0, count * sizeof *second);
    for (size_t t = 1; t <= steps; t++) {
        const update_step step = gr_optimizer_step(&how, 0.3f, t);
        widen(g, slope, count);
        gr_optimizer_update_double(&how, &step, network, &layout, expected, slope,
                                   gr_optimizer_has_first_moment(&how) ? first : NULL,
                                   gr_optimizer_has_second_moment(&how) ? second : NULL);
        TRY(gr_device_optimizer_enqueue(c->device, &prepared, &step));
    }
    for (size_t i = 0; i < count; i++)
        if (i % (count / COMPARED | 1) != 0)
            expected[i] = CHECK_ANYTHING;
    TRY(gr_check_compare(c, name, buffers.parameters, expected, count, 8 * (double)steps * EPSILON, 1));
    TRY(gr_check_compare(c, name, record.history, history, sizeof history / sizeof *history, EPSILON, 0));
    timed_step timed = {&prepared, gr_optimizer_step(&how, 1e-6f, steps)};
    TRY(gr_check_time(c, enqueue_step, &timed, update_work(&how, count)));
cleanup:
    gr_device_optimizer_release(&prepared);
    return status;
}

/* With or without weight decay and limits of the norms. */
static gradus_status check_optimizer(check *c, const check_shape *shape, size_t which, bool limited, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gradus_network small = {.layers = 1, .sizes = {shape->rows, shape->columns}};
    gradus_optimizer options = gradus_optimizer_default();
    options.name = gradus_optimizer_name(which);
    options.weight_decay = limited ? 0.1f : 0;
    options.clip_norm = limited ? 0.5f : 0;
    options.max_norm = limited ? 0.75f : 0;
    gr_check_name_way(c, "%s%s", gradus_optimizer_name(which), limited ? ", decay and norms" : "");
    TRY(check_update_by(c, c->timer == NULL ? &small : c->timer->network, &options, name));
    gr_check_end_case(c);
cleanup:
    return status;
}

gradus_status gr_check_update_parameters(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; i < OPTIMIZER_COUNT; i++) {
        TRY(check_optimizer(c, shape, i, false, "update_parameters"));
        TRY(check_optimizer(c, shape, i, true, "update_parameters"));
    }
cleanup:
    return status;
}

/* The norms by the kernels for GPUs. */
gradus_status gr_check_norms_group(check *c, const check_shape *shape)
{
    const kernel_kind own = c->device->kernels;
    c->device->kernels = KERNELS_GPU;
    const gradus_status status = check_optimizer(c, shape, OPTIMIZER_SGD, true, "norms_group");
    c->device->kernels = own;
    return status;
}

/* The kept parameters after this step: p, or if a loss is or was not finite, those kept before. */
static gradus_status check_keep(check *c, size_t count, const float *sums, cl_uint diverged)
{
    gradus_status status = GRADUS_OK;
    const bool sound = isfinite(sums[0]) && diverged == 0;
    float *p = NULL, *before = NULL;
    double *expected = NULL;
    cl_mem parameters = NULL, kept = NULL;
    step_record record;
    launch prepared = {0};

    TRY(gr_check_random(c, count, -1, 1, &p));
    TRY(gr_check_random(c, count, -1, 1, &before));
    TRY(gr_check_doubles(c, count, &expected));
    widen(sound ? p : before, expected, count);
    TRY(gr_check_upload(c, p, count * sizeof *p, &parameters));
    TRY(gr_check_upload(c, before, count * sizeof *before, &kept));
    TRY(make_record(c, sums, diverged, &record));
    TRY(gr_keep_parameters(c->device, parameters, kept, count, &record, &prepared));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "keep_parameters", kept, expected, count, EPSILON, 0));
    if (sound)
        TRY(gr_check_time_launch(c, &prepared, (gradus_work){.bytes = 8.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

gradus_status gr_check_keep_parameters(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns;
    const float unsound[][2] = {{NAN, 7}, {INFINITY, 7}};
    TRY(check_keep(c, count, step_sums, 1));
    TRY(check_keep(c, count, unsound[0], 0));
    TRY(check_keep(c, count, unsound[1], 0));
    TRY(check_keep(c, count, step_sums, 0));
cleanup:
    return status;
}
