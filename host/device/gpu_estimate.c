/* SPDX-License-Identifier: Apache-2.0 */
/* From the work of work-groups to seconds; see Note [simplifications of the estimate] in gpu_estimate.h. */
#include "device/gpu_estimate.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

#define BANKS 32 /* words of local memory that can be accessed in a cycle */

/* ---- Counting ---- */

double gr_estimate_loop(double rounds, double latency)
{
    return ceil(rounds / LOADS_AHEAD) * latency;
}

double gr_estimate_lanes(const gpu_description *gpu, size_t items, size_t registers)
{
    return (double)gr_round_up(items, gr_gpu_wave(&gpu->model, registers));
}

bool gr_estimate_is_near(const gpu_description *gpu, size_t groups_per_unit, size_t local_bytes, double bytes)
{
    const double used = gpu->rates.near_has_local ? (double)(groups_per_unit * local_bytes) : 0;
    return bytes <= (double)gpu->rates.near_size - used;
}

double gr_estimate_conflicts(size_t distance)
{
    size_t ways = 1;
    while (ways < BANKS && distance % (2 * ways) == 0)
        ways *= 2;
    return (double)ways;
}

void gr_estimate_groups(launch_work *launch, size_t groups, const group_work *each)
{
    group_work *total = &launch->total;
    const double count = (double)groups;
    launch->groups += groups;
    total->multiply_adds += count * each->multiply_adds;
    total->instructions += count * each->instructions;
    total->local_bytes += count * each->local_bytes;
    total->cache_bytes += count * each->cache_bytes;
    total->memory_bytes += count * each->memory_bytes;
    total->loading_cycles = fmax(total->loading_cycles, each->loading_cycles);
    total->waiting_cycles = fmax(total->waiting_cycles, each->waiting_cycles);
}

/* ---- Time ---- */

typedef struct limit {
    const char *name;
    double seconds;
} limit;

static limit larger(limit a, limit b)
{
    return b.seconds > a.seconds ? b : a;
}

/* The busiest resource of all units. */
static limit busiest(const gradus_launch_estimate *e)
{
    limit most = {"instructions", e->instruction_seconds};
    most = larger(most, (limit){"multiply-adds", e->multiply_add_seconds});
    most = larger(most, (limit){"local memory", e->local_seconds});
    most = larger(most, (limit){"cache", e->cache_seconds});
    return larger(most, (limit){"memory", e->memory_seconds});
}

/* The sums of a work-group's times, with the name of the largest part. */
static limit alone(const gradus_launch_estimate *e, const limit *resource, double share)
{
    const limit part = {resource->name, share * resource->seconds};
    const limit work = larger(part, (limit){"loads", e->loading_seconds});
    const limit most = larger(work, (limit){"waiting", e->waiting_seconds});
    return (limit){most.name, work.seconds + e->waiting_seconds};
}

void gr_estimate_launch(const gpu_description *gpu, const launch_work *launch, gradus_estimate *out)
{
    const gpu_rates *rates = &gpu->rates;
    const group_work *total = &launch->total;
    const double cycle = 1 / (gpu->clock_mhz * 1e6);
    const size_t fitting = gr_gpu_groups_per_unit(&gpu->model, launch->items, launch->registers, launch->local_memory);
    const size_t of_unit = gr_divide_up(launch->groups, gpu->model.units);
    const size_t rounds = gr_divide_up(of_unit, fitting == 0 ? 1 : fitting);
    const double share = (double)of_unit / (double)launch->groups;
    gradus_launch_estimate e = {
        .kernel = launch->kernel,
        .launches = launch->launches,
        .groups = launch->groups,
        .items = launch->items,
        .groups_per_unit = of_unit < fitting ? of_unit : fitting,
        .multiply_adds = total->multiply_adds,
        .local_bytes = total->local_bytes,
        .cache_bytes = total->cache_bytes,
        .memory_bytes = total->memory_bytes,
        .multiply_add_seconds = share * total->multiply_adds / rates->multiply_adds * cycle,
        .instruction_seconds = share * total->instructions / rates->instructions * cycle,
        .local_seconds = share * total->local_bytes / rates->local_bytes * cycle,
        .cache_seconds =
            fmax(share * total->cache_bytes / rates->unit_bytes * cycle, total->cache_bytes / rates->cache_bytes),
        .memory_seconds = total->memory_bytes / rates->memory_bytes,
        .loading_seconds = (double)rounds * total->loading_cycles * cycle,
        .waiting_seconds = (double)rounds * total->waiting_cycles * cycle,
        .gap_seconds = launch->launches * rates->gap_seconds,
    };
    const limit resource = busiest(&e);
    const limit all = larger(resource, alone(&e, &resource, (double)rounds / (double)of_unit));
    e.seconds = all.seconds + e.gap_seconds;
    e.bound = e.gap_seconds > all.seconds ? "launch" : all.name;
    if (out->launch_count < GRADUS_ESTIMATE_LAUNCHES_MAX)
        out->launches[out->launch_count++] = e;
}

void gr_estimate_finish(const gpu_description *gpu, size_t samples, size_t batch, gradus_estimate *out)
{
    const gradus_launch_estimate *slowest = &out->launches[0];
    out->gpu = gpu->key;
    out->name = gpu->name;
    out->units = gpu->model.units;
    out->clock_mhz = gpu->clock_mhz;
    out->samples = samples;
    out->batch = batch;
    for (size_t i = 0; i < out->launch_count; i++) {
        const gradus_launch_estimate *launch = &out->launches[i];
        out->launches_per_step += launch->launches;
        out->gpu_seconds += launch->seconds;
        slowest = launch->seconds > slowest->seconds ? launch : slowest;
    }
    out->host_seconds = out->launches_per_step * gpu->rates.submission_seconds;
    out->seconds = fmax(out->gpu_seconds, out->host_seconds);
    out->bound_kernel = out->host_seconds > out->gpu_seconds ? NULL : slowest->kernel;
    out->bound = out->bound_kernel == NULL ? "submission by the host" : slowest->bound;
    out->epoch_seconds = out->seconds * (double)(batch == 0 ? 1 : gr_divide_up(samples, batch));
}
