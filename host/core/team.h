/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that are kept for work that recurs and is divided into one part per thread. */
#ifndef GRADUS_CORE_TEAM_H
#define GRADUS_CORE_TEAM_H

#include "core/status.h"

typedef struct team team;

/* Starts `members` threads, at least one, which sleep until there is work. No signal handler ever runs on them. */
gradus_status gr_team_create(size_t members, team **out);

/* Calls work(context, m) on member m, for all m at once, and returns when all calls have. */
void gr_team_run(team *t, void (*work)(void *context, size_t member), void *context);

/* NULL-safe. */
void gr_team_destroy(team *t);

#endif
