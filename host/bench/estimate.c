/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates of steps on described GPUs: finds the GPU, and the variant of engine "fused" as fused.c does. */
#include "core/names.h"
#include "engine/fused_batch_gpu/batch_gpu_estimate.h"
#include "engine/fused_gpu/fused_gpu_estimate.h"

const char *gradus_gpu_name(size_t index)
{
    const gpu_description *gpu = gr_gpu_description(index);
    return gpu == NULL ? NULL : gpu->key;
}

static gradus_status check_samples(size_t samples, size_t batch)
{
    if (samples == 0 || samples > UINT32_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "samples: found %zu, expected 1 to %u", samples, UINT32_MAX);
    if (batch > samples)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "batch: found %zu, expected at most %zu, the samples", batch, samples);
    return GRADUS_OK;
}

gradus_status gradus_estimate_step(const char *name, const gradus_network *network, size_t samples, size_t batch,
                                   const char *optimizer_name, gradus_estimate *out)
{
    gradus_status status = GRADUS_OK;
    size_t index = 0;
    gradus_optimizer options = gradus_optimizer_default();
    optimizer how;
    gradus_estimate result = {0};
    options.name = optimizer_name;
    TRY(gr_name_require("GPU", gradus_gpu_name, name, &index));
    TRY(gr_network_validate(network));
    if (network->floats)
        FAIL(GRADUS_ERROR_ARGUMENT, "estimates are for features that are bytes; the network has floats");
    TRY(check_samples(samples, batch));
    TRY(gr_optimizer_make(&options, &how));
    const gpu_description *gpu = gr_gpu_description(index);
    if (batch == 0)
        TRY(gr_fused_gpu_estimate(gpu, network, samples, &how, &result));
    else
        TRY(gr_batch_gpu_estimate(gpu, network, samples, batch, &how, &result));
    gr_estimate_finish(gpu, samples, batch, &result);
    *out = result;
cleanup:
    return status;
}
