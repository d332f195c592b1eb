/* SPDX-License-Identifier: Apache-2.0 */
/* Checked sizes and allocations. */
#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gradus_status gr_multiply(size_t a, size_t b, const char *what, size_t *out)
{
    if (__builtin_mul_overflow(a, b, out))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: %zu x %zu is more than this machine can address", what, a, b);
    return GRADUS_OK;
}

gradus_status gr_allocate_bytes(size_t count, size_t size, void **out)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: %zu elements of %zu bytes", count, size);
    *out = memory;
    return GRADUS_OK;
}

gradus_status gr_copy_text(const char *text, char **out)
{
    return gr_format_text(out, "%s", text);
}

gradus_status gr_format_text(char **out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: a line of text");
    *out = text;
    return GRADUS_OK;
}
