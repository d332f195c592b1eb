/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the program. The function that finds the fault prints one line, and every caller forwards the exit code,
 * one of sysexits.h, through its one `cleanup:` label.
 */
#ifndef GRADUS_CLI_FAILURE_H
#define GRADUS_CLI_FAILURE_H

#include <gradus/gradus.h>
#include <sysexits.h>

/* Not a failure: the help text was shown, and nothing else is to be done. */
#define HELP_SHOWN (-1)

/* Prints "gradus: " and the message on stderr, and returns `code`. */
__attribute__((format(printf, 2, 3))) int fail(int code, const char *format, ...);

/* EX_OK for GRADUS_OK; else prints the library's message, and a hint if this status has a usual cause. */
int fail_status(gradus_status status);

/* Prints a line on stderr like that of fail(), for information. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* Prints a second, indented line with the usual remedy. */
__attribute__((format(printf, 1, 2))) void hint(const char *format, ...);

/* The two macros need `int code` and a label `cleanup:` in the function. */
#define TRY(call)                                                                                                     \
    do {                                                                                                              \
        code = (call);                                                                                                \
        if (code != EX_OK)                                                                                            \
            goto cleanup;                                                                                             \
    } while (0)

#define TRY_GRADUS(call) TRY(fail_status(call))

#endif
