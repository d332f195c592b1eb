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

gradus_status gr_sample_lists_upload(gradus_device *device, const gradus_dataset *dataset, sample_lists *lists)
{
    gradus_status status = GRADUS_OK;
    const size_t starts_count = dataset->info.samples * lists->blocks + 1;
    const size_t entries = lists->entries + 1; /* an empty buffer is impossible */
    void *values = NULL, *places = NULL, *starts = NULL;

    TRY(gr_buffer_create_mapped(device, entries, "X", &lists->values, &values));
    TRY(gr_buffer_create_mapped(device, entries * sizeof(uint16_t), "X", &lists->places, &places));
    TRY(gr_buffer_create_mapped(device, starts_count * sizeof(uint32_t), "X", &lists->starts, &starts));
    fill(dataset, lists->block, values, places, starts);
cleanup:
    if (values != NULL)
        (void)gr_buffer_unmap(device, lists->values, values);
    if (places != NULL)
        (void)gr_buffer_unmap(device, lists->places, places);
    if (starts != NULL)
        (void)gr_buffer_unmap(device, lists->starts, starts);
    return status;
}

void gr_sample_lists_release(sample_lists *lists)
{
    gr_buffer_release(&lists->values);
    gr_buffer_release(&lists->places);
    gr_buffer_release(&lists->starts);
}
