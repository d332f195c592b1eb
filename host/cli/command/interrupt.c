/* SPDX-License-Identifier: Apache-2.0 */
/* Signal handlers, and the program's only global variable, because a handler has access to nothing else. */
#include "command/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile int caught;

static void set_action(void (*action)(int))
{
    struct sigaction wanted = {.sa_handler = action, .sa_flags = SA_RESTART};
    sigemptyset(&wanted.sa_mask);
    sigaction(SIGINT, &wanted, NULL);
    sigaction(SIGTERM, &wanted, NULL);
}

static void catch_first(int number)
{
    caught = number;
    set_action(SIG_DFL);
}

const volatile int *interrupt_catch(void)
{
    caught = 0;
    set_action(catch_first);
    return &caught;
}

int interrupt_release(void)
{
    set_action(SIG_DFL);
    return caught;
}
