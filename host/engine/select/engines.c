/* SPDX-License-Identifier: Apache-2.0 */
/* All engines of this build, one row each. */
#include "engine/select/engines.h"
#include "core/names.h"

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

/* "auto" comes before the engines. */
const char *gradus_engine_name(size_t index)
{
    if (index == 0)
        return gr_engine_auto.name;
    return index <= ENGINE_COUNT ? engines[index - 1]->name : NULL;
}

gradus_status gr_engine_find(const char *name, const gradus_device *device, const engine_type **out)
{
    gradus_status status = GRADUS_OK;
    size_t index = 0;
    TRY(gr_name_require("engine", gradus_engine_name, name, &index));
    const engine_type *type = index == 0 ? &gr_engine_auto : engines[index - 1];
    if (type->needs_device && device == NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "engine \"%s\" needs an OpenCL device", name);
    *out = type;
cleanup:
    return status;
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
