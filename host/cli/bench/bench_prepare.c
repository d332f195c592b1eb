/* SPDX-License-Identifier: Apache-2.0 */
/* Before a benchmark: the data, the devices, and the list of what is measured. */
#include "bench/bench_run.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Data ---- */

#define DENSE_SEED 1

/* The next of a sequence of random numbers (SplitMix64; Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Samples of bytes without a zero, as many and as large as before, with the same labels. */
static int make_dense(bench_run *run)
{
    int code = EX_OK;
    gradus_dataset *dense = NULL;
    uint64_t state = DENSE_SEED;
    const size_t bytes = run->info.samples * run->info.features;
    uint8_t *pixels = malloc(bytes);
    if (pixels == NULL)
        TRY(fail(EX_OSERR, "out of memory: --dense"));
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(1 + next_random(&state) % 255);
    TRY_GRADUS(gradus_dataset_create(pixels, gradus_dataset_labels(run->data), run->info.samples, run->info.width,
                                     run->info.height, &dense));
    gradus_dataset_destroy(run->data);
    run->data = dense;
    run->info = gradus_dataset_get_info(dense);
cleanup:
    free(pixels);
    return code;
}

static double share_not_zero(const gradus_dataset *data)
{
    const gradus_dataset_info info = gradus_dataset_get_info(data);
    const uint8_t *pixels = gradus_dataset_pixels(data);
    const float *floats = gradus_dataset_floats(data);
    const size_t count = info.samples * info.features;
    size_t nonzero = 0;
    for (size_t i = 0; i < count; i++)
        nonzero += info.floats ? floats[i] != 0 : pixels[i] != 0;
    return (double)nonzero / (double)count;
}

static int read_data(bench_run *run)
{
    int code = EX_OK;
    const bench_settings *settings = &run->settings;
    gradus_data_options options = gradus_data_options_default();
    options.data_dir = settings->data_dir;
    progress_phase(&run->progress, "reading the data ...");
    TRY_GRADUS(gradus_dataset_open(settings->dataset, &options, &run->data, NULL));
    run->info = gradus_dataset_get_info(run->data);
    if (settings->batch > run->info.samples)
        TRY(fail(EX_USAGE, "--batch: found %zu, expected at most %zu, the training samples of %s", settings->batch,
                 run->info.samples, settings->dataset));
    if (settings->batch > 0)
        TRY_GRADUS(gradus_dataset_truncate(run->data, settings->batch));
    run->info.samples = gradus_dataset_get_info(run->data).samples;
    if (settings->dense)
        TRY(make_dense(run));
    run->nonzero = share_not_zero(run->data);
cleanup:
    return code;
}

/* ---- Devices ---- */

static int open_one(bench_run *run, const char *selector, const gradus_device_info *list, size_t count)
{
    int code = EX_OK;
    const char *reason = NULL;
    bench_device *device = &run->devices[run->device_count];
    gradus_device_options options = run->settings.device;
    char by_index[24];

    TRY_GRADUS(gradus_device_choose(list, count, selector, &device->index, &reason));
    for (size_t i = 0; i < run->device_count; i++)
        if (run->devices[i].index == device->index)
            TRY(fail(EX_USAGE, "--device: \"%s\" is device %zu, %s, which is among them already", selector,
                     device->index, list[device->index].name));
    snprintf(by_index, sizeof by_index, "%zu", device->index);
    options.selector = by_index;
    options.profile = run->settings.profile;
    TRY(device_open(&options, NULL, &device->device));
    run->device_count++;
    TRY_GRADUS(gradus_device_limits(device->device, &device->limits));
cleanup:
    return code;
}

static bool variable_is_set(void)
{
    const char *variable = getenv("GRADUS_DEVICE");
    return variable != NULL && *variable != '\0';
}

