/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring candidates, and remembering the fastest. */
#include "engine/product/gemm_choose.h"
#include "core/clock.h"
#include "core/memory.h"
#include "engine/opencl/choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Measuring ---- */

/* Floating-point operations that a measurement is worth: milliseconds for own kernels; and as long as a product takes
 * fewer than LEAST, it does not matter which candidate computes it. */
#define MOST_OPERATIONS_CPU 5e8
#define MOST_OPERATIONS_GPU 5e10
#define LEAST_OPERATIONS 1e8

/* After a first run, the shortest of REPEATS times a few runs, which together take about REPEAT_SECONDS. */
#define REPEATS 3
#define REPEAT_SECONDS 4e-3
#define MOST_RUNS 50

/* Another run of a candidate that takes so long is a waste of time. */
#define QUICK_LIMIT 0.05

static double operations(const gemm_shape *shape)
{
    return 2 * (double)shape->outputs * (double)shape->inputs * (double)shape->samples;
}

/* The shape with as many samples as a measurement is worth. */
static gemm_shape shorten(const gemm_shape *shape, double most)
{
    gemm_shape out = *shape;
    if (operations(shape) > most) {
        const double samples = most / operations(shape) * (double)shape->samples;
        out.samples = samples < 64 ? 64 : (size_t)samples;
        out.samples = out.samples < shape->samples ? out.samples : shape->samples;
    }
    return out;
}

typedef struct trial {
    gemm_buffers buffers;
    cl_mem scratch;
    gemm product;
} trial;

static void trial_destroy(trial *t)
{
    gr_gemm_destroy(&t->product);
    cl_mem *const buffers[] = {&t->buffers.samples, &t->buffers.outputs, &t->buffers.parameters, &t->buffers.below,
                               &t->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
}

static gradus_status trial_create(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                                  trial *t)
{
    gradus_status status = GRADUS_OK;
    const size_t weights = shape->outputs * shape->inputs, inputs = shape->inputs * shape->samples;
    const bool bytes = shape->pixels && gr_gemm_takes_bytes(candidate);
    const char *const what = "a measurement";
    size_t scratch = 0;

    t->buffers.bias_at = weights;
    TRY(gr_buffer_create_zeroed(device, inputs * (bytes ? 1 : sizeof(cl_float)), what, &t->buffers.samples));
    TRY(gr_buffer_create_zeroed(device, shape->outputs * shape->samples * sizeof(cl_float), what,
                                &t->buffers.outputs));
    TRY(gr_buffer_create_zeroed(device, (weights + shape->outputs) * sizeof(cl_float), what, &t->buffers.parameters));
    if (shape->kind == GEMM_INPUT_GRADIENT)
        TRY(gr_buffer_create_zeroed(device, inputs * sizeof(cl_float), what, &t->buffers.below));
    TRY(gr_gemm_scratch_size(device, shape, candidate, &scratch));
    if (scratch > 0)
        TRY(gr_buffer_create(device, scratch, what, &t->scratch));
    TRY(gr_gemm_create(device, shape, candidate, &t->buffers, t->scratch, &t->product));
cleanup:
    return status;
}

/* Seconds of one of `runs` runs. */
static gradus_status time_runs(gradus_device *device, const gemm *product, size_t runs, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const double start = gr_seconds();
    for (size_t i = 0; i < runs; i++)
        TRY(gr_gemm_enqueue(device, product));
    TRY(gr_device_finish_promptly(device));
    *seconds = (gr_seconds() - start) / (double)runs;
cleanup:
    return status;
}

gradus_status gr_gemm_measure(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                              const gemm_measure_limits *limits, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape shorter = shorten(shape, limits->operations);
    const double factor = (double)shape->samples / (double)shorter.samples;
    double shortest = INFINITY, now = 0;
    trial t = {0};

    TRY(trial_create(device, &shorter, candidate, &t));
    TRY(time_runs(device, &t.product, 1, &now)); /* may compile */
    TRY(time_runs(device, &t.product, 1, &shortest));
    const size_t runs = shortest * MOST_RUNS < REPEAT_SECONDS ? MOST_RUNS : (size_t)(REPEAT_SECONDS / shortest) + 1;
    for (size_t i = 0; i < REPEATS && shortest * factor <= limits->seconds; i++) {
        TRY(time_runs(device, &t.product, runs, &now));
        shortest = now < shortest ? now : shortest;
    }
cleanup:
    trial_destroy(&t);
    if (status == GRADUS_ERROR_DEVICE) { /* too little memory, or registers: then it is no candidate here */
        shortest = INFINITY;
        status = GRADUS_OK;
    }
    *seconds = shortest * factor;
    return status;
}

void gr_gemm_compete(gemm_choice *best, const gemm_candidate *candidate, double seconds)
{
    const bool same_kind = (candidate->family == GEMM_CLBLAST) == (best->candidate.family == GEMM_CLBLAST);
    if (seconds < best->seconds)
        *best = (gemm_choice){*candidate, seconds, same_kind ? best->other_seconds : best->seconds};
    else if (!same_kind && (best->other_seconds == 0 || seconds < best->other_seconds))
        best->other_seconds = seconds;
}

/* ---- Remembering ---- */

static const char *kind_name(gemm_kind kind)
{
    static const char *const names[] = {"forward", "weight gradient", "input gradient"};
    return names[kind];
}

void gr_gemm_key(const gemm_shape *shape, char key[GEMM_KEY])
{
    snprintf(key, GEMM_KEY, "%s %zu-%zu, %zu samples%s%s", kind_name(shape->kind), shape->inputs, shape->outputs,
             shape->samples, shape->pixels ? ", pixels" : "", shape->relu ? ", relu" : "");
}

/* "NAME; SECONDS; OTHER_SECONDS" of a candidate that there is. */
static bool parse_choice(const gradus_device *device, const gemm_shape *shape, const char *value, gemm_choice *out)
{
    gemm_candidate candidates[GEMM_CANDIDATES + 1];
    size_t count = gr_gemm_candidates(device, gr_gemm_family(device), shape, GEMM_THOROUGH, candidates);
    candidates[count++] = gr_gemm_clblast;
    for (size_t i = 0; i < count; i++) {
        char name[GEMM_NAME];
        double seconds = 0, other = 0;
        gr_gemm_name(&candidates[i], name);
        const size_t length = strlen(name);
        if (strncmp(value, name, length) != 0 || sscanf(value + length, "; %lf; %lf", &seconds, &other) != 2)
            continue;
        *out = (gemm_choice){candidates[i], seconds, other};
        return true;
    }
    return false;
}

gradus_status gr_gemm_remember(gradus_device *device, const gemm_shape *shape, const gemm_choice *choice)
{
    char key[GEMM_KEY], name[GEMM_NAME], value[CHOICE_TEXT];
    gr_gemm_key(shape, key);
    gr_gemm_name(&choice->candidate, name);
    snprintf(value, sizeof value, "%s; %.4g; %.4g", name, choice->seconds, choice->other_seconds);
    return gr_choice_write(device, key, value);
}

static gradus_status recall(gradus_device *device, const gemm_shape *shape, gemm_choice *out, bool *found)
{
    gradus_status status = GRADUS_OK;
    char key[GEMM_KEY], value[CHOICE_TEXT];
    gr_gemm_key(shape, key);
    TRY(gr_choice_read(device, key, value));
    *found = parse_choice(device, shape, value, out);
cleanup:
    return status;
}

/* ---- Choosing ---- */

/* Where the list has one candidate, there is nothing to measure: on CPUs, where CLBlast is never near. */
static gradus_status choose_fastest(gradus_device *device, const gemm_shape *shape, gemm_choice *best)
{
    gradus_status status = GRADUS_OK;
    gemm_candidate candidates[GEMM_CANDIDATES + 1];
    size_t count = gr_gemm_candidates(device, gr_gemm_family(device), shape, GEMM_QUICK, candidates);
    if (count == 1 || operations(shape) < LEAST_OPERATIONS)
        return GRADUS_OK;
    const gemm_measure_limits limits = {
        device->info.type == GRADUS_DEVICE_CPU ? MOST_OPERATIONS_CPU : MOST_OPERATIONS_GPU, QUICK_LIMIT};
    candidates[count++] = gr_gemm_clblast;
    best->seconds = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double seconds = 0;
        TRY(gr_gemm_measure(device, shape, &candidates[i], &limits, &seconds));
        gr_gemm_compete(best, &candidates[i], seconds);
    }
    if (isfinite(best->seconds))
        TRY(gr_gemm_remember(device, shape, best));
cleanup:
    return status;
}

