/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads the data for augmented images. */
#include "engine/fused_batch/image_source.h"

#include <stdlib.h>

bool gr_image_source_is_on(const engine *base)
{
    return gr_augmentation_is_on(&base->augmentation.most);
}

size_t gr_image_source_sample_bytes(const engine *base)
{
    return gr_image_source_is_on(base) ? base->dataset->info.features : 0;
}

gradus_status gr_image_source_create(gradus_device *device, const engine *base, image_source *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = base->dataset;
    const size_t pixels = data->info.samples * data->info.features;
    augment_plan *plan = NULL;
    size_t bytes;

    if (!gr_image_source_is_on(base))
        return GRADUS_OK;
    TRY(gr_augment_plan_create(&base->augmentation, &data->info, &plan, &bytes));
    TRY(gr_buffer_create(device, bytes, "the plan of augmentation", &out->plan));
    TRY(gr_buffer_write(device, out->plan, 0, bytes, plan));
    TRY(gr_buffer_create(device, pixels, "X", &out->pixels));
    TRY(gr_buffer_write(device, out->pixels, 0, pixels, data->pixels));
cleanup:
    free(plan);
    return status;
}

void gr_image_source_release(image_source *s)
{
    gr_buffer_release(&s->plan);
    gr_buffer_release(&s->pixels);
}
