/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bursts of iterations that are queued in an engine and not recorded yet, and their length. The device shall never
 * wait for the host, a report shall appear soon after it is computed, and a request to stop shall take effect soon. So
 * several bursts are queued at a time, and all of them together take a fixed fraction of a second.
 */
#ifndef GRADUS_TRAIN_PENDING_H
#define GRADUS_TRAIN_PENDING_H

#include "engine/common/engine.h"

/* Iterations whose sums are contiguous in the ring. */
typedef struct burst {
    size_t first; /* iteration */
    size_t length;
    unsigned place; /* see send_sums */
} burst;

typedef struct pending {
    burst bursts[SUMS_UNDER_WAY]; /* a ring; the index is also `place` */
    unsigned oldest, count;
    size_t under_way;             /* iterations in all of them */
    bool allowed;                 /* more than one burst of one iteration at a time */
    double seconds_per_iteration; /* 0: not known yet */
} pending;

/* `queues`: the engine computes while the host does something else; if not, each burst is one iteration, which is done
 * when the call that queues it returns. */
void gr_pending_begin(pending *p, bool queues);

/* The length of the burst that begins with iteration `first`, in a run of `iterations`. */
size_t gr_pending_next_length(const pending *p, size_t first, size_t iterations);

/* Whether `length` more iterations may be queued before the oldest burst is recorded. */
bool gr_pending_has_room(const pending *p, size_t length);

/* Adds a burst; there must be room. */
const burst *gr_pending_add(pending *p, size_t first, size_t length);

/* The burst to record next; and its removal, with the seconds from the end of the previous burst to its own. */
const burst *gr_pending_oldest(const pending *p);
void gr_pending_remove(pending *p, double seconds);

/* A burst's sums in the ring. */
sums_range gr_burst_range(const burst *b);

#endif
