/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. A function that fails records one line of text for the thread, returns a status, and leaves through its one
 * `cleanup:` label. The function that finds the fault writes the line; its callers only forward it.
 */
#ifndef GRADUS_CORE_STATUS_H
#define GRADUS_CORE_STATUS_H

#include "gradus/gradus.h"

/* Records the message and returns `status`. The format is checked, so that reporting an error cannot crash. */
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
