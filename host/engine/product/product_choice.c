/* SPDX-License-Identifier: Apache-2.0 */
/* Measures candidates, and stores the fastest. */
#include "engine/product/product_choice.h"
#include "core/clock.h"
#include "core/memory.h"
#include "engine/opencl/choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Candidates ---- */

static const product_candidate clblast = {&gr_product_clblast, NULL};

const product_family *gr_product_own(const gradus_device *device)
{
    return device->kernels == KERNELS_CPU ? &gr_product_cpu : &gr_product_gpu;
}

size_t gr_product_list(const gradus_device *device, const product_shape *shape, product_effort effort,
                       product_candidate out[PRODUCT_CANDIDATES])
{
    size_t count = gr_product_candidates(device, gr_product_own(device), shape, effort, out);
    if (device->kernels == KERNELS_GPU)
        count += gr_product_candidates(device, &gr_product_tensor, shape, effort, out + count);
    out[count] = clblast;
    return count + 1;
}

/* ---- Measuring ---- */

/* Largest number of floating-point operations of a measurement: milliseconds for own kernels. For a product with fewer
 * than LEAST, the candidate does not matter. */
#define MOST_OPERATIONS_CPU 5e8
#define MOST_OPERATIONS_GPU 5e10
#define LEAST_OPERATIONS 1e8

/* After a first run, a time is the shortest of REPEATS times of a few runs, which together take about
 * REPEAT_SECONDS. */
#define REPEATS 3
#define REPEAT_SECONDS 4e-3
#define MOST_RUNS 50

/* A candidate that takes longer is not run again. */
#define QUICK_LIMIT 0.05

static double operations(const product_shape *shape)
{
    return 2 * (double)shape->outputs * (double)shape->inputs * (double)shape->samples;
}

/* The shape with so few samples that a measurement is short. */
static product_shape shorten(const product_shape *shape, double most)
{
    product_shape out = *shape;
    if (operations(shape) > most) {
        const double samples = most / operations(shape) * (double)shape->samples;
        out.samples = samples < 64 ? 64 : (size_t)samples;
        out.samples = out.samples < shape->samples ? out.samples : shape->samples;
    }
    return out;
}

typedef struct trial {
    product_buffers buffers;
    product *of;
} trial;

