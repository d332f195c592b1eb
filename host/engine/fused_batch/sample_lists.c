/* SPDX-License-Identifier: Apache-2.0 */
/* Creates the lists of pixels that are not zero. */
#include "engine/fused_batch/sample_lists.h"
#include "engine/compressed/groups.h"

gradus_status gr_sample_lists_measure(const gradus_dataset *dataset, size_t block, sample_lists *out)
{
    const gradus_dataset_info *info = &dataset->info;
    size_t entries = 0;
    for (size_t i = 0; i < info->samples * info->features; i++)
        entries += dataset->pixels[i] != 0;
    if (info->features > UINT16_MAX || entries > UINT32_MAX)
        return gr_fail(GRADUS_ERROR_DEVICE,
                       "engine fused: %zu pixels that are not zero, in samples of %zu, are too many", entries,
                       info->features);
    *out = (sample_lists){.entries = entries};
    gr_divide_blocks(info->features, block, &out->block, &out->blocks);
    return GRADUS_OK;
}

/* Writes the arrays to mapped memory of the device. */
static void fill(const gradus_dataset *dataset, size_t block, uint8_t *values, uint16_t *places, uint32_t *starts)
{
    const size_t features = dataset->info.features;
    uint32_t entry = 0;
    for (size_t s = 0; s < dataset->info.samples; s++)
        for (size_t f = 0; f < features; f++) {
            const uint8_t value = dataset->pixels[s * features + f];
            if (f % block == 0)
                *starts++ = entry;
            if (value == 0)
                continue;
            values[entry] = value;
            places[entry++] = (uint16_t)f;
        }
    *starts = entry;
}

/* Of the uploaded buffers. */
enum { VALUES, PLACES, STARTS };

typedef struct lists_to_upload {
    const gradus_dataset *dataset;
    const sample_lists *lists;
} lists_to_upload;

static gradus_status create_lists(gradus_device *device, const void *context, cl_mem *buffers)
{
    gradus_status status = GRADUS_OK;
    const lists_to_upload *all = context;
    const gradus_dataset *dataset = all->dataset;
    const size_t starts_count = dataset->info.samples * all->lists->blocks + 1;
    const size_t entries = all->lists->entries + 1; /* an empty buffer is impossible */
    const size_t bytes[] = {entries, entries * sizeof(uint16_t), starts_count * sizeof(uint32_t)};
    void *memory[] = {NULL, NULL, NULL};

    for (size_t b = 0; b < 3; b++)
        TRY(gr_buffer_create_mapped(device, bytes[b], "X", &buffers[b], &memory[b]));
    fill(dataset, all->lists->block, memory[VALUES], memory[PLACES], memory[STARTS]);
cleanup:
    for (size_t b = 0; b < 3; b++)
        if (memory[b] != NULL)
            (void)gr_buffer_unmap(device, buffers[b], memory[b]);
    return status;
}

gradus_status gr_sample_lists_upload(gradus_device *device, const gradus_dataset *dataset, sample_lists *lists)
{
    const lists_to_upload all = {dataset, lists};
    cl_mem buffers[UPLOAD_BUFFERS] = {NULL};
    const gradus_status status = gr_device_upload(
        device, &(device_upload){dataset, "lists of samples", lists->block, create_lists, &all}, buffers);
    lists->values = buffers[VALUES];
    lists->places = buffers[PLACES];
    lists->starts = buffers[STARTS];
    return status;
}

void gr_sample_lists_release(sample_lists *lists)
{
    gr_buffer_release(&lists->values);
    gr_buffer_release(&lists->places);
    gr_buffer_release(&lists->starts);
}
