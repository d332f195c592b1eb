/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values, including those for figures and texts that JSON cannot represent, and printing. */
#include "text/json_output.h"
#include "text/failure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_figure(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_text(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char *ascii = strdup(text);
    for (char *c = ascii; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c > 127)
            *c = '?';
    value = ascii == NULL ? NULL : json_string(ascii);
    free(ascii);
    return value;
}

json_t *json_layers(const gradus_network *network)
{
    json_t *layers = json_array();
    for (size_t i = 0; i <= network->layers; i++)
        json_array_append_new(layers, json_integer((json_int_t)network->sizes[i]));
    return layers;
}

const char *device_type_name(gradus_device_type type)
{
    switch (type) {
    case GRADUS_DEVICE_GPU:
        return "gpu";
    case GRADUS_DEVICE_ACCELERATOR:
        return "accelerator";
    case GRADUS_DEVICE_CPU:
        return "cpu";
    }
    return "unknown";
}

json_t *json_device(const gradus_device_info *info, size_t index)
{
    char selector[32];
    snprintf(selector, sizeof selector, "%u:%u", info->platform_index, info->device_index);
    return json_pack("{sI ss so so so so so ss sb sI sI sI sI sI}", "index", (json_int_t)index, "selector", selector,
                     "name", json_text(info->name), "vendor", json_text(info->vendor), "platform",
                     json_text(info->platform), "version", json_text(info->version), "driver", json_text(info->driver),
                     "type", device_type_name(info->type), "discrete", info->discrete, "compute_units",
                     (json_int_t)info->compute_units, "clock_mhz", (json_int_t)info->clock_mhz, "memory_bytes",
                     (json_int_t)info->memory_bytes, "max_allocation_bytes", (json_int_t)info->max_allocation_bytes,
                     "local_memory_bytes", (json_int_t)info->local_memory_bytes);
}

int json_print(json_t *value)
{
    if (value == NULL)
        return fail(EX_OSERR, "out of memory: the JSON output");
    json_dumpf(value, stdout, JSON_FORMAT); /* a failed write is noticed when the program ends */
    putchar('\n');
    json_decref(value);
    return EX_OK;
}
