/* SPDX-License-Identifier: Apache-2.0 */
/* The amount of queued work: enough to keep a device busy, and so little that nobody waits for it. Needs no device. */
#include "assert_close.h"
#include "train/plan/pending.h"

/* Adds bursts while there is room, then records one, as if each iteration took `seconds`. Returns the queued
 * iterations. */
static size_t turn(pending *p, size_t *next, size_t iterations, double seconds)
{
    size_t length, queued = 0;
    while (*next < iterations && gr_pending_has_room(p, length = gr_pending_next_length(p, *next, iterations))) {
        const burst *b = gr_pending_add(p, *next, length);
        const sums_range range = gr_burst_range(b);
        assert_int_equal(b->first, *next);
        assert_int_equal(range.first, *next % METRIC_SLOTS);
        assert_true(range.count == length && range.first + range.count <= METRIC_SLOTS);
        *next += length;
        queued += length;
    }
    assert_true(p->count > 0 && p->under_way <= METRIC_SLOTS);
    assert_true(p->count == 1 || (double)p->under_way * p->seconds_per_iteration <= 0.15 + 1e-9);
    gr_pending_remove(p, seconds * (double)gr_pending_oldest(p)->length);
    return queued;
}

/* From the first iteration, whose time is unknown, to a steady state. */
static void expect_steady(double seconds, unsigned bursts, size_t length)
{
    pending p;
    size_t next = 0;
    gr_pending_begin(&p, true);
    assert_int_equal(turn(&p, &next, SIZE_MAX, seconds), 1);
    for (int i = 0; i < 50; i++)
        turn(&p, &next, SIZE_MAX, seconds);
    assert_int_equal(p.count + 1, bursts);
    assert_int_equal(gr_pending_oldest(&p)->length, length);
}

static void test_steady(void **state)
{
    (void)state;
    expect_steady(1.0, 1, 1);  /* longer than anything: one after the other */
    expect_steady(0.06, 2, 1); /* one runs while one is recorded */
    expect_steady(0.04, 3, 1);
    expect_steady(0.0099, 3, 5);
    expect_steady(1e-6, 4, 64); /* as many as there are slots */
}

/* Every iteration is queued once and in order, wherever the ring ends. */
static void test_all_iterations(void **state)
{
    (void)state;
    const double seconds[] = {0.3, 0.02, 0.003, 0.0007, 1e-5};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        pending p;
        size_t next = 0;
        gr_pending_begin(&p, true);
        while (next < 1003)
            turn(&p, &next, 1003, seconds[i]);
        assert_int_equal(next, 1003);
    }
}

/* Bursts that were complete long ago do not reduce the estimate for the others much. */
static void test_late_look(void **state)
{
    (void)state;
    pending p;
    size_t next = 0;
    gr_pending_begin(&p, true);
    for (int i = 0; i < 20; i++)
        turn(&p, &next, SIZE_MAX, 0.01);
    turn(&p, &next, SIZE_MAX, 1e-9);
    assert_close(p.seconds_per_iteration, 0.005, 1e-9, 0);
}

static void test_without_queue(void **state)
{
    (void)state;
    pending p;
    size_t next = 0;
    gr_pending_begin(&p, false);
    for (int i = 0; i < 10; i++)
        assert_int_equal(turn(&p, &next, 100, 1e-6), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_all_iterations),
        cmocka_unit_test(test_late_look),
        cmocka_unit_test(test_without_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
