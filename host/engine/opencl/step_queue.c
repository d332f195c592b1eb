/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of learning rates. */
#include "engine/opencl/step_queue.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

gradus_status gr_step_queue_create(gradus_device *device, step_queue *out)
{
    gradus_status status = GRADUS_OK;
    *out = (step_queue){.next = 0};
    TRY(gr_allocate(METRIC_SLOTS, &out->sent));
    TRY(gr_buffer_create(device, METRIC_SLOTS * sizeof *out->sent, "learning rates", &out->factors));
cleanup:
    return status;
}

void gr_step_queue_release(step_queue *queue)
{
    gr_buffer_release(&queue->factors);
    free(queue->sent);
}

/* Queues the steps that fit the rest of the ring. */
static gradus_status queue_part(gradus_device *device, step_queue *queue, engine *e, const step_run *run,
                                step_launch *enqueue)
{
    gradus_status status = GRADUS_OK;
    const size_t at = queue->next, bytes = run->count * sizeof *run->steps;
    memcpy(queue->sent + at, run->steps, bytes);
    TRY(gr_buffer_write_queued(device, queue->factors, at * sizeof *queue->sent, bytes, queue->sent + at));
    TRY(enqueue(e, run, at));
    queue->next = (at + run->count) % METRIC_SLOTS;
cleanup:
    return status;
}

gradus_status gr_step_queue_take(gradus_device *device, step_queue *queue, engine *e, const step_run *run,
                                 step_launch *enqueue)
{
    gradus_status status = GRADUS_OK;
    step_run rest = *run;
    while (rest.count > 0) {
        const size_t room = METRIC_SLOTS - queue->next;
        step_run part = rest;
        if (part.count > room)
            part = (step_run){rest.first, rest.first + room * e->batch, rest.steps, room, false};
        TRY(queue_part(device, queue, e, &part, enqueue));
        rest.first = part.end;
        rest.steps += part.count;
        rest.count -= part.count;
    }
cleanup:
    return status;
}
