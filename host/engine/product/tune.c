/* SPDX-License-Identifier: Apache-2.0 */
/* The long search for the fastest candidates of a network's products. */
#include "core/clock.h"
#include "engine/product/product_choice.h"
#include "net/network.h"

#include <math.h>

/* A second or two for CLBlast on a CPU. */
#define MOST_OPERATIONS_CPU 8e9
#define MOST_OPERATIONS_GPU 1e11

/* A smaller gain may be noise. */
#define LEAST_GAIN 0.02

/* A candidate that is slower than the best by this factor is not measured again. */
#define HOPELESS 1.5

typedef struct search {
    gradus_device *device;
    const gradus_tune_options *options;
    double operations; /* largest number for a measurement */
    double end;        /* of the search for one product, in gr_seconds() */
} search;

gradus_tune_options gradus_tune_options_default(void)
{
    return (gradus_tune_options){.seconds = 30};
}

static bool is_stopped(const search *s)
{
    return s->options->stop != NULL && *s->options->stop != 0;
}

static bool is_over(const search *s)
{
    return gr_seconds() >= s->end || is_stopped(s);
}

static gradus_status measure(const search *s, const product_shape *shape, const product_candidate *candidate,
                             double limit, double *seconds)
{
    const product_measure_limits limits = {s->operations, limit};
    return gr_product_measure(s->device, shape, candidate, &limits, seconds);
}

/* Compares a candidate with the best so far. A faster one must be faster again, directly after the other. */
static gradus_status challenge(const search *s, const product_shape *shape, const product_candidate *candidate,
                               product_choice *best)
{
    gradus_status status = GRADUS_OK;
    double seconds = 0, best_again = 0, again = 0;
    TRY(measure(s, shape, candidate, HOPELESS * best->seconds, &seconds));
    if (seconds < (1 - LEAST_GAIN) * best->seconds) {
        TRY(measure(s, shape, &best->candidate, INFINITY, &best_again));
        TRY(measure(s, shape, candidate, INFINITY, &again));
        best->seconds = fmin(best->seconds, best_again);
        seconds = again < (1 - LEAST_GAIN) * best_again ? fmin(seconds, again) : fmax(seconds, best->seconds);
    }
    const bool gain = seconds < best->seconds;
    gr_product_compete(best, candidate, seconds);
    if (gain)
        TRY(gr_product_remember(s->device, shape, best));
cleanup:
    return status;
}

static gradus_status tune_product(const search *s, const product_shape *shape)
{
    gradus_status status = GRADUS_OK;
    product_choice best;
    product_candidate candidates[PRODUCT_CANDIDATES];
    char key[PRODUCT_KEY], name[PRODUCT_NAME];

    TRY(gr_product_choose(s->device, shape, &best));
    TRY(measure(s, shape, &best.candidate, INFINITY, &best.seconds));
    const double before = best.seconds;
    const size_t count = gr_product_list(s->device, shape, EFFORT_THOROUGH, candidates);
    for (size_t i = 0; i < count && !is_over(s); i++)
        TRY(challenge(s, shape, &candidates[i], &best));
    gr_product_key(shape, key);
    gr_product_name(&best.candidate, name);
    const gradus_tune_result result = {key, name, before, best.seconds};
    if (s->options->report != NULL)
        s->options->report(&result, s->options->user);
cleanup:
    return status;
}

gradus_status gradus_tune(gradus_device *device, const gradus_network *network, size_t samples,
                          const gradus_tune_options *options)
{
    gradus_status status = GRADUS_OK;
    const gradus_tune_options defaults = gradus_tune_options_default();
    search s = {.device = device, .options = options == NULL ? &defaults : options};
    size_t products = 0, done = 0;

    TRY(gr_network_validate(network));
    if (samples == 0 || !(s.options->seconds > 0))
        FAIL(GRADUS_ERROR_ARGUMENT, "found %zu samples and %g seconds, expected more than 0", samples,
             s.options->seconds);
    s.operations = device->info.type == GRADUS_DEVICE_CPU ? MOST_OPERATIONS_CPU : MOST_OPERATIONS_GPU;
    for (size_t l = 0; l < network->layers; l++)
        products += gr_product_kinds(l);
    const double start = gr_seconds();
    for (size_t l = 0; l < network->layers; l++)
        for (size_t kind = 0; kind < gr_product_kinds(l) && !is_stopped(&s); kind++) {
            const product_shape shape = gr_product_of_layer(network, l, (product_kind)kind, samples);
            s.end = start + s.options->seconds * (double)++done / (double)products;
            TRY(tune_product(&s, &shape));
        }
cleanup:
    return status;
}
