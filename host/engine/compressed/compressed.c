/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and fills the buffers of compressed X. */
#include "engine/compressed/compressed.h"

#include <string.h>

/* The buffers, and their mapped memory. */
enum { PART_COUNT = 5 };
typedef struct part {
    cl_mem *buffer;
    void **memory;
    size_t bytes;
} part;

static void list_parts(const group_shape *shape, compressed *x, group_arrays *arrays, part parts[PART_COUNT])
{
    const bool elements = shape->lanes == 1;
    const size_t entries = shape->entries > 0 ? shape->entries : 1; /* an empty buffer is impossible */
    const size_t offsets = shape->tiles * shape->blocks * shape->tile + 1, lists = shape->tiles * shape->groups + 1;
    const part list[PART_COUNT] = {
        {&x->values, (void **)&arrays->values, entries * shape->lanes},
        {&x->places, (void **)&arrays->groups, entries * sizeof *arrays->groups},
        {&x->sample_offsets, (void **)&arrays->sample_offsets, offsets * sizeof *arrays->sample_offsets},
        {&x->lists, elements ? (void **)&arrays->elements : (void **)&arrays->lists,
         entries * (elements ? sizeof *arrays->elements : sizeof *arrays->lists)},
        {&x->list_offsets, (void **)&arrays->list_offsets, lists * sizeof *arrays->list_offsets},
    };
    memcpy(parts, list, sizeof list);
}

size_t gr_compressed_bytes(const group_shape *shape, size_t *largest)
{
    compressed x;
    group_arrays arrays;
    part parts[PART_COUNT];
    size_t total = 0;
    list_parts(shape, &x, &arrays, parts);
    *largest = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        total += parts[i].bytes;
        *largest = parts[i].bytes > *largest ? parts[i].bytes : *largest;
    }
    return total;
}

gradus_status gr_compressed_upload(gradus_device *device, const gradus_dataset *dataset, const group_shape *shape,
                                   compressed *out)
{
    gradus_status status = GRADUS_OK;
    group_arrays arrays = {0};
    part parts[PART_COUNT];

    list_parts(shape, out, &arrays, parts);
    for (size_t i = 0; i < PART_COUNT; i++)
        TRY(gr_buffer_create_mapped(device, parts[i].bytes, "compressed X", parts[i].buffer, parts[i].memory));
    TRY(gr_groups_fill(dataset, shape, &arrays));
cleanup:
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (*parts[i].memory == NULL)
            continue;
        const gradus_status unmapped = gr_buffer_unmap(device, *parts[i].buffer, *parts[i].memory);
        status = status == GRADUS_OK ? unmapped : status;
    }
    return status;
}

void gr_compressed_release(compressed *x)
{
    cl_mem *const buffers[] = {&x->values, &x->places, &x->sample_offsets, &x->lists, &x->list_offsets};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
}
