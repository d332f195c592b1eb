/* SPDX-License-Identifier: Apache-2.0 */
/* The record of the steps on the host. */
#include "engine/host_engine.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

gradus_status gr_host_engine_init(host_engine *e, const engine *base)
{
    gradus_status status = GRADUS_OK;
    e->base = *base;
    if (base->batch > 0) {
        const permutation identity = gr_permutation_identity((uint32_t)base->dataset->info.samples);
        TRY(gr_allocate(base->dataset->info.samples, &e->order));
        TRY(gr_host_engine_shuffle(&e->base, &identity));
    }
cleanup:
    return status;
}

size_t gr_host_engine_sample(const host_engine *e, size_t i)
{
    return e->order == NULL ? i : e->order[i];
}

gradus_status gr_host_engine_shuffle(engine *base, const permutation *order)
{
    host_engine *e = (host_engine *)base;
    for (uint32_t i = 0; i < order->count; i++)
        e->order[i] = gr_permutation_at(order, i);
    return GRADUS_OK;
}

void gr_host_engine_begin(host_engine *e)
{
    e->next = 0;
    e->diverged = false;
}

static size_t array_bytes(const engine *e)
{
    return e->layout.length * (e->type->in_double ? sizeof(double) : sizeof(float));
}

void gr_host_engine_read_state(const host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state)
{
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            memcpy(state->arrays[a], own[a], array_bytes(&e->base));
}

void gr_host_engine_write_state(host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state)
{
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            memcpy(own[a], state->arrays[a], array_bytes(&e->base));
    gr_host_engine_begin(e);
    e->next = (unsigned)(state->steps % METRIC_SLOTS);
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
