/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "auto" creates another engine. For a CPU that is fused, which was the fastest for all measured networks and
 * data; without a device it is blas. On a GPU the fastest engine depends on the device, so the engines are timed on the
 * data themselves, and the fastest is stored in the user's cache.
 */
#include "core/clock.h"
#include "core/memory.h"
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "engine/opencl/choice.h"
#include "engine/select/engines.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the measurements. */
static const engine_type *const candidates[] = {&gr_engine_fused, &gr_engine_sparse, &gr_engine_layered};
#define CANDIDATES (sizeof candidates / sizeof *candidates)

/* After this time no further candidate is measured. */
#define PATIENCE_SECONDS 1.0

/* A candidate is timed for about this time, after two iterations. */
#define TRIAL_SECONDS 0.05

/* Of two with the same speed, except for noise, the first is chosen. */
#define LEAST_GAIN 0.03

static_assert(sizeof(((engine *)NULL)->choice) == CHOICE_TEXT, "a choice fits the cache's value");

static gradus_status become(const engine_type *type, const engine *base, gradus_device *device, engine **out)
{
    engine typed = *base;
    typed.type = type;
    return type->create(&typed, device, out);
}

/* ---- Timing ---- */

static gradus_status time_iterations(engine *e, size_t count, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const update_step nothing = gr_optimizer_step(&e->optimizer, 0, 1);
    batch_sums last;
    const double started = gr_seconds();
    for (size_t i = 0; i < count; i++) {
        TRY(e->type->gradient(e, 0, e->dataset->info.samples));
        TRY(e->type->update(e, &nothing));
    }
    TRY(e->type->read_sums(e, &last)); /* waits */
    *seconds = (gr_seconds() - started) / (double)count;
cleanup:
    return status;
}

/* Seconds of an iteration. */
static gradus_status time_engine(engine *e, const float *parameters, double *seconds)
{
    gradus_status status = GRADUS_OK;
    TRY(e->type->write_parameters(e, parameters));
    TRY(time_iterations(e, 1, seconds)); /* may compile */
    TRY(time_iterations(e, 1, seconds));
    const double count = TRIAL_SECONDS / *seconds;
    if (count > 1)
        TRY(time_iterations(e, count > METRIC_SLOTS ? METRIC_SLOTS : (size_t)count, seconds));
cleanup:
    return status;
}

/* INFINITY for an engine that does not support the training or needs more than the device has. */
static gradus_status try_candidate(const engine_type *type, const engine *base, gradus_device *device,
                                   const float *parameters, double *seconds)
{
    gradus_status status = GRADUS_OK;
    engine *e = NULL;
    *seconds = INFINITY;
    if (gr_engine_unsupported(type, base, device) != NULL)
        return GRADUS_OK;
    TRY(become(type, base, device, &e));
    TRY(time_engine(e, parameters, seconds));
cleanup:
    gr_engine_destroy(e);
    return status == GRADUS_ERROR_DEVICE ? GRADUS_OK : status;
}

/* ---- Choosing ---- */

/* "fused (0.11 ms; sparse 0.24 ms; layered 0.3 ms)" */
static void name_choice(const double seconds[CANDIDATES], size_t best, char text[CHOICE_TEXT])
{
    int used = snprintf(text, CHOICE_TEXT, "%s (%.3g ms", candidates[best]->name, 1e3 * seconds[best]);
    for (size_t i = 0; i < CANDIDATES && used < CHOICE_TEXT; i++)
        if (i != best && isfinite(seconds[i]))
            used += snprintf(text + used, (size_t)(CHOICE_TEXT - used), "; %s %.3g ms", candidates[i]->name,
                             1e3 * seconds[i]);
    if (used < CHOICE_TEXT)
        snprintf(text + used, (size_t)(CHOICE_TEXT - used), ")");
}

