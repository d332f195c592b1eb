/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "auto" creates another engine. For a CPU that is fused, which was the fastest for all measured networks and
 * data; without a device it is blas. With kernels for GPUs the fastest engine depends on the device, so the engines that
 * support the training are timed on the data themselves, and the fastest is stored in the user's cache.
 *
 * Note [remembered choices]. A choice is stored only if every such engine was timed: not if the user stopped the
 * measurement, nor if an engine could not be created, for instance because other programs had the device's memory. It
 * is found again only under its key, which has everything that a step's time depends on (make_key()); device, driver and
 * kernels are the heading of the file (choice.c).
 */
#include "core/clock.h"
#include "core/memory.h"
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "engine/opencl/choice.h"
#include "engine/select/engine_trial.h"
#include "engine/select/engines.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the measurements. The last one supports every training on a device. */
static const engine_type *const candidates[] = {&gr_engine_fused, &gr_engine_sparse, &gr_engine_layered};
#define CANDIDATES (sizeof candidates / sizeof *candidates)

/* Of two with the same speed, except for noise, the first is chosen. */
#define LEAST_GAIN 0.03

/* Two whose speeds differ by less than this factor are timed again, in turns: for two rounds, or one if that takes
 * long. */
#define CLOSE 2.0
#define REMATCH_ROUNDS 2
#define REMATCH_SECONDS 1.0

static_assert(sizeof(((engine *)NULL)->choice) == CHOICE_TEXT, "a choice fits the cache's value");

static gradus_status become(const engine_type *type, const engine *base, gradus_device *device, engine **out)
{
    engine typed = *base;
    typed.type = type;
    return type->create(&typed, device, out);
}

/* Whether another engine may do better: the device lacks something, or the data are too large for an index. */
static bool is_refusal(gradus_status status)
{
    return status == GRADUS_ERROR_DEVICE || status == GRADUS_ERROR_ARGUMENT;
}

/* ---- Measuring ---- */

typedef struct comparison {
    const engine *base;
    gradus_device *device;
    float *parameters;          /* of all trials */
    double seconds[CANDIDATES]; /* of a step; INFINITY: not timed */
    size_t fastest;             /* CANDIDATES: none */
    engine *champion;           /* the fastest, for a rematch; NULL if the memory was needed */
    bool complete;              /* all that support the training were timed */
    char refusals[sizeof((engine *)NULL)->refusals];
} comparison;

/* Notes why an engine could not be created. */
static void note_refusal(const char *name, char *refusals)
{
    const size_t used = strlen(refusals), size = sizeof((engine *)NULL)->refusals;
    const int length =
        snprintf(refusals + used, size - used, "engine %s cannot be used: %s\n", name, gradus_last_error());
    if (length >= (int)(size - used)) /* cut off */
        refusals[size - 2] = '\n';
}

static void release_champion(comparison *c)
{
    gr_engine_destroy(c->champion);
    c->champion = NULL;
}

/* Creates a candidate and times it; alone, if the device cannot hold two. *e is NULL after a failure. */
static gradus_status try_candidate(comparison *c, size_t i, engine **e)
{
    gradus_status status = become(candidates[i], c->base, c->device, e);
    if (status == GRADUS_OK)
        status = gr_engine_trial(*e, c->parameters, &c->seconds[i]);
    if (status != GRADUS_OK) {
        gr_engine_destroy(*e);
        *e = NULL;
    }
    if (is_refusal(status) && c->champion != NULL) {
        release_champion(c);
        return try_candidate(c, i, e);
    }
    return status;
}

/* Times the champion and another engine in turns, so that other load on the machine affects both alike. If the device
 * cannot hold both at work, the earlier times remain. */
static gradus_status rematch(comparison *c, size_t i, engine *e)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    double champion = INFINITY, other = INFINITY, now = 0;
    for (size_t round = 0; round < REMATCH_ROUNDS && gr_seconds() - started < REMATCH_SECONDS; round++) {
        TRY(gr_engine_trial(c->champion, c->parameters, &now));
        champion = fmin(champion, now);
        TRY(gr_engine_trial(e, c->parameters, &now));
        other = fmin(other, now);
    }
    c->seconds[c->fastest] = champion;
    c->seconds[i] = other;
cleanup:
    return is_refusal(status) ? GRADUS_OK : status;
}

