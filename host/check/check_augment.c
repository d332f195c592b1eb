/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of augment.cl, whose bytes must be the host's. */
#include "check/check.h"
#include "core/memory.h"
#include "data/augment.h"
#include "engine/opencl/batch_kernels.h"

#include <stdlib.h>

typedef struct images {
    gradus_dataset_info info;
    uint8_t *pixels, *labels;
    permutation order;
    size_t first, valid, batch; /* samples of the order that are used */
} images;

static gradus_status make_images(check *c, const check_shape *shape, images *out)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = shape->inner, features = shape->rows * shape->columns;
    const size_t first = gr_check_offset(c, samples / 3);
    images i = {.info = {.samples = samples,
                         .features = features,
                         .width = shape->columns,
                         .height = shape->rows,
                         .classes = 256,
                         .labelled = true,
                         .floats = c->timer != NULL && c->timer->network->floats},
                .order = gr_permutation((uint32_t)samples, 5, 3),
                .first = first,
                .valid = samples - first - gr_check_offset(c, 1),
                .batch = samples - first};
    TRY(gr_check_bytes(c, features * samples, 256, &i.pixels));
    TRY(gr_check_bytes(c, samples, 256, &i.labels));
    *out = i;
cleanup:
    return status;
}

/* Counts wrong bytes. The samples after the valid ones must stay zero. */
static gradus_status count_wrong(check *c, const images *in, const augment_plan *plan, const gather_buffers *buffers,
                                 size_t *wrong)
{
    gradus_status status = GRADUS_OK;
    const size_t features = in->info.features;
    uint8_t *got = NULL, *got_labels = NULL, *expected = NULL;
    TRY(gr_check_bytes(c, features * in->batch, 1, &got));
    TRY(gr_check_bytes(c, in->batch, 1, &got_labels));
    TRY(gr_check_bytes(c, features, 1, &expected));
    TRY(gr_buffer_read(c->device, buffers->batch, 0, features * in->batch, got));
    TRY(gr_buffer_read(c->device, buffers->batch_labels, 0, in->batch, got_labels));
    for (size_t s = 0; s < in->batch; s++) {
        const uint32_t from = gr_permutation_at(&in->order, (uint32_t)(in->first + s));
        transform by;
        gr_draw_transform(plan, in->order.epoch, from, &by);
        gr_augment_image(plan, &by, in->pixels + from * features, expected);
        for (size_t f = 0; f < features; f++)
            *wrong += got[s * features + f] != (s < in->valid ? expected[f] : 0);
        *wrong += got_labels[s] != (s < in->valid ? in->labels[from] : 0);
    }
cleanup:
    return status;
}

static gradus_status enqueue_augment(gradus_device *device, void *augmented)
{
    return gr_augment_samples_enqueue(device, augmented);
}

static gradus_status check_with(check *c, const images *in, const gradus_augmentation *most)
{
    gradus_status status = GRADUS_OK;
    const size_t features = in->info.features;
    /* Features and labels read and written, the order, and each transform read. */
    const gradus_work work = {.bytes = (double)((2 * features + 6 + sizeof(transform)) * in->batch)};
    augment_plan *plan = NULL;
    size_t plan_bytes, wrong = 0;
    gather_buffers buffers = {0};
    augmented_gather augmented = {0};
    launch shuffle = {0};

    TRY(gr_augmentation_check(most, &in->info));
    TRY(gr_augment_plan_create(&(augmentation){*most, 0x123456789abcdef}, &in->info, &plan, &plan_bytes));
    TRY(gr_check_upload(c, in->pixels, features * in->info.samples, &buffers.x));
    TRY(gr_check_upload(c, in->labels, in->info.samples, &buffers.labels));
    TRY(gr_check_space(c, in->info.samples, &buffers.order));
    TRY(gr_check_upload(c, NULL, features * in->batch, &buffers.batch));
    TRY(gr_check_upload(c, NULL, in->batch, &buffers.batch_labels));
    TRY(gr_shuffle_samples(c->device, buffers.order, in->info.samples, &shuffle));
    TRY(gr_shuffle_samples_set(&shuffle, &in->order));
    TRY(gr_launch_enqueue(c->device, &shuffle));
    TRY(gr_augment_samples(c->device, plan, plan_bytes, &buffers, in->info.samples, in->batch, &augmented));
    if (in->first > 0) { /* so that transforms are drawn from another sample on */
        TRY(gr_augment_samples_set(&augmented, in->order.epoch, in->first - 1, 1));
        TRY(gr_augment_samples_enqueue(c->device, &augmented));
    }
    TRY(gr_augment_samples_set(&augmented, in->order.epoch, in->first, in->valid));
    TRY(gr_augment_samples_enqueue(c->device, &augmented));
    TRY(count_wrong(c, in, plan, &buffers, &wrong));
    gr_check_record(c, "augment_samples", (double)(2 * wrong));
    TRY(gr_check_time(c, enqueue_augment, &augmented, work));
cleanup:
    gr_augment_samples_destroy(&augmented);
    gr_launch_destroy(&shuffle);
    free(plan);
    return status;
}

/* Each kind alone and all together; the bytes must be equal. */
gradus_status gr_check_augment_samples(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    static const struct {
        const char *name;
        gradus_augmentation most;
    } kinds[] = {{"shift", {.shift = 1}},
                 {"rotation", {.rotation = 180}},
                 {"scale", {.scale = 0.5f}},
                 {"elastic", {.elastic = 0.9f}},
                 {"all", {0.7f, 15, 0.15f, 0.8f}}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        images in;
        gr_check_name_way(c, "%s", kinds[i].name);
        TRY(make_images(c, shape, &in));
        TRY(check_with(c, &in, &kinds[i].most));
        gr_check_end_case(c);
    }
cleanup:
    return status;
}
