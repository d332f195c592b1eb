/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and kill as requests to stop. */
#ifndef GRADUS_CLI_INTERRUPT_H
#define GRADUS_CLI_INTERRUPT_H

/*
 * From here on, the first SIGINT or SIGTERM stores its number in the variable that the returned pointer points to. It
 * also restores the signals' usual effect, so a second one ends the program.
 */
const volatile int *interrupt_catch(void);

/* Restores the usual effect. Returns the signal that arrived in between, or 0. */
int interrupt_release(void);

#endif
