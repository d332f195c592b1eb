/* SPDX-License-Identifier: Apache-2.0 */
/* The record of the steps on the host. */
#include "engine/common/host_engine.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
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
    if (gr_augmentation_is_on(&base->augmentation.most)) {
        size_t bytes;
        TRY(gr_augment_plan_create(&base->augmentation, &base->dataset->info, &e->augment_plan, &bytes));
    }
cleanup:
    return status;
}

void gr_host_engine_release(host_engine *e)
{
    free(e->order);
    free(e->augment_plan);
}

size_t gr_host_engine_sample(const host_engine *e, size_t i)
{
    return e->order == NULL ? i : e->order[i];
}

const uint8_t *gr_host_engine_pixels(const host_engine *e, size_t sample, bool training, uint8_t *space)
{
    const gradus_dataset *data = e->base.dataset;
    const uint8_t *pixels = data->pixels + sample * data->info.features;
    transform by;
    if (!training || !e->augments)
        return pixels;
    gr_draw_transform(e->augment_plan, e->epoch, (uint32_t)sample, &by);
    gr_augment_image(e->augment_plan, &by, pixels, space);
    return space;
}

gradus_status gr_host_engine_shuffle(engine *base, const permutation *order)
{
    host_engine *e = (host_engine *)base;
    for (uint32_t i = 0; i < order->count; i++)
        e->order[i] = gr_permutation_at(order, i);
    e->augments = e->augment_plan != NULL && order->rounds > 0;
    e->epoch = order->epoch;
    return GRADUS_OK;
}

void gr_host_engine_begin(host_engine *e)
{
    e->next = e->steps = 0;
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
    e->steps = (uint32_t)state->steps;
}

void gr_host_engine_draw(const host_engine *e, size_t layer, size_t sample, float *factors)
{
    const regularization *how = &e->base.regularization;
    const dropout_place at = {how->seed, (uint32_t)layer, (uint32_t)sample, e->steps};
    gr_dropout_draw(layer == 0 ? how->input_dropout : how->dropout, &at, e->base.network.sizes[layer], factors);
}

void gr_host_engine_note_step(host_engine *e)
{
    e->history[e->next] = e->sums;
    e->next = (e->next + 1) % METRIC_SLOTS;
    e->steps++;
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
