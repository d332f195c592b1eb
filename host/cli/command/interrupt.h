/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and kill as a request to stop. */
#ifndef GRADUS_CLI_INTERRUPT_H
#define GRADUS_CLI_INTERRUPT_H

/*
 * From here on the first SIGINT or SIGTERM only sets what the returned pointer shows to the signal's number. It also
 * restores the signals' usual effect, so that a second one ends the program.
 */
const volatile int *interrupt_catch(void);

/* Restores the usual effect. Returns the signal that came in between, or 0. */
int interrupt_release(void);

#endif