/* *best is CANDIDATES if none can be created. */
static gradus_status measure(const engine *base, gradus_device *device, size_t *best, char text[CHOICE_TEXT])
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    double seconds[CANDIDATES] = {INFINITY, INFINITY, INFINITY};
    float *parameters = NULL;
    size_t fastest = CANDIDATES;

    TRY(gr_allocate(base->layout.length, &parameters));
    gr_network_initialise(&base->network, 0, parameters);
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (fastest < CANDIDATES && gr_seconds() - started > PATIENCE_SECONDS)
            break;
        TRY(try_candidate(candidates[i], base, device, parameters, &seconds[i]));
        if (isfinite(seconds[i]) && (fastest == CANDIDATES || seconds[i] < (1 - LEAST_GAIN) * seconds[fastest]))
            fastest = i;
    }
    if (fastest < CANDIDATES)
        name_choice(seconds, fastest, text);
    *best = fastest;
cleanup:
    free(parameters);
    return status;
}

/* The properties that the fastest engine depends on: "engine for 784-128-10, 41000 samples, 19 % not zero". MEMORY. */
static gradus_status make_key(const engine *base, const gradus_device *device, char **key)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *dataset = base->dataset;
    const size_t bytes = dataset->info.samples * dataset->info.features;
    char sizes[24 * (GRADUS_LAYERS_MAX + 1)] = "";
    size_t nonzero = 0, used = 0;
    for (size_t i = 0; i < bytes; i++)
        nonzero += dataset->pixels[i] != 0;
    for (size_t l = 0; l <= base->network.layers; l++)
        used +=
            (size_t)snprintf(sizes + used, sizeof sizes - used, "%s%zu", l == 0 ? "" : "-", base->network.sizes[l]);
    const char *unfused = gr_engine_unsupported(&gr_engine_fused, base, device);
    TRY(gr_format_text(key, "engine for %s, %zu samples, %.0f %% not zero%s%s", sizes, dataset->info.samples,
                       100 * (double)nonzero / (double)bytes, unfused == NULL ? "" : ", ",
                       unfused == NULL ? "" : unfused));
cleanup:
    return status;
}

/* The engine of a stored choice; CANDIDATES if the text is invalid. */
static size_t parse_choice(const char *text)
{
    const size_t length = strcspn(text, " ");
    size_t i = 0;
    while (i < CANDIDATES && (strlen(candidates[i]->name) != length || memcmp(candidates[i]->name, text, length) != 0))
        i++;
    return i;
}

static gradus_status create_fastest(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    char *key = NULL, choice[CHOICE_TEXT];

    TRY(make_key(base, device, &key));
    TRY(gr_choice_read(device, key, choice));
    size_t best = parse_choice(choice);
    if (best == CANDIDATES || gr_engine_unsupported(candidates[best], base, device) != NULL) {
        TRY(measure(base, device, &best, choice));
        if (best < CANDIDATES)
            TRY(gr_choice_write(device, key, choice));
    }
    /* If none could be created, the last one says why. A stored choice may not fit the present memory limit. */
    status = become(candidates[best < CANDIDATES ? best : CANDIDATES - 1], base, device, out);
    if (status == GRADUS_ERROR_DEVICE && best < CANDIDATES - 1)
        status = become(candidates[CANDIDATES - 1], base, device, out);
    TRY(status);
    memcpy((*out)->choice, choice, sizeof choice);
cleanup:
    free(key);
    return status;
}

static gradus_status create_probable(const engine *base, gradus_device *device, engine **out)
{
    if (device == NULL)
#if GRADUS_BLAS
        return become(&gr_engine_blas, base, NULL, out);
#else
        return become(&gr_engine_reference, base, NULL, out);
#endif
    if (device->kernels == KERNELS_GPU && !gr_fused_gpu_suits(&base->network))
        return become(&gr_engine_layered, base, device, out);
    if (gr_engine_unsupported(&gr_engine_fused, base, device) != NULL)
        return become(&gr_engine_layered, base, device, out);
    const gradus_status status = become(&gr_engine_fused, base, device, out);
    return status == GRADUS_ERROR_DEVICE ? become(&gr_engine_layered, base, device, out) : status;
}

static gradus_status auto_create(const engine *base, gradus_device *device, engine **out)
{
    const bool measured =
        device != NULL && device->kernels == KERNELS_GPU && base->batch == 0 && !base->network.floats;
    return measured ? create_fastest(base, device, out) : create_probable(base, device, out);
}

const engine_type gr_engine_auto = {.name = "auto", .create = auto_create};
const engine_type gr_engine_once = {.name = "once", .create = create_probable};
