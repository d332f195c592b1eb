/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses one of the engines "fused". */
#include "engine/fused/fused.h"
#include "device/device.h"
#include "engine/fused_batch/fused_batch.h"
#include "engine/fused_batch_gpu/fused_batch_gpu.h"
#include "engine/fused_cpu/fused_cpu.h"
#include "engine/fused_gpu/fused_gpu.h"

static const engine_type *find(const engine *base, const gradus_device *device)
{
    if (device->kernels == KERNELS_GPU)
        return base->batch > 0 ? &gr_fused_batch_gpu : &gr_fused_gpu;
    return base->batch > 0 ? &gr_fused_batch : &gr_fused_cpu;
}

static const char *fused_unsupported(const engine *base, const gradus_device *device)
{
    return gr_engine_unsupported(find(base, device), base, device);
}

static gradus_status fused_create(const engine *base, gradus_device *device, engine **out)
{
    engine typed = *base;
    typed.type = find(base, device);
    return typed.type->create(&typed, device, out);
}

const engine_type gr_engine_fused = {
    .name = "fused", .needs_device = true, .unsupported = fused_unsupported, .create = fused_create};
