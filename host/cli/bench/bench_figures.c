/* SPDX-License-Identifier: Apache-2.0 */
/* Ratios of measurements: to the device's limits and to the engines that need no device. */
#include "bench/bench_run.h"

#include <math.h>
#include <string.h>

double bench_share(const gradus_work *work, const gradus_limits *limits, double seconds)
{
    return fmax(work->flop / limits->flop_per_second, work->bytes / limits->bytes_per_second) / seconds;
}

/* The host's engines use the same cores as a CPU device, so its limits apply to them. */
static const gradus_limits *limits_of(const bench_run *run, const bench_case *c)
{
    if (c->device != NULL)
        return &c->device->limits;
    for (size_t i = 0; i < run->setup->device_count; i++)
        if (gradus_device_get_info(run->setup->devices[i].device)->type == GRADUS_DEVICE_CPU)
            return &run->setup->devices[i].limits;
    return NULL;
}

double bench_share_of_limit(const bench_run *run, const bench_case *c)
{
    const gradus_limits *limits = limits_of(run, c);
    gradus_work work;
    if (limits == NULL || c->count == 0 ||
        gradus_network_work(&c->network, run->setup->info.samples, &work) != GRADUS_OK)
        return NAN;
    return bench_share(&work, limits, c->seconds.median);
}

double bench_times_as_fast(const bench_run *run, const bench_case *c, const char *engine)
{
    for (size_t i = 0; i < run->case_count; i++) {
        const bench_case *other = &run->cases[i];
        if (other->device == NULL && other->count > 0 && c->count > 0 && strcmp(other->engine, engine) == 0 &&
            memcmp(&other->network, &c->network, sizeof c->network) == 0)
            return other->seconds.median / c->seconds.median;
    }
    return NAN;
}
