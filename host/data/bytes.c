/* SPDX-License-Identifier: Apache-2.0 */
/* The growing list of bytes. */
#include "data/bytes.h"

#include <stdlib.h>
#include <string.h>

gradus_status gr_bytes_reserve(byte_list *list, size_t more)
{
    if (more <= list->capacity - list->size)
        return GRADUS_OK;
    size_t needed = 0;
    if (__builtin_add_overflow(list->size, more, &needed))
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: %zu bytes and %zu more", list->size, more);
    size_t capacity = needed > 2 * list->capacity ? needed : 2 * list->capacity;
    uint8_t *bytes = realloc(list->bytes, capacity);
    if (bytes == NULL)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: %zu bytes", capacity);
    list->bytes = bytes;
    list->capacity = capacity;
    return GRADUS_OK;
}

gradus_status gr_bytes_append(byte_list *list, const uint8_t *bytes, size_t size)
{
    gradus_status status = gr_bytes_reserve(list, size);
    if (status != GRADUS_OK || size == 0)
        return status;
    memcpy(list->bytes + list->size, bytes, size);
    list->size += size;
    return GRADUS_OK;
}

uint8_t *gr_bytes_release(byte_list *list)
{
    uint8_t *bytes = list->bytes;
    if (list->size == 0) {
        free(bytes);
        bytes = NULL;
    } else if (list->size < list->capacity) {
        uint8_t *shorter = realloc(bytes, list->size);
        bytes = shorter != NULL ? shorter : bytes;
    }
    *list = (byte_list){0};
    return bytes;
}

void gr_bytes_free(byte_list *list)
{
    free(list->bytes);
    *list = (byte_list){0};
}
