/* SPDX-License-Identifier: Apache-2.0 */
/* The team of threads. One round of work follows another; each begins and ends under one lock. */
#include "core/team.h"
#include "core/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct team_member {
    team *team;
    size_t index;
    pthread_t thread;
} team_member;

struct team {
    pthread_mutex_t lock; /* protects all members below */
    pthread_cond_t begin, end;
    void (*work)(void *context, size_t member);
    void *context;
    uint64_t round;      /* number of the current round */
    size_t at_work;      /* members that have not finished this round */
    bool dismissed;      /* there will be no further round */
    size_t member_count; /* threads that were started */
    team_member *members;
};

static void *serve(void *argument)
{
    const team_member *self = argument;
    team *t = self->team;
    pthread_mutex_lock(&t->lock);
    for (uint64_t done = 0;; done++) {
        while (t->round == done && !t->dismissed)
            pthread_cond_wait(&t->begin, &t->lock);
        if (t->dismissed)
            break;
        pthread_mutex_unlock(&t->lock);
        t->work(t->context, self->index);
        pthread_mutex_lock(&t->lock);
        if (--t->at_work == 0)
            pthread_cond_signal(&t->end);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

void gr_team_run(team *t, void (*work)(void *context, size_t member), void *context)
{
    pthread_mutex_lock(&t->lock);
    t->work = work;
    t->context = context;
    t->at_work = t->member_count;
    t->round++;
    pthread_cond_broadcast(&t->begin);
    while (t->at_work > 0)
        pthread_cond_wait(&t->end, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* Starts the threads with all signals blocked, which they inherit: handling them is up to the program. */
static gradus_status start(team *t, size_t members)
{
    int error = 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < members && error == 0; i++) {
        t->members[i] = (team_member){.team = t, .index = i};
        error = pthread_create(&t->members[i].thread, NULL, serve, &t->members[i]);
        t->member_count += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return gr_fail(GRADUS_ERROR_MEMORY, "cannot start thread %zu of %zu: %s", t->member_count + 1, members,
                       strerror(error));
    return GRADUS_OK;
}

gradus_status gr_team_create(size_t members, team **out)
{
    gradus_status status = GRADUS_OK;
    team *t = NULL;
    TRY(gr_allocate(1, &t));
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begin, NULL);
    pthread_cond_init(&t->end, NULL);
    TRY(gr_allocate(members, &t->members));
    TRY(start(t, members));
    *out = t;
    t = NULL;
cleanup:
    gr_team_destroy(t);
    return status;
}

void gr_team_destroy(team *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->dismissed = true;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->member_count; i++)
        pthread_join(t->members[i].thread, NULL);
    pthread_cond_destroy(&t->end);
    pthread_cond_destroy(&t->begin);
    pthread_mutex_destroy(&t->lock);
    free(t->members);
    free(t);
}
