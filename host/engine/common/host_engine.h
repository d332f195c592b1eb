/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the engines without a device: the sums and the record of the steps. */
#ifndef GRADUS_ENGINE_HOST_ENGINE_H
#define GRADUS_ENGINE_HOST_ENGINE_H

#include "engine/common/engine.h"

typedef struct host_engine {
    engine base;
    batch_sums sums;                  /* of the last gradient or evaluation */
    batch_sums history[METRIC_SLOTS]; /* of the steps, a ring */
    unsigned next;                    /* the next step's slot */
    uint32_t steps;                   /* done */
    bool diverged;                    /* the loss of a step was not finite */
    uint32_t *order;                  /* (B), of the samples; NULL: file order */
    augment_plan *augment_plan;       /* NULL: samples are not augmented */
    bool augments;                    /* with the current order, as in its epoch */
    uint32_t epoch;
} host_engine;

/* Creates the order, if the engine is for batches, and the plan of augmentation, if requested. */
gradus_status gr_host_engine_init(host_engine *e, const engine *base);
void gr_host_engine_release(host_engine *e);

/* The data set's sample that is the i-th of the order. */
size_t gr_host_engine_sample(const host_engine *e, size_t i);

/* The pixels (F) of one of the data set's samples. For training they may be augmented, in `space` (F). */
const uint8_t *gr_host_engine_pixels(const host_engine *e, size_t sample, bool training, uint8_t *space);

/* Restarts the record, after new parameters were written. */
void gr_host_engine_begin(host_engine *e);

/* read_state and write_state of an engine whose own arrays are these. */
void gr_host_engine_read_state(const host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state);
void gr_host_engine_write_state(host_engine *e, void *const own[STATE_ARRAYS], const engine_state *state);

/* The dropout factors of a layer's outputs, layer 0 being the input, for a sample of the data set in the current
 * step. */
void gr_host_engine_draw(const host_engine *e, size_t layer, size_t sample, float *factors);

/* Records the sums of the current step. */
void gr_host_engine_note_step(host_engine *e);

/* Whether the parameters may be kept: all losses so far were finite, including the current one. */
bool gr_host_engine_is_sound(const host_engine *e);

/* Members of an engine_type. All work is done when a call returns, so nothing waits. */
gradus_status gr_host_engine_shuffle(engine *e, const permutation *order);
gradus_status gr_host_engine_send_sums(engine *e, unsigned place, sums_range range);
gradus_status gr_host_engine_await_sums(engine *e, unsigned place, sums_range range, batch_sums *sums);
gradus_status gr_host_engine_read_sums(engine *e, batch_sums *sums);

#endif
