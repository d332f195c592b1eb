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

int device_open(const char *selector, const char *otherwise, gradus_device **out)
{
    gradus_status status = gradus_device_open(selector, out);
    int code = fail_status(status);
    if (status == GRADUS_ERROR_NO_DEVICE && otherwise != NULL && !is_any_there())
        hint("%s", otherwise);
    return code;
}

int device_open_or_host(const char *selector, gradus_device **out)
{
    const char *variable = getenv("GRADUS_DEVICE");
    const bool asked_for = selector != NULL || (variable != NULL && *variable != '\0');
    if (asked_for || is_any_there())
        return device_open(selector, NULL, out);
    *out = NULL;
    note("no OpenCL device, so the host computes; 'gradus devices' says why there is none");
    return EX_OK;
}
