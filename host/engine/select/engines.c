/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/select/engines.h"

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

gradus_status gr_engine_open(const char *name, const engine_settings *settings, gradus_device *device,
                             const gradus_network *network, const gradus_dataset *dataset, engine **out)
{
    gradus_status status = GRADUS_OK;
    const engine_type *type = NULL;
    TRY(gr_engine_find(name, device, &type));
    TRY(gr_engine_create_with(type, settings, device, network, dataset, out));
cleanup:
    return status;
}