gradus_status gr_gemm_choose(gradus_device *device, const gemm_shape *shape, gemm_choice *out)
{
    gradus_status status = GRADUS_OK;
    gemm_choice best = {.candidate = gr_gemm_clblast};
    gemm_candidate first[GEMM_CANDIDATES];
    bool found = false;

    if (device->products != PRODUCTS_CLBLAST) {
        gr_gemm_candidates(device, gr_gemm_family(device), shape, GEMM_DEFAULT, first);
        best.candidate = first[0];
    }
    if (device->products == PRODUCTS_AUTO) {
        TRY(recall(device, shape, &best, &found));
        if (!found)
            TRY(choose_fastest(device, shape, &best));
    }
    *out = best;
cleanup:
    return status;
}

void gr_gemm_describe(const gemm_shape *shape, const gemm_choice *choice, char text[GEMM_CHOICE_TEXT])
{
    char key[GEMM_KEY], name[GEMM_NAME];
    gr_gemm_key(shape, key);
    gr_gemm_name(&choice->candidate, name);
    int used = snprintf(text, GEMM_CHOICE_TEXT, "%s: %s", key, name);
    if (choice->seconds > 0 && used < GEMM_CHOICE_TEXT)
        used += snprintf(text + used, (size_t)(GEMM_CHOICE_TEXT - used), " (%.3g ms", 1e3 * choice->seconds);
    if (choice->seconds > 0 && choice->other_seconds > 0 && isfinite(choice->other_seconds) && used < GEMM_CHOICE_TEXT)
        used += snprintf(text + used, (size_t)(GEMM_CHOICE_TEXT - used), "; %s %.3g ms",
                         choice->candidate.family == GEMM_CLBLAST ? "own" : "clblast", 1e3 * choice->other_seconds);
    if (choice->seconds > 0 && used < GEMM_CHOICE_TEXT)
        snprintf(text + used, (size_t)(GEMM_CHOICE_TEXT - used), ")");
}
