/* SPDX-License-Identifier: Apache-2.0 */
/* The list of engines, and what every engine checks. */
#include "engine/common/engine.h"
#include "device/device.h"

#include <stdio.h>
#include <string.h>

static const engine_type *const engines[] = {
    &gr_engine_fused,     &gr_engine_sparse, &gr_engine_layered,
#if GRADUS_BLAS
    &gr_engine_blas,
#endif
    &gr_engine_reference,
};
#define ENGINE_COUNT (sizeof engines / sizeof *engines)

bool gradus_engine_get_info(size_t index, gradus_engine_info *info)
{
    if (index >= ENGINE_COUNT)
        return false;
    *info = (gradus_engine_info){engines[index]->name, engines[index]->needs_device};
    return true;
}

static gradus_status unknown_engine(const char *name)
{
    char known[128] = "auto";
    for (size_t i = 0; i < ENGINE_COUNT; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i + 1 < ENGINE_COUNT ? ", " : " or ", engines[i]->name);
    }
    return gr_fail(GRADUS_ERROR_ARGUMENT, "engine \"%s\": expected %s", name, known);
}

gradus_status gr_engine_find(const char *name, const gradus_device *device, const engine_type **out)
{
    if (name == NULL || strcmp(name, gr_engine_auto.name) == 0) {
        *out = &gr_engine_auto;
        return GRADUS_OK;
    }
    for (size_t i = 0; i < ENGINE_COUNT; i++) {
        if (strcmp(name, engines[i]->name) != 0)
            continue;
        if (engines[i]->needs_device && device == NULL)
            return gr_fail(GRADUS_ERROR_ARGUMENT, "engine \"%s\" needs an OpenCL device", name);
        *out = engines[i];
        return GRADUS_OK;
    }
    return unknown_engine(name);
}

static gradus_status check_fit(const gradus_network *network, const gradus_dataset *dataset)
{
    const gradus_dataset_info *info = &dataset->info;
    const size_t classes = network->sizes[network->layers];
    if (info->features != network->sizes[0])
        return gr_fail(GRADUS_ERROR_DATA, "the samples have %zu features, the network takes %zu", info->features,
                       network->sizes[0]);
    if (info->floats && !network->floats)
        return gr_fail(GRADUS_ERROR_DATA, "the samples have float features, the network takes bytes 0..255 and sees "
                                          "byte / 255 (save them as uint8, or train a network on floats)");
    if (!info->floats && network->floats)
        return gr_fail(GRADUS_ERROR_DATA, "the samples have bytes for features, the network takes floats as they are "
                                          "(save them as float32, scaled as in its training)");
    for (size_t s = 0; info->classes > classes && s < info->samples; s++)
        if (dataset->labels[s] >= classes)
            return gr_fail(GRADUS_ERROR_DATA, "sample %zu has label %u, the network's %zu classes are 0..%zu", s,
                           (unsigned)dataset->labels[s], classes, classes - 1);
    return GRADUS_OK;
}

const char *gr_engine_lacks(const engine_type *type, const engine *base, const gradus_device *device)
{
    return type->lacks == NULL ? NULL : type->lacks(base, device);
}

static gradus_status create(const engine_type *type, const engine_settings *settings, gradus_device *device,
                            const gradus_network *network, const gradus_dataset *dataset, engine **out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_network_validate(network));
    TRY(check_fit(network, dataset));
    const engine base = {.type = type,
                         .network = *network,
                         .layout = gr_network_layout(network),
                         .dataset = dataset,
                         .threads = settings->threads,
                         .batch = settings->batch,
                         .optimizer = settings->optimizer,
                         .regularization = settings->regularization,
                         .augmentation = settings->augmentation};
    const char *lacking = gr_engine_lacks(type, &base, device);
    if (lacking != NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "engine %s: found %s, expected another engine for that, such as layered",
             type->name, lacking);
    TRY(type->create(&base, device, out));
cleanup:
    return status;
}

gradus_status gr_engine_create(const engine_type *type, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset, engine **out)
{
    return create(type, &(engine_settings){0}, device, network, dataset, out);
}

gradus_status gr_engine_open(const engine_settings *settings, gradus_device *device, const gradus_network *network,
                             const gradus_dataset *dataset, engine **out)
{
    gradus_status status = GRADUS_OK;
    const engine_type *type = NULL;
    TRY(gr_engine_find(settings->name, device, &type));
    TRY(create(type, settings, device, network, dataset, out));
cleanup:
    return status;
}

void gr_engine_describe(const engine *e, char *text, size_t size)
{
    const int used = *e->choice == '\0' ? 0 : snprintf(text, size, "engine: %s\n", e->choice);
    text[used] = '\0';
    if (e->type->describe != NULL)
        e->type->describe(e, text + used, size - (size_t)used);
}

void gr_engine_destroy(engine *e)
{
    if (e != NULL)
        e->type->destroy(e);
}
