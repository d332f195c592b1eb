/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of each kernel. While a profile runs, every launch has an event, which is read when the profile is stopped.
 * The device must have been opened for it.
 */
#ifndef GRADUS_DEVICE_PROFILE_H
#define GRADUS_DEVICE_PROFILE_H

#include "device/device.h"

gradus_status gr_profile_create(struct profile **out);
void gr_profile_destroy(struct profile *p);

/*
 * Call this before enqueuing: *event is the place for OpenCL's event, or NULL while no profile runs. With kernel NULL
 * the event is that of the last of several kernels, which belong to `what`. Their time begins at the end of the work
 * before them, because the queue is in order.
 */
gradus_status gr_profile_next(gradus_device *device, cl_kernel kernel, const char *what, cl_event **event);

/* ARGUMENT unless the device was opened for profiles. */
gradus_status gr_profile_start(gradus_device *device);

/* Waits for the queued work and adds it up in result->kernels, in the order of their first launch. */
gradus_status gr_profile_stop(gradus_device *device, gradus_profile *result);

#endif
