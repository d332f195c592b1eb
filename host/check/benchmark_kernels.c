/* SPDX-License-Identifier: Apache-2.0 */
/* Times the operations of a check alone at the shapes of a network, each after its comparison with the reference. */
#include "check/check.h"

#include <string.h>

gradus_kernel_benchmark_options gradus_kernel_benchmark_options_default(void)
{
    return (gradus_kernel_benchmark_options){.repeats = 5, .seconds = 0.02};
}

const char *gradus_kernel_name(size_t index)
{
    return index < gr_operation_count ? gr_operations[index].name : NULL;
}

static gradus_status check_options(gradus_device *device, const gradus_network *network, const gradus_dataset *dataset,
                                   const gradus_kernel_benchmark_options *options)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_network_validate(network));
    if (!dataset->info.labelled)
        FAIL(GRADUS_ERROR_ARGUMENT, "the data set has no labels");
    if (dataset->info.features != network->sizes[0])
        FAIL(GRADUS_ERROR_DATA, "the samples have %zu features, the network takes %zu", dataset->info.features,
             network->sizes[0]);
    if (!(options->seconds >= 0 && options->seconds < 1e9) || options->repeats == 0)
        FAIL(GRADUS_ERROR_ARGUMENT,
             "timings of kernels: found %zu of %g seconds, expected at least one, of at least 0 "
             "seconds",
             options->repeats, options->seconds);
    if (device->profile == NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "%s was not opened for profiles", device->info.name);
cleanup:
    return status;
}

gradus_status gradus_benchmark_kernels(gradus_device *device, const gradus_network *network,
                                       const gradus_dataset *dataset, const gradus_kernel_benchmark_options *options)
{
    gradus_status status = GRADUS_OK;
    const gradus_kernel_benchmark_options defaults = gradus_kernel_benchmark_options_default();
    const check_timer timer = {network, dataset, options == NULL ? defaults : *options};
    const char *wanted = timer.options.kernel;
    check c = {.device = device, .timer = &timer};
    bool found = false;

    TRY(check_options(device, network, dataset, &timer.options));
    for (size_t i = 0; i < gr_operation_count && !gr_check_is_stopped(&timer); i++) {
        if (wanted != NULL && strcmp(gr_operations[i].name, wanted) != 0)
            continue;
        TRY(gr_check_operation(&c, &gr_operations[i]));
        found = true;
    }
    if (!found && !gr_check_is_stopped(&timer))
        FAIL(GRADUS_ERROR_ARGUMENT, "kernel \"%s\": there is no kernel with this name", wanted);
    if (c.failed > 0)
        FAIL(GRADUS_ERROR_MISMATCH, "%s: %zu of %zu comparisons with the reference failed", device->info.name,
             c.failed, c.compared);
cleanup:
    return status;
}
