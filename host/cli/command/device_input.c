/* SPDX-License-Identifier: Apache-2.0 */
/* Opening devices. */
#include "command/device_input.h"
#include "text/failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_any_there(void)
{
    gradus_device_info *list = NULL;
    size_t count = 0;
    gradus_status status = gradus_device_list(&list, &count);
    gradus_device_list_free(list);
    return status != GRADUS_ERROR_NO_DEVICE;
}

const char *const device_kernels[] = {"auto", "cpu", "gpu", NULL};
const char *const device_waits[] = {"auto", "sleep", "spin", NULL};

/* Intel's runtime shows a part of a CPU and uses all of it; how many threads it starts it takes from this variable only,
 * before the first OpenCL call. The waiting thread comes on top. */
static void restrict_intel_runtime(uint64_t threads)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, threads);
    if (threads > 0 && threads < (uint64_t)sysconf(_SC_NPROCESSORS_ONLN))
        setenv("DPCPP_CPU_NUM_CUS", text, 0);
}
const char *const device_products[] = {"auto", "own", "clblast", NULL};

int device_open(const device_settings *settings, const char *otherwise, gradus_device **out)
{
    gradus_device_options options = gradus_device_options_default();
    options.selector = settings->selector;
    options.kernels = settings->kernels;
    options.wait = settings->wait;
    options.threads = settings->threads;
    restrict_intel_runtime(settings->threads);
    options.products = settings->products;
    options.profile = settings->profile;
    gradus_status status = gradus_device_open_with(&options, out);
    int code = fail_status(status);
    if (status == GRADUS_ERROR_NO_DEVICE && otherwise != NULL && !is_any_there())
        hint("%s", otherwise);
    return code;
}

int device_open_or_host(const device_settings *settings, gradus_device **out)
{
    const char *variable = getenv("GRADUS_DEVICE");
    const bool asked_for =
        settings->selector != NULL || settings->threads > 0 || (variable != NULL && *variable != '\0');
    if (asked_for || is_any_there())
        return device_open(settings, NULL, out);
    *out = NULL;
    note("no OpenCL device, so the host computes; 'gradus devices' says why there is none");
    return EX_OK;
}

void device_settings_free(device_settings *settings)
{
    free(settings->selector);
    free(settings->kernels);
    free(settings->wait);
    free(settings->products);
    *settings = (device_settings){0};
}
