/* SPDX-License-Identifier: Apache-2.0 */
/* Text from a file, made fit for a message: short, on one line, without control characters. */
#ifndef GRADUS_CORE_PRINTABLE_H
#define GRADUS_CORE_PRINTABLE_H

#include <stddef.h>

/* Returned by value, for use within an expression: gr_printable(name).text. */
typedef struct printable {
    char text[64];
} printable;

static inline printable gr_printable(const char *text)
{
    printable result;
    size_t i = 0;
    for (; text[i] != '\0' && i < sizeof result.text - 1; i++)
        result.text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    result.text[i] = '\0';
    return result;
}

#endif
