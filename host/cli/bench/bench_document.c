/* SPDX-License-Identifier: Apache-2.0 */
/* The figures, and everything that is needed to understand them later, as JSON. bench_compare.c reads it. */
#include "bench/bench_setup.h"
#include "command/result_file.h"
#include "commit.h"
#include "text/failure.h"
#include "text/json_output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* ---- Circumstances ---- */

static json_t *text_list(const name_list *list)
{
    json_t *names = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(names, json_text(list->names[i]));
    return names;
}

static json_t *options_object(const bench_settings *settings)
{
    return json_pack("{so so so so so so sI sI sI so sI sb sb}", "device", text_list(&settings->devices), "engine",
                     text_list(&settings->engines), "kernels", text_list(&settings->kernel_names), "kernel_kind",
                     json_text(settings->device.kernels), "products", json_text(settings->device.products), "wait",
                     json_text(settings->device.wait), "threads", (json_int_t)settings->device.threads, "repeats",
                     (json_int_t)settings->repeats, "iterations", (json_int_t)settings->iterations, "seconds",
                     json_figure(settings->seconds), "batch", (json_int_t)settings->batch, "dense", settings->dense,
                     "profile", settings->profile);
}

static json_t *data_object(const bench_setup *setup)
{
    return json_pack("{so sb sI sI sI so}", "name", json_text(setup->settings.dataset), "dense", setup->settings.dense,
                     "samples", (json_int_t)setup->info.samples, "features", (json_int_t)setup->info.features,
                     "classes", (json_int_t)setup->info.classes, "nonzero", json_figure(setup->nonzero));
}

/* The processor's name, if the system has it: Linux on x86, and others that write this line. */
static json_t *processor_name(void)
{
    char line[512];
    json_t *name = NULL;
    FILE *stream = fopen("/proc/cpuinfo", "re");
    while (stream != NULL && name == NULL && fgets(line, sizeof line, stream) != NULL) {
        const char *value = strstr(line, ": ");
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "model name", 10) == 0 && value != NULL)
            name = json_text(value + 2);
    }
    if (stream != NULL)
        fclose(stream);
    return name == NULL ? json_null() : name;
}

static json_t *host_object(void)
{
    struct utsname system;
    if (uname(&system) != 0)
        memset(&system, 0, sizeof system);
    return json_pack("{sI so so so so}", "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "processor",
                     processor_name(), "machine", json_text(system.machine), "system", json_text(system.sysname),
                     "release", json_text(system.release));
}

static json_t *devices_array(const bench_setup *setup)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < setup->device_count; i++) {
        const bench_device *device = &setup->devices[i];
        json_t *object = json_device(gradus_device_get_info(device->device), device->index);
        json_object_set_new(object, "limits",
                            json_pack("{so so}", "flop_per_second", json_figure(device->limits.flop_per_second),
                                      "bytes_per_second", json_figure(device->limits.bytes_per_second)));
        json_array_append_new(devices, object);
    }
    return devices;
}

static json_t *date_text(void)
{
    char text[32] = "";
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_text(text);
}

/* ---- Cases ---- */

json_t *bench_json_case(const gradus_network *network, const bench_device *device)
{
    return json_pack("{so so so}", "network", json_layers(network), "device",
                     device == NULL ? json_null() : json_text(gradus_device_get_info(device->device)->name),
                     "device_index", device == NULL ? json_null() : json_integer((json_int_t)device->index));
}

void bench_json_summary(json_t *object, const sample_summary *summary)
{
    json_object_set_new(object, "median", json_figure(summary == NULL ? NAN : summary->median));
    json_object_set_new(object, "quartiles",
                        summary == NULL ? json_null()
                                        : json_pack("[ff]", summary->lower_quartile, summary->upper_quartile));
}

/* ---- The document ---- */

json_t *bench_json_commit(void)
{
    return *GRADUS_COMMIT == '\0' ? json_null() : json_text(GRADUS_COMMIT);
}

static json_t *document(const bench_setup *setup, json_t *cases)
{
    return json_pack("{ss ss so so so so so so so}", "format", BENCH_FORMAT, "version", gradus_version(), "commit",
                     bench_json_commit(), "date", date_text(), "host", host_object(), "options",
                     options_object(&setup->settings), "data", data_object(setup), "devices", devices_array(setup),
                     "cases", cases);
}

int bench_json_output(const bench_settings *settings, json_t *value)
{
    int code = EX_OK;
    result_file file = {0};
    if (bench_json_on_stdout(settings))
        return json_print(value);
    if (value == NULL)
        TRY(fail(EX_OSERR, "out of memory: --json"));
    TRY(result_file_open("--json", settings->json, &file));
    json_dumpf(value, file.stream, JSON_FORMAT | JSON_INDENT(1)); /* the commit reports a failed write */
    fputc('\n', file.stream);
    TRY(result_file_commit(&file));
cleanup:
    json_decref(value);
    return code;
}

int bench_document_write(const bench_setup *setup, json_t *cases)
{
    return bench_json_output(&setup->settings, document(setup, cases));
}