static gradus_status challenge(comparison *c, size_t i)
{
    gradus_status status = GRADUS_OK;
    engine *e = NULL;
    status = try_candidate(c, i, &e);
    if (is_refusal(status)) {
        c->seconds[i] = INFINITY;
        c->complete = false;
        note_refusal(candidates[i]->name, c->refusals);
        return GRADUS_OK;
    }
    TRY(status);
    const double best = c->fastest < CANDIDATES ? c->seconds[c->fastest] : INFINITY;
    if (c->champion != NULL && c->seconds[i] < CLOSE * best && best < CLOSE * c->seconds[i])
        TRY(rematch(c, i, e));
    if (c->fastest == CANDIDATES || c->seconds[i] < (1 - LEAST_GAIN) * c->seconds[c->fastest]) {
        release_champion(c);
        c->champion = e;
        c->fastest = i;
        e = NULL;
    }
cleanup:
    gr_engine_destroy(e);
    return status;
}

static gradus_status compare(const engine *base, gradus_device *device, comparison *c)
{
    gradus_status status = GRADUS_OK;
    *c =
        (comparison){base, device, .seconds = {INFINITY, INFINITY, INFINITY}, .fastest = CANDIDATES, .complete = true};
    TRY(gr_allocate(base->layout.length, &c->parameters));
    gr_network_initialise(&base->network, 0, c->parameters);
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (gr_engine_unsupported(candidates[i], base, device) != NULL)
            continue;
        if (base->stop != NULL && *base->stop != 0) {
            c->complete = false;
            break;
        }
        TRY(challenge(c, i));
    }
cleanup:
    release_champion(c);
    free(c->parameters);
    return status;
}

/* "fused (0.11 ms; sparse 0.24 ms; layered 0.3 ms)"; "" if none was timed. */
static void name_choice(const comparison *c, char text[CHOICE_TEXT])
{
    text[0] = '\0';
    if (c->fastest == CANDIDATES)
        return;
    int used = snprintf(text, CHOICE_TEXT, "%s (%.3g ms", candidates[c->fastest]->name, 1e3 * c->seconds[c->fastest]);
    for (size_t i = 0; i < CANDIDATES && used < CHOICE_TEXT; i++)
        if (i != c->fastest && isfinite(c->seconds[i]))
            used += snprintf(text + used, (size_t)(CHOICE_TEXT - used), "; %s %.3g ms", candidates[i]->name,
                             1e3 * c->seconds[i]);
    if (used < CHOICE_TEXT)
        snprintf(text + used, (size_t)(CHOICE_TEXT - used), ")");
}

/* ---- The key of a stored choice ---- */

