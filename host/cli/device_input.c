/* SPDX-License-Identifier: Apache-2.0 */
/* Opening devices. */
#include "device_input.h"
#include "failure.h"

#include <stdlib.h>

static bool is_any_there(void)
{
    gradus_device_info *list = NULL;
    size_t count = 0;
    gradus_status status = gradus_device_list(&list, &count);
    gradus_device_list_free(list);
    return status != GRADUS_ERROR_NO_DEVICE;
}

const char *const device_kernels[] = {"auto", "cpu", "gpu", NULL};

int device_open(const device_settings *settings, const char *otherwise, gradus_device **out)
{
    gradus_device_options options = gradus_device_options_default();
    options.selector = settings->selector;
    options.kernels = settings->kernels;
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
    const bool asked_for = settings->selector != NULL || (variable != NULL && *variable != '\0');
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
    *settings = (device_settings){0};
}
