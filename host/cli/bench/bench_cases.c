/* SPDX-License-Identifier: Apache-2.0 */
/* The list of cases: engines with networks and devices. */
#include "bench/bench_run.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_case(bench_run *run, const gradus_network *network, const bench_device *device, const char *engine)
{
    bench_case *longer = realloc(run->cases, (run->case_count + 1) * sizeof *longer);
    if (longer == NULL)
        return fail(EX_OSERR, "out of memory: the list of cases");
    run->cases = longer;
    longer[run->case_count++] = (bench_case){.network = *network, .device = device, .engine = engine};
    return EX_OK;
}

static int add_engine(bench_run *run, const gradus_network *network, const char *engine, bool needs_device)
{
    int code = EX_OK;
    if (!needs_device)
        return add_case(run, network, NULL, engine);
    for (size_t d = 0; d < run->setup->device_count; d++)
        TRY(add_case(run, network, &run->setup->devices[d], engine));
cleanup:
    return code;
}

/* The reference needs about a nanosecond per parameter and sample. If that is long, it is measured only on request. */
#define REFERENCE_PATIENCE_SECONDS 1.0

static int leave_out_if_slow(bench_run *run)
{
    bench_case *c = &run->cases[run->case_count - 1];
    const double seconds = 1e-9 * (double)count_parameters(&c->network) * (double)run->setup->info.samples;
    if (strcmp(c->engine, "reference") != 0 || run->setup->settings.engines.count > 0 ||
        seconds < REFERENCE_PATIENCE_SECONDS)
        return EX_OK;
    if (asprintf(&c->left_out, "takes about %s per iteration; --engine reference measures it",
                 format_seconds(seconds).text) >= 0)
        return EX_OK;
    c->left_out = NULL;
    return fail(EX_OSERR, "out of memory: a message");
}

static bool needs_device(const char *name)
{
    gradus_engine_info engine;
    for (size_t i = 0; gradus_engine_get_info(i, &engine); i++)
        if (strcmp(engine.name, name) == 0)
            return engine.needs_device;
    return true; /* "auto" is measured to see its choice on a device */
}

static int add_network(bench_run *run, const size_list *hidden)
{
    int code = EX_OK;
    const name_list *names = &run->setup->settings.engines;
    gradus_network network;
    gradus_engine_info engine;

    TRY(bench_network(run->setup, hidden, &network));
    for (size_t i = 0; i < names->count; i++)
        TRY(add_engine(run, &network, names->names[i], needs_device(names->names[i])));
    for (size_t i = 0; names->count == 0 && gradus_engine_get_info(i, &engine); i++) {
        TRY(add_engine(run, &network, engine.name, engine.needs_device));
        if (!engine.needs_device)
            TRY(leave_out_if_slow(run));
    }
cleanup:
    return code;
}

int bench_cases_list(bench_run *run)
{
    int code = EX_OK;
    for (size_t i = 0; i < run->setup->settings.network_count; i++)
        TRY(add_network(run, &run->setup->settings.networks[i]));
    if (run->case_count == 0)
        TRY(fail(EX_USAGE, "--engine: each of these engines needs a device, and there is none"));
cleanup:
    return code;
}
