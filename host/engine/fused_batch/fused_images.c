/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" on mini-batches of augmented images: X as bytes and the plan, beside the lists of fused_batch.c, from which
 * kernels/fused_batch/augment_tile.clh makes a tile's samples when they are taken. */
#include "engine/fused_cpu/fused.h"

#include <stdlib.h>

/* The arguments `augments` and `epoch` of the two kernels. */
#define PASS_AUGMENTS 13
#define STEPS_AUGMENTS 28

static bool augments(const fused *e)
{
    return gr_augmentation_is_on(&e->common.base.augmentation.most);
}

double gr_fused_image_bytes(const fused *e)
{
    return augments(e) ? (double)e->common.base.dataset->info.features : 0;
}

size_t gr_fused_augmented_floats(const fused *e)
{
    const size_t tile = e->shape.tile, pixels = e->shape.groups, entries = tile * pixels;
    const size_t bytes = sizeof(transform) + (tile * e->shape.blocks + 1) * sizeof(cl_uint) +
                         entries * (sizeof(cl_ushort) + sizeof(cl_uchar)) + pixels;
    return augments(e) ? gr_divide_up(bytes, sizeof(cl_float)) : 0;
}

gradus_status gr_fused_images_upload(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t pixels = data->info.samples * data->info.features;
    augment_plan *plan = NULL;
    size_t bytes;

    if (!augments(e))
        return GRADUS_OK;
    TRY(gr_augment_plan_create(&e->common.base.augmentation, &data->info, &plan, &bytes));
    TRY(gr_buffer_create(e->common.device, bytes, "the plan of augmentation", &e->augment_plan));
    TRY(gr_buffer_write(e->common.device, e->augment_plan, 0, bytes, plan));
    TRY(gr_buffer_create(e->common.device, pixels, "X", &e->images));
    TRY(gr_buffer_write(e->common.device, e->images, 0, pixels, data->pixels));
cleanup:
    free(plan);
    return status;
}

gradus_status gr_fused_images_set_epoch(fused *e, const permutation *order)
{
    gradus_status status = GRADUS_OK;
    const cl_uint on = order->rounds > 0, epoch = order->epoch;
    if (!augments(e))
        return GRADUS_OK;
    TRY(gr_launch_set(&e->fused_pass, PASS_AUGMENTS, (kernel_argument)ARGUMENT(on)));
    TRY(gr_launch_set(&e->fused_pass, PASS_AUGMENTS + 1, (kernel_argument)ARGUMENT(epoch)));
    if (e->fused_batch_steps.kernel == NULL)
        return GRADUS_OK;
    TRY(gr_launch_set(&e->fused_batch_steps, STEPS_AUGMENTS, (kernel_argument)ARGUMENT(on)));
    TRY(gr_launch_set(&e->fused_batch_steps, STEPS_AUGMENTS + 1, (kernel_argument)ARGUMENT(epoch)));
cleanup:
    return status;
}
