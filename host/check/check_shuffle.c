/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of shuffle.cl. */
#include "check/check.h"
#include "core/memory.h"
#include "engine/opencl/batch_kernels.h"

#include <stdlib.h>

/* An order of `columns` samples. It consists of integers, so it must be equal. */
gradus_status gr_check_shuffle_samples(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t count = shape->rows * shape->columns;
    const permutation p = gr_permutation((uint32_t)count, 5, 3);
    cl_mem order = NULL;
    uint32_t *got = NULL;
    size_t wrong = 0;
    launch prepared = {0};

    TRY(gr_check_space(c, count, &order));
    TRY(gr_shuffle_samples(c->device, order, count, &prepared));
    TRY(gr_shuffle_samples_set(&prepared, &p));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_allocate(count, &got));
    TRY(gr_buffer_read(c->device, order, 0, count * sizeof *got, got));
    for (size_t i = 0; i < count; i++)
        wrong += got[i] != gr_permutation_at(&p, (uint32_t)i);
    gr_check_record(c, "shuffle_samples", (double)(2 * wrong));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){.bytes = 4.0 * (double)count}));
cleanup:
    gr_launch_destroy(&prepared);
    free(got);
    return status;
}

/* A batch from the middle of an order, with some samples that are not valid. */
gradus_status gr_check_gather_samples(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const size_t features = shape->rows, samples = shape->columns, first = gr_check_offset(c, samples / 3);
    const size_t batch = samples - first, valid = gr_check_valid(c, batch);
    const permutation p = gr_permutation((uint32_t)samples, 5, 3);
    uint8_t *x = NULL, *labels = NULL, *got = NULL, *got_labels = NULL;
    gather_buffers buffers = {0};
    size_t wrong = 0;
    launch shuffle = {0}, gather = {0};

    TRY(gr_check_bytes(c, features * samples, 256, &x));
    TRY(gr_check_bytes(c, samples, 256, &labels));
    TRY(gr_check_bytes(c, features * batch, 1, &got));
    TRY(gr_check_bytes(c, batch, 1, &got_labels));
    TRY(gr_check_upload(c, x, features * samples, &buffers.x));
    TRY(gr_check_upload(c, labels, samples, &buffers.labels));
    TRY(gr_check_upload(c, got, features * batch, &buffers.batch));
    TRY(gr_check_upload(c, got_labels, batch, &buffers.batch_labels));
    TRY(gr_check_space(c, samples, &buffers.order));
    TRY(gr_shuffle_samples(c->device, buffers.order, samples, &shuffle));
    TRY(gr_shuffle_samples_set(&shuffle, &p));
    TRY(gr_launch_enqueue(c->device, &shuffle));
    TRY(gr_gather_samples(c->device, &buffers, features, batch, &gather));
    TRY(gr_gather_samples_set(&gather, first, valid));
    TRY(gr_launch_enqueue(c->device, &gather));
    TRY(gr_buffer_read(c->device, buffers.batch, 0, features * batch, got));
    TRY(gr_buffer_read(c->device, buffers.batch_labels, 0, batch, got_labels));
    for (size_t s = 0; s < batch; s++) {
        const size_t from = gr_permutation_at(&p, (uint32_t)(first + s));
        for (size_t f = 0; f < features; f++)
            wrong += got[s * features + f] != (s < valid ? x[from * features + f] : 0);
        wrong += got_labels[s] != (s < valid ? labels[from] : 0);
    }
    gr_check_record(c, "gather_samples", (double)(2 * wrong));
    /* Features and labels read and written, and the order. */
    TRY(gr_check_time_launch(c, &gather, (gradus_work){.bytes = (double)(2 * features * batch + 6 * batch)}));
cleanup:
    gr_launch_destroy(&shuffle);
    gr_launch_destroy(&gather);
    return status;
}
