/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of all engines: checks, creation, description. */
#include "engine/common/engine.h"

#include <stdio.h>
#include <string.h>

static gradus_status check_fit(const gradus_network *network, const gradus_dataset *dataset)
{
    const gradus_dataset_info *info = &dataset->info;
    const size_t classes = network->sizes[network->layers];
    if (info->features != network->sizes[0])
        return gr_fail(GRADUS_ERROR_DATA, "the samples have %zu features, the network takes %zu", info->features,
                       network->sizes[0]);
    if (info->floats && !network->floats)
        return gr_fail(GRADUS_ERROR_DATA, "the samples have float features, the network takes bytes 0..255 "
                                          "(save them as uint8, or train a network on floats)");
    if (!info->floats && network->floats)
        return gr_fail(GRADUS_ERROR_DATA, "the samples have bytes for features, the network takes floats "
                                          "(save them as float32, scaled as in its training)");
    for (size_t s = 0; info->classes > classes && s < info->samples; s++)
        if (dataset->labels[s] >= classes)
            return gr_fail(GRADUS_ERROR_DATA, "sample %zu has label %u, the network's %zu classes are 0..%zu", s,
                           (unsigned)dataset->labels[s], classes, classes - 1);
    return GRADUS_OK;
}

const char *gr_engine_unsupported(const engine_type *type, const engine *base, const gradus_device *device)
{
    return type->unsupported == NULL ? NULL : type->unsupported(base, device);
}

gradus_status gr_engine_describe_training(const engine_settings *settings, const gradus_network *network,
                                          const gradus_dataset *dataset, engine *out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_network_validate(network));
    TRY(check_fit(network, dataset));
    *out = (engine){.network = *network,
                    .layout = gr_network_layout(network),
                    .dataset = dataset,
                    .threads = settings->threads,
                    .batch = settings->batch,
                    .optimizer = settings->optimizer,
                    .regularization = settings->regularization,
                    .augmentation = settings->augmentation,
                    .stop = settings->stop};
cleanup:
    return status;
}

gradus_status gr_engine_create_with(const engine_type *type, const engine_settings *settings, gradus_device *device,
                                    const gradus_network *network, const gradus_dataset *dataset, engine **out)
{
    gradus_status status = GRADUS_OK;
    engine base;
    TRY(gr_engine_describe_training(settings, network, dataset, &base));
    base.type = type;
    const char *missing = gr_engine_unsupported(type, &base, device);
    if (missing != NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "engine %s: does not support %s; use another engine, such as layered", type->name,
             missing);
    TRY(type->create(&base, device, out));
cleanup:
    return status;
}

gradus_status gr_engine_create(const engine_type *type, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset, engine **out)
{
    return gr_engine_create_with(type, &(engine_settings){0}, device, network, dataset, out);
}

gradus_status gr_engine_take_steps(engine *e, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    if (e->type->take_steps != NULL)
        return e->type->take_steps(e, run);
    for (size_t i = 0; i < run->count; i++) {
        const sample_range samples = gr_step_samples(e, run, i);
        TRY(e->type->gradient(e, samples.first, samples.count));
        if (run->keep && i + 1 == run->count)
            TRY(e->type->keep_parameters(e));
        TRY(e->type->update(e, &run->steps[i]));
    }
cleanup:
    return status;
}

void gr_engine_describe(const engine *e, char *text, size_t size)
{
    const char *const label = *e->choice == '\0' ? "" : "engine: ", *const end = *e->choice == '\0' ? "" : "\n";
    const size_t used = (size_t)snprintf(text, size, "%s%s%s%s", label, e->choice, end, e->refusals);
    if (e->type->describe != NULL && used < size)
        e->type->describe(e, text + used, size - used);
}

void gr_engine_destroy(engine *e)
{
    if (e != NULL)
        e->type->destroy(e);
}
