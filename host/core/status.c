/* SPDX-License-Identifier: Apache-2.0 */
/* Status names, the thread's last error, and the version. */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static _Thread_local char last_error[1024];

gradus_status gr_fail(gradus_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

const char *gradus_last_error(void)
{
    return last_error;
}

const char *gradus_status_name(gradus_status status)
{
    switch (status) {
#define NAME(x)                                                                                                       \
    case x:                                                                                                           \
        return #x
        NAME(GRADUS_OK);
        NAME(GRADUS_ERROR_ARGUMENT);
        NAME(GRADUS_ERROR_DATA);
        NAME(GRADUS_ERROR_NO_INPUT);
        NAME(GRADUS_ERROR_NO_DEVICE);
        NAME(GRADUS_ERROR_DEVICE);
        NAME(GRADUS_ERROR_MISMATCH);
        NAME(GRADUS_ERROR_DIVERGED);
        NAME(GRADUS_ERROR_MEMORY);
        NAME(GRADUS_ERROR_OUTPUT);
        NAME(GRADUS_ERROR_IO);
#undef NAME
    }
    return "unknown status";
}

const char *gradus_version(void)
{
    return TEXT(GRADUS_VERSION_MAJOR) "." TEXT(GRADUS_VERSION_MINOR) "." TEXT(GRADUS_VERSION_PATCH);
}
