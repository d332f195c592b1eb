/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a device's limits: the rate of multiply-adds and the bandwidth of memory, with kernels that do nothing
 * else. */
#include "bench/limits.h"
#include "core/clock.h"
#include "core/memory.h"

#include <stdlib.h>

/* For a GPU: enough work-items per unit to hide the latency of loads. */
#define ITEMS_PER_UNIT 2048
#define GPU_LOCAL 128

/* ---- The launchers ---- */

gradus_status gr_limit_program_create(gradus_device *device, kernel_kind kind, const char *multiply_add,
                                      limit_program *out)
{
    gradus_status status = GRADUS_OK;
    const size_t units = device->info.compute_units > 0 ? device->info.compute_units : 1;
    limit_program p = {NULL, kind, 1, 4, units * ITEMS_PER_UNIT, GPU_LOCAL};
    char *options = NULL;

    if (kind == KERNELS_CPU) {
        p.lanes = p.read_lanes = device->vector_width;
        p.items = units;
        p.local = 1;
    }
    TRY(gr_format_text(&options, "-D LANES=%zu -D READ_LANES=%zu -D MULTIPLY_ADD=%s", p.lanes, p.read_lanes,
                       multiply_add));
    TRY(gr_program_build(device, "bench/limits.cl", options, &p.program));
    *out = p;
cleanup:
    free(options);
    return status;
}

void gr_limit_program_release(limit_program *p)
{
    gr_program_release(&p->program);
}

gradus_status gr_limit_fma(const limit_program *p, cl_mem factor, cl_mem out, cl_uint rounds, launch *prepared)
{
    return gr_launch_create_in(p->program, "limit_fma", p->items, p->local,
                               ARGUMENTS(ARGUMENT(factor), ARGUMENT(out), ARGUMENT(rounds)), prepared);
}

gradus_status gr_limit_read(const limit_program *p, cl_mem x, cl_mem out, size_t vectors, launch *prepared)
{
    const bool pieces = p->kind == KERNELS_CPU;
    const cl_ulong count = vectors, apart = pieces ? vectors : 1, step = pieces ? 1 : p->items;
    return gr_launch_create_in(p->program, "limit_read", p->items, p->local,
                               ARGUMENTS(ARGUMENT(x), ARGUMENT(out), ARGUMENT(count), ARGUMENT(apart), ARGUMENT(step)),
                               prepared);
}

/* ---- Measuring ---- */

/* A trial takes at least this long, which is long compared with a launch. The fastest of several trials counts, because
 * every disturbance makes them slower. */
#define TRIAL_SECONDS 0.01
#define TRIALS 30

static gradus_status time_launches(gradus_device *device, const launch *prepared, size_t count, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    for (size_t i = 0; i < count; i++)
        TRY(gr_launch_enqueue(device, prepared));
    TRY(gr_device_finish_promptly(device));
    *seconds = gr_seconds() - started;
cleanup:
    return status;
}

/* The least seconds of one launch. */
static gradus_status best_seconds(gradus_device *device, const launch *prepared, double *out)
{
    gradus_status status = GRADUS_OK;
    size_t count = 1;
    double seconds = 0, best = 0;
    TRY(time_launches(device, prepared, count, &seconds)); /* warms up */
    for (;;) {
        TRY(time_launches(device, prepared, count, &seconds));
        if (seconds >= TRIAL_SECONDS || count >= 1024)
            break;
        count *= 2;
    }
    best = seconds;
    for (int i = 1; i < TRIALS; i++) {
        TRY(time_launches(device, prepared, count, &seconds));
        best = seconds < best ? seconds : best;
    }
    *out = best / (double)count;
cleanup:
    return status;
}

#define FMA_ROUNDS 100000
#define FMA_ROUNDS_GPU 2000

cl_uint gr_limit_rounds(const limit_program *p)
{
    return p->kind == KERNELS_CPU ? FMA_ROUNDS : FMA_ROUNDS_GPU;
}

static gradus_status measure_fma(gradus_device *device, const limit_program *p, double *flop_per_second)
{
    gradus_status status = GRADUS_OK;
    const float ones[2] = {1, 1};
    const cl_uint rounds = gr_limit_rounds(p);
    const size_t lanes = p->items * p->lanes;
    cl_mem factor = NULL, out = NULL; /* (2), (lanes) */
    launch prepared = {0};
    double seconds = 0;

    TRY(gr_buffer_create(device, sizeof ones, "two factors", &factor));
    TRY(gr_buffer_write(device, factor, 0, sizeof ones, ones));
    TRY(gr_buffer_create(device, lanes * sizeof(cl_float), "sums", &out));
    TRY(gr_limit_fma(p, factor, out, rounds, &prepared));
    TRY(best_seconds(device, &prepared, &seconds));
    *flop_per_second = 2.0 * LIMIT_SUMS * (double)rounds * (double)lanes / seconds;
cleanup:
    gr_launch_destroy(&prepared);
    gr_buffer_release(&factor);
    gr_buffer_release(&out);
    return status;
}

#define READ_BYTES ((uint64_t)256 << 20)

size_t gr_limit_vectors(const gradus_device *device, const limit_program *p)
{
    const uint64_t room = device->info.max_allocation_bytes / 4;
    const size_t step = p->items * p->read_lanes * sizeof(cl_float) * LIMIT_READ_SUMS;
    const size_t steps = (size_t)(room < READ_BYTES ? room : READ_BYTES) / step;
    return (steps > 0 ? steps : 1) * LIMIT_READ_SUMS;
}

static gradus_status measure_read(gradus_device *device, const limit_program *p, double *bytes_per_second)
{
    gradus_status status = GRADUS_OK;
    const size_t sums_bytes = p->items * p->read_lanes * sizeof(cl_float);
    const size_t vectors = gr_limit_vectors(device, p), bytes = vectors * sums_bytes;
    cl_mem x = NULL, out = NULL; /* (bytes / 4), (read_lanes x items) */
    launch prepared = {0};
    double seconds = 0;

    TRY(gr_buffer_create_zeroed(device, bytes, "data to measure the memory", &x));
    TRY(gr_buffer_create(device, sums_bytes, "sums", &out));
    TRY(gr_limit_read(p, x, out, vectors, &prepared));
    TRY(best_seconds(device, &prepared, &seconds));
    *bytes_per_second = (double)bytes / seconds;
cleanup:
    gr_launch_destroy(&prepared);
    gr_buffer_release(&x);
    gr_buffer_release(&out);
    return status;
}

gradus_status gradus_device_limits(gradus_device *device, gradus_limits *limits)
{
    gradus_status status = GRADUS_OK;
    /* The limits of the hardware, whichever kernels the engines use. */
    const kernel_kind kind = device->info.type == GRADUS_DEVICE_CPU ? KERNELS_CPU : KERNELS_GPU;
    limit_program fma = {0}, mad = {0};
    gradus_limits measured = {0};
    double other = 0;
    TRY(gr_limit_program_create(device, kind, "fma", &fma));
    TRY(gr_limit_program_create(device, kind, "mad", &mad));
    TRY(measure_fma(device, &fma, &measured.flop_per_second));
    TRY(measure_fma(device, &mad, &other));
    TRY(measure_read(device, &fma, &measured.bytes_per_second));
    measured.flop_per_second = other > measured.flop_per_second ? other : measured.flop_per_second;
    *limits = measured;
cleanup:
    gr_limit_program_release(&fma);
    gr_limit_program_release(&mad);
    return status;
}