static void trial_destroy(trial *t)
{
    gr_product_destroy(t->of);
    cl_mem *const buffers[] = {&t->buffers.samples, &t->buffers.outputs, &t->buffers.parameters, &t->buffers.below,
                               &t->buffers.scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
}

static gradus_status trial_create(gradus_device *device, const product_shape *shape,
                                  const product_candidate *candidate, trial *t)
{
    gradus_status status = GRADUS_OK;
    const size_t weights = shape->outputs * shape->inputs, inputs = shape->inputs * shape->samples;
    const bool bytes = shape->pixels && gr_product_takes_bytes(candidate);
    const char *const what = "a measurement";
    size_t scratch = 0;

    t->buffers.bias_at = weights;
    TRY(gr_buffer_create_zeroed(device, inputs * (bytes ? 1 : sizeof(cl_float)), what, &t->buffers.samples));
    TRY(gr_buffer_create_zeroed(device, shape->outputs * shape->samples * sizeof(cl_float), what,
                                &t->buffers.outputs));
    TRY(gr_buffer_create_zeroed(device, (weights + shape->outputs) * sizeof(cl_float), what, &t->buffers.parameters));
    if (shape->kind == PRODUCT_INPUT_GRADIENT)
        TRY(gr_buffer_create_zeroed(device, inputs * sizeof(cl_float), what, &t->buffers.below));
    TRY(gr_product_scratch_size(device, shape, candidate, &scratch));
    if (scratch > 0)
        TRY(gr_buffer_create(device, scratch, what, &t->buffers.scratch));
    TRY(gr_product_create(device, shape, candidate, &t->buffers, &t->of));
cleanup:
    return status;
}

/* Seconds of one of `runs` runs. */
static gradus_status time_runs(gradus_device *device, const product *of, size_t runs, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const double start = gr_seconds();
    for (size_t i = 0; i < runs; i++)
        TRY(gr_product_enqueue(device, of));
    TRY(gr_device_finish_promptly(device));
    *seconds = (gr_seconds() - start) / (double)runs;
cleanup:
    return status;
}

gradus_status gr_product_measure(gradus_device *device, const product_shape *shape, const product_candidate *candidate,
                                 const product_measure_limits *limits, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const product_shape shorter = shorten(shape, limits->operations);
    const double factor = (double)shape->samples / (double)shorter.samples;
    double shortest = INFINITY, now = 0;
    trial t = {0};
    bool works = false;

    TRY(gr_product_prove(device, candidate, &works));
    if (!works)
        goto cleanup;
    TRY(trial_create(device, &shorter, candidate, &t));
    TRY(time_runs(device, t.of, 1, &now)); /* may compile */
    TRY(time_runs(device, t.of, 1, &shortest));
    const size_t runs = shortest * MOST_RUNS < REPEAT_SECONDS ? MOST_RUNS : (size_t)(REPEAT_SECONDS / shortest) + 1;
    for (size_t i = 0; i < REPEATS && shortest * factor <= limits->seconds; i++) {
        TRY(time_runs(device, t.of, runs, &now));
        shortest = now < shortest ? now : shortest;
    }
cleanup:
    trial_destroy(&t);
    if (status == GRADUS_ERROR_DEVICE) { /* too little memory, or registers: not a candidate here */
        shortest = INFINITY;
        status = GRADUS_OK;
    }
    *seconds = shortest * factor;
    return status;
}

void gr_product_compete(product_choice *best, const product_candidate *candidate, double seconds)
{
    const bool same_kind =
        (candidate->family == &gr_product_clblast) == (best->candidate.family == &gr_product_clblast);
    if (seconds < best->seconds)
        *best = (product_choice){*candidate, seconds, same_kind ? best->other_seconds : best->seconds};
    else if (!same_kind && (best->other_seconds == 0 || seconds < best->other_seconds))
        best->other_seconds = seconds;
}

/* ---- The cache ---- */

static const char *kind_name(product_kind kind)
{
    static const char *const names[] = {"forward", "weight gradient", "input gradient"};
    return names[kind];
}

void gr_product_key(const product_shape *shape, char key[PRODUCT_KEY])
{
    snprintf(key, PRODUCT_KEY, "%s %zu-%zu, %zu samples%s%s", kind_name(shape->kind), shape->inputs, shape->outputs,
             shape->samples, shape->pixels ? ", pixels" : "", shape->relu ? ", relu" : "");
}

/* Parses "NAME; SECONDS; OTHER_SECONDS" of an existing candidate. */
static bool parse_choice(const gradus_device *device, const product_shape *shape, const char *value,
                         product_choice *out)
{
    product_candidate candidates[PRODUCT_CANDIDATES];
    const size_t count = gr_product_list(device, shape, EFFORT_THOROUGH, candidates);
    for (size_t i = 0; i < count; i++) {
        char name[PRODUCT_NAME];
        double seconds = 0, other = 0;
        gr_product_name(&candidates[i], name);
        const size_t length = strlen(name);
        if (strncmp(value, name, length) != 0 || sscanf(value + length, "; %lf; %lf", &seconds, &other) != 2)
            continue;
        *out = (product_choice){candidates[i], seconds, other};
        return true;
    }
    return false;
}

gradus_status gr_product_remember(gradus_device *device, const product_shape *shape, const product_choice *choice)
{
    char key[PRODUCT_KEY], name[PRODUCT_NAME], value[CHOICE_TEXT];
    gr_product_key(shape, key);
    gr_product_name(&choice->candidate, name);
    snprintf(value, sizeof value, "%s; %.4g; %.4g", name, choice->seconds, choice->other_seconds);
    return gr_choice_write(device, key, value);
}

static gradus_status recall(gradus_device *device, const product_shape *shape, product_choice *out, bool *found)
{
    gradus_status status = GRADUS_OK;
    char key[PRODUCT_KEY], value[CHOICE_TEXT];
    gr_product_key(shape, key);
    TRY(gr_choice_read(device, key, value));
    *found = parse_choice(device, shape, value, out);
cleanup:
    return status;
}

/* ---- Choosing ---- */

/* With only one own candidate nothing is measured: that is so on CPUs, where CLBlast is always much slower. */
static gradus_status choose_fastest(gradus_device *device, const product_shape *shape, product_choice *best)
{
    gradus_status status = GRADUS_OK;
    product_candidate candidates[PRODUCT_CANDIDATES];
    const size_t count = gr_product_list(device, shape, EFFORT_QUICK, candidates);
    if (count == 2 || operations(shape) < LEAST_OPERATIONS)
        return GRADUS_OK;
    const product_measure_limits limits = {
        device->info.type == GRADUS_DEVICE_CPU ? MOST_OPERATIONS_CPU : MOST_OPERATIONS_GPU, QUICK_LIMIT};
    best->seconds = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double seconds = 0;
        TRY(gr_product_measure(device, shape, &candidates[i], &limits, &seconds));
        gr_product_compete(best, &candidates[i], seconds);
    }
    if (isfinite(best->seconds))
        TRY(gr_product_remember(device, shape, best));
cleanup:
    return status;
}

gradus_status gr_product_choose(gradus_device *device, const product_shape *shape, product_choice *out)
{
    gradus_status status = GRADUS_OK;
    product_candidate first[PRODUCT_CANDIDATES];
    bool found = false;

    (void)gr_product_list(device, shape, EFFORT_DEFAULT, first);
    product_choice best = {.candidate = device->products == PRODUCTS_CLBLAST ? clblast : first[0]};
    if (device->products == PRODUCTS_AUTO) {
        TRY(recall(device, shape, &best, &found));
        if (!found)
            TRY(choose_fastest(device, shape, &best));
    }
    *out = best;
cleanup:
    return status;
}

void gr_product_describe(const product_shape *shape, const product_choice *choice, char text[PRODUCT_CHOICE_TEXT])
{
    char key[PRODUCT_KEY], name[PRODUCT_NAME];
    gr_product_key(shape, key);
    gr_product_name(&choice->candidate, name);
    int used = snprintf(text, PRODUCT_CHOICE_TEXT, "%s: %s", key, name);
    if (choice->seconds > 0 && used < PRODUCT_CHOICE_TEXT)
        used += snprintf(text + used, (size_t)(PRODUCT_CHOICE_TEXT - used), " (%.3g ms", 1e3 * choice->seconds);
    if (choice->seconds > 0 && choice->other_seconds > 0 && isfinite(choice->other_seconds) &&
        used < PRODUCT_CHOICE_TEXT)
        used +=
            snprintf(text + used, (size_t)(PRODUCT_CHOICE_TEXT - used), "; %s %.3g ms",
                     choice->candidate.family == &gr_product_clblast ? "own" : "clblast", 1e3 * choice->other_seconds);
    if (choice->seconds > 0 && used < PRODUCT_CHOICE_TEXT)
        snprintf(text + used, (size_t)(PRODUCT_CHOICE_TEXT - used), ")");
}
