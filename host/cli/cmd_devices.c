/* SPDX-License-Identifier: Apache-2.0 */
/* gradus devices: lists OpenCL's devices, and the one that is chosen. */
#include "command/command_line.h"
#include "command/commands.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <stdio.h>

typedef struct device_choice {
    gradus_device_info *list;
    size_t count, index;
    const char *reason; /* NULL: nothing fits the selector */
} device_choice;

static json_t *choice_object(const device_choice *choice)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < choice->count; i++)
        json_array_append_new(devices, json_device(&choice->list[i], i));
    json_t *chosen = choice->reason == NULL ? json_null() : json_integer((json_int_t)choice->index);
    return json_pack("{so so so}", "devices", devices, "chosen", chosen, "reason", json_text(choice->reason));
}

static void print_device(const gradus_device_info *info, size_t index, bool chosen)
{
    printf("%s%zu  %s\n", chosen ? "* " : "  ", index, info->name);
    printf("     selector      %u:%u\n", info->platform_index, info->device_index);
    printf("     type          %s%s\n", device_type_name(info->type),
           info->type == GRADUS_DEVICE_CPU ? ""
           : info->discrete                ? ", memory of its own"
                                           : ", shares the host's memory");
    printf("     units         %u", info->compute_units);
    if (info->clock_mhz > 0)
        printf(" at %u MHz", info->clock_mhz);
    printf("\n     memory        %s, at most %s per allocation, %s local\n", format_bytes(info->memory_bytes).text,
           format_bytes(info->max_allocation_bytes).text, format_bytes(info->local_memory_bytes).text);
    printf("     vendor        %s\n", info->vendor);
    printf("     platform      %s\n", info->platform);
    printf("     version       %s\n", info->version);
    printf("     driver        %s\n\n", info->driver);
}

static void print_choice(const device_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        print_device(&choice->list[i], i, choice->reason != NULL && i == choice->index);
    if (choice->reason != NULL)
        printf("* chosen: %s\n", choice->reason);
}

typedef struct devices_settings {
    command_line line;
    const char *device;
    bool json;
} devices_settings;

int cmd_devices(int argc, const char **argv)
{
    static const command_description description = {
        .name = "devices",
        .arguments = "",
        .summary = "Lists the devices and the one that is chosen.",
        .notes = "Without --device, $GRADUS_DEVICE decides; without that, the first of the list is chosen.\n",
    };
    int code = EX_OK;
    static const option_row options[] = {
        DEVICE_OPTION(devices_settings, device),
        JSON_OPTION(devices_settings, json),
        END_OPTION,
    };
    devices_settings settings = {0};
    device_choice choice = {0};
    TRY(command_line_parse(&description, options, argc, argv, &settings, &settings.line));
    TRY_GRADUS(gradus_device_list(&choice.list, &choice.count));
    /* If the requested device does not exist, the list of the existing ones comes before the error. */
    gradus_status chosen =
        gradus_device_choose(choice.list, choice.count, settings.device, &choice.index, &choice.reason);
    if (settings.json)
        TRY(json_print(choice_object(&choice)));
    else
        print_choice(&choice);
    if (chosen != GRADUS_OK) {
        fflush(stdout);
        code = fail(EX_UNAVAILABLE, "%s", gradus_last_error());
    }
cleanup:
    gradus_device_list_free(choice.list);
    command_line_free(&settings.line);
    return code;
}
