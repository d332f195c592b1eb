/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/shuffle.cl and augment.cl. */
#include "engine/opencl/batch_kernels.h"
#include "core/memory.h"
#include "device/gpu_model.h"

#include "common/batch_arguments.h"

/* ---- shuffle.cl ---- */

gradus_status gr_shuffle_samples(gradus_device *device, cl_mem order, size_t count, launch *prepared)
{
    const permutation identity = gr_permutation_identity((uint32_t)count);
    return gr_launch_create(device, "common/shuffle.cl", "shuffle_samples", count,
                            ARGUMENTS(ARGUMENT(identity), ARGUMENT(order)), prepared);
}

gradus_status gr_shuffle_samples_set(launch *prepared, const permutation *p)
{
    return gr_launch_vary(prepared, sizeof *p, p);
}

gradus_status gr_gather_samples(gradus_device *device, const gather_buffers *buffers, size_t sample_bytes,
                                size_t batch, launch *prepared)
{
    const batch_samples none = {0};
    const cl_uint size = (cl_uint)sample_bytes, pieces = (cl_uint)gr_divide_up(sample_bytes, GATHER_PIECE);
    return gr_launch_create(device, "common/shuffle.cl", "gather_samples", pieces * batch,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(buffers->x), ARGUMENT(buffers->labels),
                                      ARGUMENT(buffers->order), ARGUMENT(buffers->batch),
                                      ARGUMENT(buffers->batch_labels), ARGUMENT(size), ARGUMENT(pieces)),
                            prepared);
}

gradus_status gr_gather_samples_set(launch *prepared, size_t first, size_t valid)
{
    const batch_samples samples = {(u32)first, (u32)valid};
    return gr_launch_vary(prepared, sizeof samples, &samples);
}

/* ---- augment.cl ---- */

/* Samples whose transforms are drawn by one launch: 1.7 MB of them. */
#define DRAWN_TOGETHER 4096

size_t gr_augment_capacity(size_t samples, size_t batch)
{
    const size_t count = batch > DRAWN_TOGETHER ? batch : DRAWN_TOGETHER;
    return count < samples ? count : samples;
}

#define AUGMENT_REGISTERS 96 /* of a work-item: the coordinates of PIECE pixels, and two rows of control points */

gradus_status gr_augment_samples(gradus_device *device, const augment_plan *plan, size_t plan_bytes,
                                 const gather_buffers *buffers, size_t samples, size_t batch,
                                 augmented_gather *prepared)
{
    gradus_status status = GRADUS_OK;
    augmented_gather g = {.samples = samples, .capacity = gr_augment_capacity(samples, batch)};
    const drawn_samples none = {0};
    const epoch_samples none_drawn = {0};
    const size_t pieces = gr_divide_up((size_t)plan->width, PIECE) * (size_t)plan->height;
    const gpu_model model = gr_gpu_model_of(device);
    char options[GPU_OPTIONS_SIZE];

    gr_gpu_wave_options(&model, AUGMENT_REGISTERS, options);
    TRY(gr_buffer_create(device, plan_bytes, "the plan of augmentation", &g.plan));
    TRY(gr_buffer_write(device, g.plan, 0, plan_bytes, plan));
    TRY(gr_buffer_create(device, g.capacity * sizeof(transform), "the transforms of samples", &g.transforms));
    TRY(gr_launch_create_with(
        device, "common/augment.cl", options, "draw_transforms", g.capacity,
        ARGUMENTS(ARGUMENT(none_drawn), ARGUMENT(g.plan), ARGUMENT(buffers->order), ARGUMENT(g.transforms)),
        &g.draw_transforms));
    TRY(gr_launch_create_with(device, "common/augment.cl", options, "augment_samples", pieces * batch,
                              ARGUMENTS(ARGUMENT(none), ARGUMENT(g.plan), ARGUMENT(g.transforms), ARGUMENT(buffers->x),
                                        ARGUMENT(buffers->labels), ARGUMENT(buffers->order), ARGUMENT(buffers->batch),
                                        ARGUMENT(buffers->batch_labels)),
                              &g.augment_samples));
    *prepared = g;
    g = (augmented_gather){0};
cleanup:
    gr_augment_samples_destroy(&g);
    return status;
}

void gr_augment_samples_reorder(augmented_gather *prepared)
{
    prepared->drawn_first = prepared->drawn_end = 0;
}

gradus_status gr_augment_samples_set(augmented_gather *prepared, uint32_t epoch, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    augmented_gather *p = prepared;
    if (first < p->drawn_first || first + valid > p->drawn_end) {
        const size_t left = p->samples - first, count = left < p->capacity ? left : p->capacity;
        const epoch_samples drawn = {{(u32)first, (u32)count}, epoch};
        TRY(gr_launch_vary(&p->draw_transforms, sizeof drawn, &drawn));
        p->drawn_first = first;
        p->drawn_end = first + count;
        p->draws = true;
    }
    const drawn_samples batch = {{(u32)first, (u32)valid}, (u32)p->drawn_first};
    TRY(gr_launch_vary(&p->augment_samples, sizeof batch, &batch));
cleanup:
    return status;
}

gradus_status gr_augment_samples_enqueue(gradus_device *device, augmented_gather *prepared)
{
    gradus_status status = GRADUS_OK;
    if (prepared->draws)
        TRY(gr_launch_enqueue(device, &prepared->draw_transforms));
    prepared->draws = false;
    TRY(gr_launch_enqueue(device, &prepared->augment_samples));
cleanup:
    return status;
}

void gr_augment_samples_destroy(augmented_gather *prepared)
{
    gr_launch_destroy(&prepared->draw_transforms);
    gr_launch_destroy(&prepared->augment_samples);
    gr_buffer_release(&prepared->plan);
    gr_buffer_release(&prepared->transforms);
}
