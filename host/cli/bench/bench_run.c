/* SPDX-License-Identifier: Apache-2.0 */
/* Measures: the cases of one network are prepared together, take turns, and are destroyed. */
#include "bench/bench_run.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_progress(const bench_run *run, const bench_case *c, const char *what, size_t repeat)
{
    char text[600], turn[64] = "";
    if (repeat > 0)
        snprintf(turn, sizeof turn, ", %zu of %zu", repeat, run->setup->settings.repeats);
    snprintf(text, sizeof text, "%s: %s %s%s ...", format_network(&c->network).text, what, c->engine, turn);
    progress_phase(&run->setup->progress, text);
}

/* ---- One case ---- */

/* Prepares a case. If the engine or device does not support it, the row says so; a wrong result ends the benchmark. */
static int make_ready(const bench_run *run, bench_case *c)
{
    int code = EX_OK;
    tell_progress(run, c, "checking", 0);
    gradus_device *device = c->device == NULL ? NULL : c->device->device;
    const gradus_status status = gradus_benchmark_create(device, c->engine, &c->network, run->setup->data,
                                                         run->setup->settings.device.threads, &c->benchmark);
    if (status != GRADUS_ERROR_DEVICE && status != GRADUS_ERROR_ARGUMENT)
        TRY_GRADUS(status);
    if (status == GRADUS_OK)
        c->used = gradus_benchmark_engine(c->benchmark);
    char **message = status == GRADUS_OK ? &c->plan : &c->left_out;
    *message = strdup(status == GRADUS_OK ? gradus_benchmark_plan(c->benchmark) : gradus_last_error());
    if (*message == NULL)
        TRY(fail(EX_OSERR, "out of memory: a message"));
    c->samples = calloc(run->setup->settings.repeats, sizeof *c->samples);
    if (c->samples == NULL)
        TRY(fail(EX_OSERR, "out of memory: %zu samples", run->setup->settings.repeats));
cleanup:
    return code;
}

static gradus_benchmark_options options_of(const bench_run *run)
{
    return (gradus_benchmark_options){run->setup->settings.seconds, run->setup->settings.iterations, run->setup->stop};
}

static int measure(const bench_run *run, bench_case *c, size_t repeat)
{
    int code = EX_OK;
    const gradus_benchmark_options options = options_of(run);
    gradus_benchmark_sample sample;
    if (c->benchmark == NULL || bench_stopped(run->setup))
        return EX_OK;
    tell_progress(run, c, "timing", repeat);
    TRY_GRADUS(gradus_benchmark_measure(c->benchmark, &options, &sample));
    if (!bench_stopped(run->setup))
        c->samples[c->count++] = sample;
cleanup:
    return code;
}

static int profile(const bench_run *run, bench_case *c)
{
    int code = EX_OK;
    const gradus_benchmark_options options = options_of(run);
    if (c->benchmark == NULL || c->device == NULL || bench_stopped(run->setup))
        return EX_OK;
    tell_progress(run, c, "profiling", 0);
    c->profile = calloc(1, sizeof *c->profile);
    if (c->profile == NULL)
        TRY(fail(EX_OSERR, "out of memory: a profile"));
    TRY_GRADUS(gradus_benchmark_profile(c->benchmark, &options, c->profile));
cleanup:
    return code;
}

static int finish(bench_case *c)
{
    int code = EX_OK;
    double *values = NULL;
    gradus_benchmark_destroy(c->benchmark);
    c->benchmark = NULL;
    if (c->count == 0)
        goto cleanup;
    values = calloc(c->count, sizeof *values);
    if (values == NULL)
        TRY(fail(EX_OSERR, "out of memory: %zu samples", c->count));
    for (size_t i = 0; i < c->count; i++)
        values[i] = c->samples[i].seconds / (double)c->samples[i].iterations;
    c->seconds = summarise(values, c->count);
cleanup:
    free(values);
    return code;
}

/* ---- The cases of one network ---- */

/* Odd repeats have the reverse order, so that no case always follows the same one. */
static int take_turns(bench_run *run, bench_case *cases, size_t count)
{
    int code = EX_OK;
    for (size_t repeat = 0; repeat < run->setup->settings.repeats; repeat++)
        for (size_t i = 0; i < count; i++)
            TRY(measure(run, &cases[repeat % 2 == 0 ? i : count - 1 - i], repeat + 1));
    for (size_t i = 0; run->setup->settings.profile && i < count; i++)
        TRY(profile(run, &cases[i]));
cleanup:
    return code;
}

static size_t cases_of_network(const bench_run *run, size_t first)
{
    size_t count = 1;
    while (first + count < run->case_count && memcmp(&run->cases[first + count].network, &run->cases[first].network,
                                                     sizeof run->cases[first].network) == 0)
        count++;
    return count;
}

int bench_run_network(bench_run *run, size_t *first)
{
    int code = EX_OK;
    const size_t count = cases_of_network(run, run->done);
    bench_case *cases = run->cases + run->done;
    *first = run->done;
    for (size_t i = 0; i < count && !bench_stopped(run->setup); i++)
        if (cases[i].left_out == NULL)
            TRY(make_ready(run, &cases[i]));
    TRY(take_turns(run, cases, count));
    for (size_t i = 0; i < count; i++)
        TRY(finish(&cases[i]));
    if (!bench_stopped(run->setup))
        run->done += count;
cleanup:
    return code;
}

void bench_run_free(bench_run *run)
{
    for (size_t i = 0; i < run->case_count; i++) {
        gradus_benchmark_destroy(run->cases[i].benchmark);
        free(run->cases[i].samples);
        free(run->cases[i].profile);
        free(run->cases[i].left_out);
        free(run->cases[i].plan);
    }
    free(run->cases);
}
