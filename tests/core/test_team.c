/* SPDX-License-Identifier: Apache-2.0 */
/* The team of threads: all members work once per round, concurrently, and all have ended when it is destroyed. */
#include "assert_close.h"
#include "core/team.h"

#include <pthread.h>
#include <signal.h>

#define MEMBERS 7
#define ROUNDS 2000

typedef struct tally {
    size_t calls[MEMBERS]; /* each written by its member only */
    pthread_barrier_t meeting;
    sigset_t masks[MEMBERS];
} tally;

static void count_call(void *context, size_t member)
{
    tally *t = context;
    t->calls[member]++;
}

static void test_every_member_works_once_a_round(void **state)
{
    (void)state;
    tally t = {.calls = {0}};
    team *crew = NULL;
    assert_ok(gr_team_create(MEMBERS, &crew));
    for (size_t round = 1; round <= ROUNDS; round++) {
        gr_team_run(crew, count_call, &t);
        for (size_t m = 0; m < MEMBERS; m++)
            assert_int_equal(t.calls[m], round);
    }
    gr_team_destroy(crew);
}

static void meet(void *context, size_t member)
{
    tally *t = context;
    pthread_barrier_wait(&t->meeting);
    pthread_sigmask(SIG_BLOCK, NULL, &t->masks[member]);
}

/* The members wait for each other, which would not end if one ran after the other. */
static void test_members_work_at_once_undisturbed(void **state)
{
    (void)state;
    tally t;
    team *crew = NULL;
    assert_int_equal(pthread_barrier_init(&t.meeting, NULL, MEMBERS), 0);
    assert_ok(gr_team_create(MEMBERS, &crew));
    gr_team_run(crew, meet, &t);
    for (size_t m = 0; m < MEMBERS; m++)
        assert_int_equal(sigismember(&t.masks[m], SIGINT), 1);
    gr_team_destroy(crew);
    pthread_barrier_destroy(&t.meeting);

    sigset_t own;
    pthread_sigmask(SIG_BLOCK, NULL, &own);
    assert_int_equal(sigismember(&own, SIGINT), 0);
}

static void test_team_without_work(void **state)
{
    (void)state;
    team *crew = NULL;
    assert_ok(gr_team_create(1, &crew));
    gr_team_destroy(crew);
    gr_team_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member_works_once_a_round),
        cmocka_unit_test(test_members_work_at_once_undisturbed),
        cmocka_unit_test(test_team_without_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
