/* SPDX-License-Identifier: Apache-2.0 */
/* The record of the steps on the host. */
#include "engine/host_engine.h"

#include <math.h>
#include <string.h>

void gr_host_engine_begin(host_engine *e)
{
    e->next = 0;
    e->diverged = false;
}

void gr_host_engine_note_step(host_engine *e)
{
    e->history[e->next] = e->sums;
    e->next = (e->next + 1) % METRIC_SLOTS;
    if (!isfinite(e->sums.loss))
        e->diverged = true;
}

bool gr_host_engine_is_sound(const host_engine *e)
{
    return !e->diverged && isfinite(e->sums.loss);
}

gradus_status gr_host_engine_send_sums(engine *base, unsigned place, sums_range range)
{
    (void)base, (void)place, (void)range;
    return GRADUS_OK;
}

gradus_status gr_host_engine_await_sums(engine *base, unsigned place, sums_range range, batch_sums *sums)
{
    const host_engine *e = (const host_engine *)base;
    (void)place;
    memcpy(sums, e->history + range.first, range.count * sizeof *sums);
    return GRADUS_OK;
}

gradus_status gr_host_engine_read_sums(engine *base, batch_sums *sums)
{
    *sums = ((const host_engine *)base)->sums;
    return GRADUS_OK;
}
