/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every function of the library fails: it records one line of text for the thread, returns a status, and leaves
 * through its one `cleanup:` label. The place that finds the fault writes the line; whoever called it only forwards.
 */
#ifndef GRADUS_CORE_STATUS_H
#define GRADUS_CORE_STATUS_H

#include "gradus/gradus.h"

/* Records the message and returns `status`. Without a format check a message could crash what it should explain. */
__attribute__((format(printf, 2, 3))) gradus_status gr_fail(gradus_status status, const char *format, ...);

/* The two macros need `gradus_status status` and a label `cleanup:` in the function. */
#define TRY(call)                                                                                                     \
    do {                                                                                                              \
        status = (call);                                                                                              \
        if (status != GRADUS_OK)                                                                                      \
            goto cleanup;                                                                                             \
    } while (0)

#define FAIL(code, ...)                                                                                               \
    do {                                                                                                              \
        status = gr_fail(code, __VA_ARGS__);                                                                          \
        goto cleanup;                                                                                                 \
    } while (0)

#endif
