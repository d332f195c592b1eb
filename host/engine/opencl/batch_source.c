/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers and launches of mini-batches. */
#include "engine/opencl/batch_source.h"
#include "core/memory.h"

#include <stdlib.h>

size_t gr_batch_source_bytes(const gradus_dataset *dataset, size_t slice)
{
    const gradus_dataset_info *info = &dataset->info;
    const size_t sample_bytes = info->features * gr_dataset_feature_size(dataset) + 1; /* and its label */
    return (info->samples + slice) * sample_bytes + info->samples * sizeof(cl_uint) +
           gr_augment_capacity(info->samples, slice) * sizeof(transform);
}

/* X and labels. */
static gradus_status create_data(gradus_device *device, const void *context, cl_mem *buffers)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *dataset = context;
    const size_t samples = dataset->info.samples;
    const size_t bytes = samples * dataset->info.features * gr_dataset_feature_size(dataset);
    TRY(gr_buffer_create(device, bytes, "X", &buffers[0]));
    TRY(gr_buffer_write(device, buffers[0], 0, bytes, gr_dataset_x(dataset)));
    TRY(gr_buffer_create(device, samples, "the labels", &buffers[1]));
    TRY(gr_buffer_write(device, buffers[1], 0, samples, dataset->labels));
cleanup:
    return status;
}

static gradus_status upload_data(gradus_device *device, const gradus_dataset *dataset, batch_source *s)
{
    cl_mem buffers[UPLOAD_BUFFERS] = {NULL};
    const gradus_status status =
        gr_device_upload(device, &(device_upload){dataset, "samples", 0, create_data, dataset}, buffers);
    s->x = buffers[0];
    s->labels = buffers[1];
    return status;
}

static gradus_status create_buffers(gradus_device *device, const gradus_dataset_info *info, size_t x_bytes,
                                    size_t slice, batch_source *s)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create(device, info->samples * sizeof(cl_uint), "the order of samples", &s->order));
    TRY(gr_buffer_create_zeroed(device, slice * x_bytes, "a batch", &s->batch));
    TRY(gr_buffer_create_zeroed(device, slice, "a batch's labels", &s->batch_labels));
cleanup:
    return status;
}

static gradus_status plan_augmentation(gradus_device *device, const gradus_dataset_info *info, const augmentation *how,
                                       const gather_buffers *buffers, size_t slice, batch_source *s)
{
    gradus_status status = GRADUS_OK;
    augment_plan *plan = NULL;
    size_t bytes;
    if (!gr_augmentation_is_on(&how->most))
        return GRADUS_OK;
    TRY(gr_augment_plan_create(how, info, &plan, &bytes));
    TRY(gr_augment_samples(device, plan, bytes, buffers, info->samples, slice, &s->augmented));
cleanup:
    free(plan);
    return status;
}

gradus_status gr_batch_source_create(gradus_device *device, const gradus_dataset *dataset, const augmentation *how,
                                     size_t slice, batch_source **out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *info = &dataset->info;
    batch_source *s = NULL;
    const size_t x_bytes = info->features * gr_dataset_feature_size(dataset); /* of a sample */
    if (info->samples > UINT32_MAX || x_bytes > UINT32_MAX - 16)
        FAIL(GRADUS_ERROR_ARGUMENT, "mini-batches: %zu samples of %zu features are too many", info->samples,
             info->features);
    const permutation identity = gr_permutation_identity((uint32_t)info->samples);
    TRY(gr_allocate(1, &s));
    *out = s;
    TRY(upload_data(device, dataset, s));
    TRY(create_buffers(device, info, x_bytes, slice, s));
    TRY(gr_shuffle_samples(device, s->order, info->samples, &s->shuffle_samples));
    const gather_buffers buffers = {s->x, s->labels, s->order, s->batch, s->batch_labels};
    TRY(gr_gather_samples(device, &buffers, x_bytes, slice, &s->gather_samples));
    TRY(plan_augmentation(device, info, how, &buffers, slice, s));
    TRY(gr_batch_source_shuffle(device, s, &identity));
cleanup:
    return status;
}

void gr_batch_source_destroy(batch_source *s)
{
    if (s == NULL)
        return;
    cl_mem *const buffers[] = {&s->x, &s->labels, &s->order, &s->batch, &s->batch_labels};
    gr_launch_destroy(&s->shuffle_samples);
    gr_launch_destroy(&s->gather_samples);
    gr_augment_samples_destroy(&s->augmented);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
    free(s);
}

gradus_status gr_batch_source_shuffle(gradus_device *device, batch_source *s, const permutation *order)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_shuffle_samples_set(&s->shuffle_samples, order));
    TRY(gr_launch_enqueue(device, &s->shuffle_samples));
    s->augments = s->augmented.plan != NULL && order->rounds > 0;
    s->epoch = order->epoch;
    gr_augment_samples_reorder(&s->augmented);
cleanup:
    return status;
}

gradus_status gr_batch_source_gather(gradus_device *device, batch_source *s, size_t first, size_t count, bool training)
{
    gradus_status status = GRADUS_OK;
    if (training && s->augments) {
        TRY(gr_augment_samples_set(&s->augmented, s->epoch, first, count));
        TRY(gr_augment_samples_enqueue(device, &s->augmented));
        return GRADUS_OK;
    }
    TRY(gr_gather_samples_set(&s->gather_samples, first, count));
    TRY(gr_launch_enqueue(device, &s->gather_samples));
cleanup:
    return status;
}
