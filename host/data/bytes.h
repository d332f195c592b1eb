/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of bytes that grows as they arrive. Readers fill it instead of trusting the size in a file's header, so that a
 * wrong header cannot make them allocate memory for data that never come.
 */
#ifndef GRADUS_DATA_BYTES_H
#define GRADUS_DATA_BYTES_H

#include "core/status.h"

typedef struct byte_list {
    uint8_t *bytes; /* (size), from malloc, NULL while capacity is 0 */
    size_t size, capacity;
} byte_list;

/* Reserves room for `more` bytes after the present ones; if the list must grow, it at least doubles. */
gradus_status gr_bytes_reserve(byte_list *list, size_t more);

/* Appends one byte. Inline, because a text reader calls it for every value. */
static inline gradus_status gr_bytes_push(byte_list *list, uint8_t byte)
{
    if (list->size == list->capacity) {
        gradus_status status = gr_bytes_reserve(list, 1);
        if (status != GRADUS_OK)
            return status;
    }
    list->bytes[list->size++] = byte;
    return GRADUS_OK;
}

gradus_status gr_bytes_append(byte_list *list, const uint8_t *bytes, size_t size);

/* Hands the array over, cut to its size, and leaves the list empty. NULL if there were no bytes. */
uint8_t *gr_bytes_release(byte_list *list);

void gr_bytes_free(byte_list *list);

#endif
