/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is needed to understand the figures later, as JSON. bench_compare.c reads it. */
#include "bench/bench_run.h"
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
    return json_pack("{so so so so so sI sI sI so sI sb sb}", "device", text_list(&settings->devices), "engine",
                     text_list(&settings->engines), "kernels", json_text(settings->device.kernels), "products",
                     json_text(settings->device.products), "wait", json_text(settings->device.wait), "threads",
                     (json_int_t)settings->device.threads, "repeats", (json_int_t)settings->repeats, "iterations",
                     (json_int_t)settings->iterations, "seconds", json_figure(settings->seconds), "batch",
                     (json_int_t)settings->batch, "dense", settings->dense, "profile", settings->profile);
}

static json_t *data_object(const bench_run *run)
{
    return json_pack("{so sb sI sI sI so}", "name", json_text(run->settings.dataset), "dense", run->settings.dense,
                     "samples", (json_int_t)run->info.samples, "features", (json_int_t)run->info.features, "classes",
                     (json_int_t)run->info.classes, "nonzero", json_figure(run->nonzero));
}

/* The processor's name where the system tells it: Linux on x86, and others that write this line. */
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

static json_t *devices_array(const bench_run *run)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < run->device_count; i++) {
        const bench_device *device = &run->devices[i];
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

static json_t *profile_object(const gradus_profile *profile)
{
    if (profile == NULL)
        return json_null();
    json_t *kernels = json_array();
    for (size_t i = 0; i < profile->kernel_count; i++)
        json_array_append_new(kernels, json_pack("{so sI so}", "name", json_text(profile->kernels[i].name), "launches",
                                                 (json_int_t)profile->kernels[i].launches, "seconds",
                                                 json_figure(profile->kernels[i].seconds)));
    return json_pack("{sI so so}", "iterations", (json_int_t)profile->sample.iterations, "seconds",
                     json_figure(profile->sample.seconds), "kernels", kernels);
}

static void add_samples(const bench_case *c, json_t *object)
{
    json_t *seconds = json_array(), *iterations = json_array();
    for (size_t i = 0; i < c->count; i++) {
        json_array_append_new(seconds, json_figure(c->samples[i].seconds / (double)c->samples[i].iterations));
        json_array_append_new(iterations, json_integer((json_int_t)c->samples[i].iterations));
    }
    json_object_set_new(object, "seconds", seconds);
    json_object_set_new(object, "iterations", iterations);
}

static json_t *case_object(const bench_run *run, const bench_case *c)
{
    const bool measured = c->count > 0;
    const char *device = c->device == NULL ? NULL : gradus_device_get_info(c->device->device)->name;
    json_t *object = json_pack(
        "{so so so so}", "network", json_layers(&c->network), "device", json_text(device), "device_index",
        c->device == NULL ? json_null() : json_integer((json_int_t)c->device->index), "engine", json_text(c->engine));
    if (object == NULL)
        return NULL;
    add_samples(c, object);
    json_object_set_new(object, "engine_used", json_text(c->used));
    json_object_set_new(object, "plan", json_text(c->plan));
    json_object_set_new(object, "median", json_figure(measured ? c->seconds.median : NAN));
    json_object_set_new(object, "quartiles",
                        measured ? json_pack("[ff]", c->seconds.lower_quartile, c->seconds.upper_quartile)
                                 : json_null());
    json_object_set_new(object, "iterations_per_second", json_figure(measured ? 1 / c->seconds.median : NAN));
    json_object_set_new(object, "share_of_limit", json_figure(bench_share_of_limit(run, c)));
    json_object_set_new(object, "times_blas", json_figure(bench_times_as_fast(run, c, "blas")));
    json_object_set_new(object, "times_reference", json_figure(bench_times_as_fast(run, c, "reference")));
    json_object_set_new(object, "profile", profile_object(c->profile));
    json_object_set_new(object, "left_out", json_text(c->left_out));
    return object;
}

static json_t *run_object(const bench_run *run)
{
    json_t *cases = json_array();
    for (size_t i = 0; i < run->case_count; i++)
        json_array_append_new(cases, case_object(run, &run->cases[i]));
    return json_pack("{ss ss so so so so so so so}", "format", BENCH_FORMAT, "version", gradus_version(), "commit",
                     *GRADUS_COMMIT == '\0' ? json_null() : json_text(GRADUS_COMMIT), "date", date_text(), "host",
                     host_object(), "options", options_object(&run->settings), "data", data_object(run), "devices",
                     devices_array(run), "cases", cases);
}

int bench_json_write(const bench_run *run)
{
    int code = EX_OK;
    const char *path = run->settings.json;
    json_t *value = NULL;
    result_file file = {0};
    if (path == NULL)
        return EX_OK;
    if (bench_json_on_stdout(&run->settings))
        return json_print(run_object(run));
    value = run_object(run);
    if (value == NULL)
        TRY(fail(EX_OSERR, "out of memory: --json"));
    TRY(result_file_open("--json", path, &file));
    json_dumpf(value, file.stream, JSON_FORMAT | JSON_INDENT(1)); /* a failed write is noticed when it is committed */
    fputc('\n', file.stream);
    TRY(result_file_commit(&file));
cleanup:
    json_decref(value);
    return code;
}
