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

/* The trainings in progress on a GPU: NVIDIA's devices execute up to 32 queues at once, others fewer; and each needs a
 * host thread. Not measured on a GPU yet. */
#define GPU_BRANCHES 16

typedef struct many {
    const gradus_dataset *dataset;
    gradus_training *trainings; /* (count) */
    size_t count;
    gradus_device **branches; /* of each thread; NULL: there is no device */
    atomic_size_t next;       /* training that nobody has taken */
} many;

static void take_trainings(void *context, size_t member)
{
    many *m = context;
    for (size_t i = atomic_fetch_add(&m->next, 1); i < m->count; i = atomic_fetch_add(&m->next, 1)) {
        gradus_training *t = &m->trainings[i];
        gradus_device *device = m->branches == NULL ? NULL : m->branches[member];
        t->error[0] = '\0';
        t->status = gradus_train(device, t->model, m->dataset, t->options, &t->result);
        if (t->status != GRADUS_OK)
            snprintf(t->error, sizeof t->error, "%s", gradus_last_error());
    }
}

/* "auto" may measure, which other trainings would disturb: so it does before they begin, and they find its choices. A
 * training for which that fails says so itself. */
static void choose_engines(const many *m, gradus_device *device)
{
    for (size_t i = 0; i < m->count; i++) {
        const gradus_training *t = &m->trainings[i];
        const engine_type *type = NULL;
        engine_settings settings;
        if (gr_engine_find(t->options->engine, device, &type) == GRADUS_OK && type == &gr_engine_auto &&
            gr_train_settings(t->options, &settings) == GRADUS_OK)
            (void)gr_engine_choose(&settings, device, &t->model->network, m->dataset);
    }
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
    choose_engines(&m, device);
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
    return status;
}
