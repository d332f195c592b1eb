/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trainings side by side. Each is a training like any other, on a branch of the device, so it has the same bits as alone.
 * Small networks leave most of a device idle: a CPU trains one on a single core, a GPU in a single work-group. A thread
 * per branch takes one training after the other.
 */
#include "core/memory.h"
#include "core/team.h"
#include "device/device.h"
#include "engine/select/engines.h"
#include "model/model.h"
#include "train/run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trainings in progress on a GPU: NVIDIA's devices execute up to 32 queues at once, others fewer; and each needs a
 * host thread. Not measured on a GPU yet. */
#define GPU_BRANCHES 16

typedef struct many {
    const gradus_dataset *dataset;
    gradus_training *trainings; /* (count) */
    size_t count;
    gradus_device **branches; /* of each thread; NULL: there is no device */
    const char **engines;     /* (count), of each training */
    atomic_size_t next;       /* training that nobody has taken */
} many;

static void take_trainings(void *context, size_t member)
{
    many *m = context;
    for (size_t i = atomic_fetch_add(&m->next, 1); i < m->count; i = atomic_fetch_add(&m->next, 1)) {
        gradus_training *t = &m->trainings[i];
        gradus_train_options options = *t->options;
        options.engine = m->engines[i];
        t->error[0] = '\0';
        t->status =
            gradus_train(m->branches == NULL ? NULL : m->branches[member], t->model, m->dataset, &options, &t->result);
        if (t->status != GRADUS_OK)
            snprintf(t->error, sizeof t->error, "%s", gradus_last_error());
    }
}

static bool is_alike(const gradus_training *a, const gradus_training *b)
{
    const gradus_network *one = &a->model->network, *other = &b->model->network;
    return strcmp(a->options->engine, b->options->engine) == 0 && a->options->batch_size == b->options->batch_size &&
           one->layers == other->layers &&
           memcmp(one->sizes, other->sizes, (one->layers + 1) * sizeof *one->sizes) == 0;
}

/* On GPUs "auto" measures, which other trainings would disturb: so it does before they begin, once for each shape. */
static gradus_status choose_engine(const many *m, gradus_device *device, size_t i)
{
    gradus_status status = GRADUS_OK;
    const gradus_training *t = &m->trainings[i];
    engine_settings settings;
    engine *e = NULL;
    for (size_t k = 0; k < i; k++)
        if (is_alike(&m->trainings[k], t)) {
            m->engines[i] = m->engines[k];
            return GRADUS_OK;
        }
    TRY(gr_train_settings(t->options, &settings));
    TRY(gr_engine_open("auto", &settings, device, &t->model->network, m->dataset, &e));
    m->engines[i] = e->type->name;
cleanup:
    gr_engine_destroy(e);
    return status;
}

static gradus_status choose_engines(const many *m, gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; i < m->count; i++) {
        m->engines[i] = m->trainings[i].options->engine;
        if (device != NULL && device->kernels == KERNELS_GPU && strcmp(m->engines[i], "auto") == 0)
            TRY(choose_engine(m, device, i));
    }
cleanup:
    return status;
}

static size_t branch_count(const gradus_device *device, size_t trainings)
{
    const size_t most = device == NULL                           ? 1
                        : device->info.type == GRADUS_DEVICE_CPU ? device->info.compute_units
                                                                 : GPU_BRANCHES;
    return most < trainings ? most : trainings;
}

/* The first failure, with the training's number. */
static gradus_status first_failure(const many *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->trainings[i].status != GRADUS_OK)
            return gr_fail(m->trainings[i].status, "training %zu: %s", i, m->trainings[i].error);
    return GRADUS_OK;
}

gradus_status gradus_train_many(gradus_device *device, const gradus_dataset *dataset, gradus_training *trainings,
                                size_t count)
{
    gradus_status status = GRADUS_OK;
    many m = {.dataset = dataset, .trainings = trainings, .count = count};
    const size_t threads = branch_count(device, count);
    size_t opened = 0;
    team *workers = NULL;

    if (count == 0)
        return GRADUS_OK;
    TRY(gr_allocate(count, &m.engines));
    TRY(choose_engines(&m, device));
    if (device != NULL) {
        TRY(gr_allocate(threads, &m.branches));
        TRY(gr_device_branch(device, threads, m.branches));
        opened = threads;
    }
    TRY(gr_team_create(threads, &workers));
    gr_team_run(workers, take_trainings, &m);
    status = first_failure(&m);
cleanup:
    gr_team_destroy(workers);
    for (size_t b = 0; b < opened; b++)
        gradus_device_close(m.branches[b]);
    free(m.branches);
    free(m.engines);
    return status;
}