/* Those of --device, else that of $GRADUS_DEVICE, else all. Nobody must have one. */
static int open_devices(bench_run *run)
{
    int code = EX_OK;
    const name_list *names = &run->settings.devices;
    const bool chosen = names->count > 0 || variable_is_set();
    gradus_device_info *list = NULL;
    size_t count = 0;

    if (names->count == 1 && strcmp(names->names[0], "none") == 0)
        return EX_OK;
    progress_phase(&run->progress, "measuring the devices' limits ...");
    const gradus_status status = gradus_device_list(&list, &count);
    if (status == GRADUS_ERROR_NO_DEVICE && !chosen) {
        note("no OpenCL device, so the host alone is measured; 'gradus devices' says why there is none");
        return EX_OK;
    }
    TRY_GRADUS(status);
    for (size_t i = 0; i < names->count; i++)
        TRY(open_one(run, names->names[i], list, count));
    if (names->count == 0 && chosen)
        TRY(open_one(run, NULL, list, count));
    for (size_t i = 0; !chosen && i < count && i < BENCH_NAMES_MAX; i++) {
        char selector[24];
        snprintf(selector, sizeof selector, "%zu", i);
        TRY(open_one(run, selector, list, count));
    }
cleanup:
    gradus_device_list_free(list);
    return code;
}

/* ---- Cases ---- */

static int add_case(bench_run *run, const gradus_network *network, const bench_device *device, const char *engine)
{
    bench_case *longer = realloc(run->cases, (run->case_count + 1) * sizeof *longer);
    if (longer == NULL)
        return fail(EX_OSERR, "out of memory: the list of what is measured");
    run->cases = longer;
    longer[run->case_count++] = (bench_case){.network = *network, .device = device, .engine = engine};
    return EX_OK;
}

static int add_engine(bench_run *run, const gradus_network *network, const char *engine, bool needs_device)
{
    int code = EX_OK;
    if (!needs_device)
        return add_case(run, network, NULL, engine);
    for (size_t d = 0; d < run->device_count; d++)
        TRY(add_case(run, network, &run->devices[d], engine));
cleanup:
    return code;
}

/* The reference takes about a nanosecond for each parameter and sample. Unless it is asked for it is not waited for. */
#define REFERENCE_PATIENCE_SECONDS 1.0

static int leave_out_if_slow(bench_run *run)
{
    bench_case *c = &run->cases[run->case_count - 1];
    const double seconds = 1e-9 * (double)count_parameters(&c->network) * (double)run->info.samples;
    if (strcmp(c->engine, "reference") != 0 || run->settings.engines.count > 0 || seconds < REFERENCE_PATIENCE_SECONDS)
        return EX_OK;
    if (asprintf(&c->left_out, "takes about %s an iteration; --engine reference measures it",
                 format_seconds(seconds).text) >= 0)
        return EX_OK;
    c->left_out = NULL;
    return fail(EX_OSERR, "out of memory: a message");
}

static bool needs_device(const char *name)
{
    gradus_engine_info engine;
    for (size_t i = 0; gradus_engine_get_info(i, &engine); i++)
        if (strcmp(engine.name, name) == 0)
            return engine.needs_device;
    return true; /* "auto" is asked for to see what it takes on a device */
}

static int add_network(bench_run *run, const size_list *hidden)
{
    int code = EX_OK;
    const name_list *names = &run->settings.engines;
    gradus_network network = data_network(&run->info, hidden);
    gradus_engine_info engine;
    gradus_work work;

    if (run->info.classes < 2)
        network.sizes[network.layers] = 2;
    TRY_GRADUS(gradus_network_work(&network, run->info.samples, &work));
    for (size_t i = 0; i < names->count; i++)
        TRY(add_engine(run, &network, names->names[i], needs_device(names->names[i])));
    for (size_t i = 0; names->count == 0 && gradus_engine_get_info(i, &engine); i++) {
        TRY(add_engine(run, &network, engine.name, engine.needs_device));
        if (!engine.needs_device)
            TRY(leave_out_if_slow(run));
    }
cleanup:
    return code;
}

int bench_run_prepare(bench_run *run)
{
    int code = EX_OK;
    TRY(read_data(run));
    TRY(open_devices(run));
    for (size_t i = 0; i < run->settings.network_count; i++)
        TRY(add_network(run, &run->settings.networks[i]));
    if (run->case_count == 0)
        TRY(fail(EX_USAGE, "--engine: each of these engines needs a device, and there is none"));
cleanup:
    return code;
}