/* "784-128-10" */
static void name_sizes(const gradus_network *network, size_t size, char *text)
{
    size_t used = 0;
    for (size_t l = 0; l <= network->layers; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", l == 0 ? "" : "-", network->sizes[l]);
}

/* Percent of the features that are not zero. */
static double density(const gradus_dataset *dataset)
{
    const size_t count = dataset->info.samples * dataset->info.features;
    size_t nonzero = 0;
    for (size_t i = 0; i < count; i++)
        nonzero += dataset->info.floats ? ((const float *)gr_dataset_x(dataset))[i] != 0 : dataset->pixels[i] != 0;
    return 100 * (double)nonzero / (double)count;
}

/* Everything that the time of a step depends on: "engine for 784-128-10 relu, 41000 samples, 19 % not zero, batch 0,
 * sgd, 15000000000 bytes of memory". MEMORY. */
static gradus_status make_key(const engine *base, const gradus_device *device, char **key)
{
    const gradus_network *network = &base->network;
    const regularization *how = &base->regularization;
    const optimizer *o = &base->optimizer;
    char sizes[24 * (GRADUS_LAYERS_MAX + 1)];
    name_sizes(network, sizeof sizes, sizes);
    return gr_format_text(key,
                          "engine for %s %s, %zu samples, %.0f %% not zero, batch %zu, %s%s%s%s%s%s%s%s%s, %" PRIu64
                          " bytes of memory",
                          sizes, gradus_activation_name(network->activation), base->dataset->info.samples,
                          density(base->dataset), base->batch, gradus_optimizer_name(o->kind),
                          o->clip_norm > 0 ? ", clip-norm" : "", o->max_norm > 0 ? ", max-norm" : "",
                          network->floats ? ", floats" : "", network->input_deviation != 0 ? ", standardised" : "",
                          how->dropout > 0 ? ", dropout" : "", how->input_dropout > 0 ? ", input dropout" : "",
                          gr_augmentation_is_on(&base->augmentation.most) ? ", augmented" : "",
                          device->products == PRODUCTS_AUTO  ? ""
                          : device->products == PRODUCTS_OWN ? ", own products"
                                                             : ", clblast",
                          device->memory_limit);
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

/* ---- Choosing ---- */

/* A candidate, or if that is refused, the last one, whose error is the training's. */
static gradus_status become_or_last(size_t i, const engine *base, gradus_device *device, char *refusals, engine **out)
{
    const gradus_status status = become(candidates[i], base, device, out);
    if (!is_refusal(status) || i == CANDIDATES - 1)
        return status;
    note_refusal(candidates[i]->name, refusals);
    return become(candidates[CANDIDATES - 1], base, device, out);
}

/* The stored choice; without one, measures and stores it. choice: its text; c: all zero before. */
static gradus_status find_fastest(const engine *base, gradus_device *device, comparison *c, char choice[CHOICE_TEXT],
                                  size_t *best)
{
    gradus_status status = GRADUS_OK;
    char *key = NULL;
    TRY(make_key(base, device, &key));
    TRY(gr_choice_read(device, key, choice));
    *best = parse_choice(choice);
    if (*best == CANDIDATES || gr_engine_unsupported(candidates[*best], base, device) != NULL) {
        TRY(compare(base, device, c));
        name_choice(c, choice);
        if (c->complete && c->fastest < CANDIDATES)
            TRY(gr_choice_write(device, key, choice));
        *best = c->fastest < CANDIDATES ? c->fastest : CANDIDATES - 1;
    }
cleanup:
    free(key);
    return status;
}

static gradus_status create_fastest(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    char choice[CHOICE_TEXT];
    comparison c = {.refusals = ""};
    size_t best;
    TRY(find_fastest(base, device, &c, choice, &best));
    TRY(become_or_last(best, base, device, c.refusals, out));
    memcpy((*out)->choice, choice, sizeof choice);
    memcpy((*out)->refusals, c.refusals, sizeof c.refusals);
cleanup:
    return status;
}

/* The number of candidates that support the training, and the first of them. */
static size_t count_supporting(const engine *base, const gradus_device *device, size_t *first)
{
    size_t count = 0;
    for (size_t i = CANDIDATES; i-- > 0;)
        if (gr_engine_unsupported(candidates[i], base, device) == NULL) {
            *first = i;
            count++;
        }
    return count;
}

static gradus_status create_probable(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    char refusals[sizeof((engine *)NULL)->refusals] = "";
    if (device == NULL)
#if GRADUS_BLAS
        return become(&gr_engine_blas, base, NULL, out);
#else
        return become(&gr_engine_reference, base, NULL, out);
#endif
    const bool wide = device->kernels == KERNELS_GPU && !gr_fused_gpu_suits(&base->network);
    const bool fused = !wide && gr_engine_unsupported(&gr_engine_fused, base, device) == NULL;
    TRY(become_or_last(fused ? 0 : CANDIDATES - 1, base, device, refusals, out));
    memcpy((*out)->refusals, refusals, sizeof refusals);
cleanup:
    return status;
}

static bool measures(const gradus_device *device)
{
    return device != NULL && device->kernels == KERNELS_GPU;
}

/* With a single candidate there is nothing to measure. */
static gradus_status auto_create(const engine *base, gradus_device *device, engine **out)
{
    size_t first = 0;
    if (!measures(device))
        return create_probable(base, device, out);
    return count_supporting(base, device, &first) > 1 ? create_fastest(base, device, out)
                                                      : become(candidates[first], base, device, out);
}

gradus_status gr_engine_choose(const engine_settings *settings, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset)
{
    gradus_status status = GRADUS_OK;
    char choice[CHOICE_TEXT];
    comparison c = {.refusals = ""};
    engine base;
    size_t best, first = 0;
    TRY(gr_engine_describe_training(settings, network, dataset, &base));
    if (measures(device) && count_supporting(&base, device, &first) > 1)
        TRY(find_fastest(&base, device, &c, choice, &best));
cleanup:
    return status;
}

const engine_type gr_engine_auto = {.name = "auto", .create = auto_create};
const engine_type gr_engine_once = {.name = "once", .create = create_probable};
