/* SPDX-License-Identifier: Apache-2.0 */
/* What the engines without a device have in common: the sums and the record of the steps. */
#ifndef GRADUS_ENGINE_HOST_ENGINE_H
#define GRADUS_ENGINE_HOST_ENGINE_H

#include "engine/common/engine.h"

typedef struct host_engine {
    engine base;
    batch_sums sums;                  /* of the last gradient or evaluation */
    batch_sums history[METRIC_SLOTS]; /* of the steps, a ring */
    unsigned next;                    /* the next step's slot */
    uint32_t steps;                   /* taken */
    bool diverged;                    /* the loss of a step was not finite */
    uint32_t *order;                  /* (B), of the samples; NULL: as they stand */
    augment_plan *augment_plan;       /* NULL: samples stay as they are */
    bool augments;                    /* in the order at hand, as in its epoch */
    uint32_t epoch;
} host_engine;

/* Makes the order, if the engine is for batches, and the plan of augmentation, if that is asked for. */
gradus_status gr_host_engine_init(host_engine *e, const engine *base);
void gr_host_engine_release(host_engine *e);

/* The data set's sample that is the i-th of the order. */
size_t gr_host_engine_sample(const host_engine *e, size_t i);

/* The pixels (F) of one of the data set's samples. For training they may be augmented, in `space` (F). */
const uint8_t *gr_host_engine_pixels(const host_engine *e, size_t sample, bool training, uint8_t *space);

/* The record begins anew: new parameters were written. */
void gr_host_engine_begin(host_engine *e);

/* read_state and write_state of an engine whose own arrays are these. */
void gr_host_engine_read_state(const host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state);
void gr_host_engine_write_state(host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state);

/* The factors of dropout of a layer's outputs, layer 0 being the input, for the data set's sample in the step at hand. */
void gr_host_engine_draw(const host_engine *e, size_t layer, size_t sample, float *factors);

/* Notes the sums of the step that is being taken. */
void gr_host_engine_note_step(host_engine *e);

/* Whether the parameters are worth keeping: all losses so far were finite, the one just computed as well. */
bool gr_host_engine_is_sound(const host_engine *e);

/* These serve as members of an engine_type. All work is done when it has been asked for, so nobody waits. */
gradus_status gr_host_engine_shuffle(engine *e, const permutation *order);
gradus_status gr_host_engine_send_sums(engine *e, unsigned place, sums_range range);
gradus_status gr_host_engine_await_sums(engine *e, unsigned place, sums_range range, batch_sums *sums);
gradus_status gr_host_engine_read_sums(engine *e, batch_sums *sums);

#endif
