/* SPDX-License-Identifier: Apache-2.0 */
/* Times the run of a case alone, after its comparison with the reference. */
#include "check/check.h"
#include "core/memory.h"
#include "device/profile.h"

#include <stdio.h>
#include <stdlib.h>

/* Largest number of queued launches. */
#define RUNS_MAX 1000

static void report_result(const check *c, gradus_kernel_result *result)
{
    result->kernel = c->name;
    result->shape = c->shape;
    result->error = c->worst;
    if (c->timer->options.report != NULL)
        c->timer->options.report(result, c->timer->options.user);
}

gradus_status gr_check_leave_out(check *c, const char *why)
{
    report_result(c, &(gradus_kernel_result){.left_out = why});
    return GRADUS_OK;
}

/* ---- Timing ---- */

typedef struct timed_run {
    check_run run;
    void *of;
} timed_run;

/* Seconds of one of `count` runs, by the device's clock, without the time between launches. */
static gradus_status time_runs(gradus_device *device, const timed_run *timed, size_t count, double *seconds)
{
    gradus_status status = GRADUS_OK;
    gradus_profile profile = {0};
    double sum = 0;
    TRY(gr_profile_start(device));
    for (size_t i = 0; i < count && status == GRADUS_OK; i++)
        status = timed->run(device, timed->of);
    const gradus_status stopped = gr_profile_stop(device, &profile);
    TRY(status);
    TRY(stopped);
    for (size_t i = 0; i < profile.kernel_count; i++)
        sum += profile.kernels[i].seconds;
    *seconds = sum / (double)count;
cleanup:
    return status;
}

/* The comparison has compiled the kernels; another run fills the caches and is timed. */
static gradus_status take_samples(const check *c, const timed_run *timed, double *samples, size_t *count)
{
    gradus_status status = GRADUS_OK;
    const gradus_kernel_benchmark_options *options = &c->timer->options;
    double once = 0;
    TRY(time_runs(c->device, timed, 1, &once));
    const double wanted = once > 0 ? options->seconds / once : RUNS_MAX;
    const size_t runs = !(wanted > 1) ? 1 : wanted < RUNS_MAX ? (size_t)wanted + 1 : RUNS_MAX;
    for (*count = 0; *count < options->repeats && !gr_check_is_stopped(c->timer); (*count)++)
        TRY(time_runs(c->device, timed, runs, &samples[*count]));
cleanup:
    return status;
}

gradus_status gr_check_time(check *c, check_run run, void *of, gradus_work work)
{
    gradus_status status = GRADUS_OK;
    double *samples = NULL;
    gradus_kernel_result result = {.work = work};
    char message[96] = "differs from the reference";

    if (c->timer == NULL || gr_check_is_stopped(c->timer))
        return GRADUS_OK;
    if (!(c->worst <= 1)) {
        if (isfinite(c->worst))
            snprintf(message, sizeof message, "differs from the reference by %.3g times the tolerance", c->worst);
        return gr_check_leave_out(c, message);
    }
    TRY(gr_allocate(c->timer->options.repeats, &samples));
    TRY(take_samples(c, &(timed_run){run, of}, samples, &result.count));
    if (gr_check_is_stopped(c->timer))
        goto cleanup;
    result.seconds = samples;
    report_result(c, &result);
cleanup:
    free(samples);
    return status;
}

/* ---- Launches ---- */

static gradus_status enqueue_launch(gradus_device *device, void *prepared)
{
    return gr_launch_enqueue(device, prepared);
}

gradus_status gr_check_time_launch(check *c, launch *prepared, gradus_work work)
{
    return gr_check_time(c, enqueue_launch, prepared, work);
}

typedef struct launch_in_place {
    launch *prepared;
    cl_mem buffer, before;
    size_t bytes;
} launch_in_place;

/* A profile has only launches: the copy is not timed. */
static gradus_status enqueue_in_place(gradus_device *device, void *of)
{
    gradus_status status = GRADUS_OK;
    const launch_in_place *in_place = of;
    TRY(gr_buffer_copy(device, in_place->before, in_place->buffer, in_place->bytes));
    TRY(gr_launch_enqueue(device, in_place->prepared));
cleanup:
    return status;
}

gradus_status gr_check_time_in_place(check *c, launch *prepared, cl_mem buffer, const void *before, size_t bytes,
                                     gradus_work work)
{
    gradus_status status = GRADUS_OK;
    launch_in_place in_place = {prepared, buffer, NULL, bytes};
    if (c->timer == NULL)
        return GRADUS_OK;
    TRY(gr_check_upload(c, before, bytes, &in_place.before));
    TRY(gr_check_time(c, enqueue_in_place, &in_place, work));
cleanup:
    return status;
}
