/* SPDX-License-Identifier: Apache-2.0 */
/* Opening devices. */
#include "command/device_input.h"
#include "text/failure.h"

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

/* Intel's runtime accepts a subdevice of a CPU but uses the whole CPU. This variable alone determines its number of
 * threads, and is read at the first OpenCL call. The waiting thread is added to them. */
static void restrict_intel_runtime(size_t threads)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", threads);
    if (threads > 0 && threads < (size_t)sysconf(_SC_NPROCESSORS_ONLN))
        setenv("DPCPP_CPU_NUM_CUS", text, 0);
}

int device_open(const gradus_device_options *options, const char *otherwise, gradus_device **out)
{
    restrict_intel_runtime(options->threads);
    gradus_status status = gradus_device_open_with(options, out);
    int code = fail_status(status);
    if (status == GRADUS_ERROR_NO_DEVICE && otherwise != NULL && !is_any_there())
        hint("%s", otherwise);
    return code;
}

int device_open_or_host(const gradus_device_options *options, gradus_device **out)
{
    const char *variable = getenv("GRADUS_DEVICE");
    const bool asked_for =
        options->selector != NULL || options->threads > 0 || (variable != NULL && *variable != '\0');
    if (asked_for || is_any_there())
        return device_open(options, NULL, out);
    *out = NULL;
    note("no OpenCL device, so the host computes; 'gradus devices' says why there is none");
    return EX_OK;
}
