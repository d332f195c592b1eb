/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the device.
 *
 * For CPUs the driver's own wait is used: PoCL's sleeps, and Intel's uses the waiting thread for the work; without it
 * one core of two was idle.
 *
 * Note [polling]: some drivers' own waits keep a core busy (NVIDIA's do), so for a GPU the host polls the event's
 * status and sleeps in between. A callback that wakes the thread would be faster by a few microseconds. But it runs on
 * a thread of the driver that outlives an error, it may never come if a device is lost, and if the driver itself polls
 * for it, nothing is gained; a query of the status is always answered. A sleep lasts a sixteenth of the wait so far, so
 * the end is noticed with at most this delay, and a long wait costs almost nothing.
 */
#include "core/clock.h"
#include "device/device.h"

#include <time.h>

#define SLEEP_SECONDS_MIN 20e-6 /* the system needs about as long to wake a thread */
#define SLEEP_SECONDS_MAX 1e-3

static void sleep_for_share(double waited)
{
    const double share = waited / 16;
    const double seconds = share < SLEEP_SECONDS_MIN   ? SLEEP_SECONDS_MIN
                           : share > SLEEP_SECONDS_MAX ? SLEEP_SECONDS_MAX
                                                       : share;
    nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9)}, NULL);
}

/* A negative status is the error that ended the command. */
static gradus_status poll_event(cl_event event)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    cl_int state = CL_QUEUED;
    for (;;) {
        CL_TRY(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL));
        if (state <= CL_COMPLETE)
            break;
        sleep_for_share(gr_seconds() - started);
    }
    if (state < 0)
        status = gr_cl_fail(__FILE__, __LINE__, "the queued work", state, NULL);
cleanup:
    return status;
}

gradus_status gr_device_wait(gradus_device *device, cl_event *event)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clFlush(device->queue));
    device->flushed = true;
    if (device->wait == WAIT_SPIN)
        CL_TRY(clWaitForEvents(1, event));
    else
        TRY(poll_event(*event));
cleanup:
    gr_event_release(event);
    return status;
}

gradus_status gr_device_finish(gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    cl_event end = NULL;
    CL_TRY(clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &end));
    TRY(gr_device_wait(device, &end));
cleanup:
    return status;
}

gradus_status gr_device_finish_promptly(gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clFinish(device->queue));
    device->flushed = true;
cleanup:
    return status;
}

void gr_event_release(cl_event *event)
{
    if (*event != NULL)
        clReleaseEvent(*event);
    *event = NULL;
}
