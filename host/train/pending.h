/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bursts of iterations that were given to an engine and that nobody has looked at yet. How long they are is decided
 * here: the device shall never wait for the host, a report shall be shown soon after it was computed, and who says stop
 * shall not wait long. So several bursts are under way, and all of them together take a fixed fraction of a second.
 */
#ifndef GRADUS_TRAIN_PENDING_H
#define GRADUS_TRAIN_PENDING_H

#include "engine/common/engine.h"

/* Iterations that lie side by side in the ring of sums. */
typedef struct burst {
    size_t first; /* iteration */
    size_t length;
    unsigned place; /* see send_sums */
} burst;

typedef struct pending {
    burst bursts[SUMS_UNDER_WAY]; /* a ring; the index is also the place */
    unsigned oldest, count;
    size_t under_way;             /* iterations in all of them */
    bool allowed;                 /* whether more than one burst of one iteration may be */
    double seconds_per_iteration; /* 0: not known yet */
} pending;

/* `queues`: the engine goes on while the host does something else. One that does not has always done all. */
void gr_pending_begin(pending *p, bool queues);

/* The number of iterations of the burst that begins with iteration `first`, of `iterations` in all. */
size_t gr_pending_next_length(const pending *p, size_t first, size_t iterations);

/* Whether so many more may be queued before the oldest burst is looked at. */
bool gr_pending_has_room(const pending *p, size_t length);

/* Takes note of a burst; there must be room. */
const burst *gr_pending_add(pending *p, size_t first, size_t length);

/* The burst to look at next, and, when that is done, that it took so many seconds more than the one before. */
const burst *gr_pending_oldest(const pending *p);
void gr_pending_remove(pending *p, double seconds);

/* Where a burst's sums are. */
sums_range gr_burst_range(const burst *b);

#endif
