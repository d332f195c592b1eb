/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on stderr and the exit codes that go with the library's statuses. */
#include "text/failure.h"
#include "text/terminal.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(const char *start, const char *format, va_list arguments)
{
    terminal_clear_line(stderr);
    fputs(start, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("gradus: ", format, arguments);
    va_end(arguments);
    return code;
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("gradus: ", format, arguments);
    va_end(arguments);
}

void hint(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("  hint: ", format, arguments);
    va_end(arguments);
}

static int exit_code(gradus_status status)
{
    switch (status) {
    case GRADUS_OK:
        return EX_OK;
    case GRADUS_ERROR_ARGUMENT:
        return EX_USAGE;
    case GRADUS_ERROR_DATA:
    case GRADUS_ERROR_DIVERGED:
        return EX_DATAERR;
    case GRADUS_ERROR_NO_INPUT:
        return EX_NOINPUT;
    case GRADUS_ERROR_NO_DEVICE:
        return EX_UNAVAILABLE;
    case GRADUS_ERROR_MISMATCH:
        return EX_SOFTWARE;
    case GRADUS_ERROR_DEVICE:
    case GRADUS_ERROR_MEMORY:
        return EX_OSERR;
    case GRADUS_ERROR_OUTPUT:
        return EX_CANTCREAT;
    case GRADUS_ERROR_IO:
        return EX_IOERR;
    }
    return EX_SOFTWARE;
}

static const char *usual_remedy(gradus_status status)
{
    switch (status) {
    case GRADUS_ERROR_MISMATCH:
        return "the driver computes wrong results: 'gradus check' shows where; --device chooses another device";
    case GRADUS_ERROR_DIVERGED:
        return "try a smaller --lr";
    default:
        return NULL;
    }
}

int fail_status(gradus_status status)
{
    if (status == GRADUS_OK)
        return EX_OK;
    fail(EX_SOFTWARE, "%s", gradus_last_error());
    if (usual_remedy(status) != NULL)
        hint("%s", usual_remedy(status));
    return exit_code(status);
}
