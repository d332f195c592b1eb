/* SPDX-License-Identifier: Apache-2.0 */
/* The learning rates of steps that a kernel takes many of in one launch: a ring on the device. */
#ifndef GRADUS_ENGINE_STEP_QUEUE_H
#define GRADUS_ENGINE_STEP_QUEUE_H

#include "device/device.h"
#include "engine/common/engine.h"

typedef struct step_queue {
    cl_mem factors;    /* (METRIC_SLOTS), of update_step: those of queued steps */
    update_step *sent; /* (METRIC_SLOTS), the same on the host, for the transfer */
    size_t next;       /* step of the ring */
} step_queue;

/* Call release afterwards, even after a failure. */
gradus_status gr_step_queue_create(gradus_device *device, step_queue *out);
void gr_step_queue_release(step_queue *queue);

/* Queues the launch for steps whose factors begin at `factors_at` of the ring. */
typedef gradus_status step_launch(engine *e, const step_run *run, size_t factors_at);

/* Transfers the factors of the engine's steps and calls `enqueue`, once or, where the ring begins anew, twice. */
gradus_status gr_step_queue_take(gradus_device *device, step_queue *queue, engine *e, const step_run *run,
                                 step_launch *enqueue);

#endif
