/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of bursts, and how much is queued. */
#include "train/plan/pending.h"

#include <assert.h>

/* The time that may be queued in total, and the share of one burst: the others keep the device busy while one is
 * recorded. */
#define QUEUE_SECONDS 0.15
#define BURST_SECONDS (QUEUE_SECONDS / (SUMS_UNDER_WAY - 1))

/* Queued bursts must not overlap in the ring of sums. */
#define BURST_LENGTH_MAX (METRIC_SLOTS / SUMS_UNDER_WAY)

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

void gr_pending_begin(pending *p, bool queues)
{
    *p = (pending){.allowed = queues};
}

size_t gr_pending_next_length(const pending *p, size_t first, size_t iterations)
{
    const size_t limit = minimum(minimum(BURST_LENGTH_MAX, METRIC_SLOTS - first % METRIC_SLOTS), iterations - first);
    if (!p->allowed || p->seconds_per_iteration == 0)
        return 1;
    const double in_time = BURST_SECONDS / p->seconds_per_iteration;
    return in_time < 1 ? 1 : in_time < (double)limit ? (size_t)in_time : limit;
}

bool gr_pending_has_room(const pending *p, size_t length)
{
    if (p->count == 0)
        return true;
    if (!p->allowed || p->count == SUMS_UNDER_WAY || p->seconds_per_iteration == 0)
        return false;
    return (double)(p->under_way + length) * p->seconds_per_iteration <= QUEUE_SECONDS;
}

const burst *gr_pending_add(pending *p, size_t first, size_t length)
{
    assert(p->count < SUMS_UNDER_WAY && length > 0);
    const unsigned place = (p->oldest + p->count) % SUMS_UNDER_WAY;
    p->bursts[place] = (burst){first, length, place};
    p->count++;
    p->under_way += length;
    return &p->bursts[place];
}

const burst *gr_pending_oldest(const pending *p)
{
    return &p->bursts[p->oldest];
}

/* A host that is late finds several bursts complete, and waits only for the first of them. The others took longer than
 * it seems, so the estimate decreases by at most half. */
void gr_pending_remove(pending *p, double seconds)
{
    assert(p->count > 0);
    const size_t length = p->bursts[p->oldest].length;
    const double now = seconds / (double)length, least = p->seconds_per_iteration / 2;
    p->seconds_per_iteration = now > least ? now : least;
    p->under_way -= length;
    p->oldest = (p->oldest + 1) % SUMS_UNDER_WAY;
    p->count--;
}

sums_range gr_burst_range(const burst *b)
{
    return (sums_range){(unsigned)(b->first % METRIC_SLOTS), (unsigned)b->length};
}
