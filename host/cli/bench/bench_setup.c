/* SPDX-License-Identifier: Apache-2.0 */
/* Prepares a benchmark: the data and the devices. */
#include "bench/bench_setup.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Replaces the samples by bytes without a zero, with the same number, size and labels. */
static int make_dense(bench_setup *setup)
{
    int code = EX_OK;
    gradus_dataset *dense = NULL;
    uint64_t state = DENSE_SEED;
    const size_t bytes = setup->info.samples * setup->info.features;
    uint8_t *pixels = malloc(bytes);
    if (pixels == NULL)
        TRY(fail(EX_OSERR, "out of memory: --dense"));
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(1 + next_random(&state) % 255);
    TRY_GRADUS(gradus_dataset_create(pixels, gradus_dataset_labels(setup->data), setup->info.samples,
                                     setup->info.width, setup->info.height, &dense));
    gradus_dataset_destroy(setup->data);
    setup->data = dense;
    setup->info = gradus_dataset_get_info(dense);
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

static int read_data(bench_setup *setup)
{
    int code = EX_OK;
    const bench_settings *settings = &setup->settings;
    gradus_data_options options = gradus_data_options_default();
    options.data_dir = settings->data_dir;
    progress_phase(&setup->progress, "reading the data ...");
    TRY_GRADUS(gradus_dataset_open(settings->dataset, &options, &setup->data, NULL));
    setup->info = gradus_dataset_get_info(setup->data);
    if (settings->batch > setup->info.samples)
        TRY(fail(EX_USAGE, "--batch: found %zu, expected at most %zu, the training samples of %s", settings->batch,
                 setup->info.samples, settings->dataset));
    if (settings->batch > 0)
        TRY_GRADUS(gradus_dataset_truncate(setup->data, settings->batch));
    setup->info.samples = gradus_dataset_get_info(setup->data).samples;
    if (settings->dense)
        TRY(make_dense(setup));
    setup->nonzero = share_not_zero(setup->data);
cleanup:
    return code;
}

/* ---- Devices ---- */

static int open_one(bench_setup *setup, const char *selector, const gradus_device_info *list, size_t count)
{
    int code = EX_OK;
    const char *reason = NULL;
    bench_device *device = &setup->devices[setup->device_count];
    gradus_device_options options = setup->settings.device;
    char by_index[24];

    TRY_GRADUS(gradus_device_choose(list, count, selector, &device->index, &reason));
    for (size_t i = 0; i < setup->device_count; i++)
        if (setup->devices[i].index == device->index)
            TRY(fail(EX_USAGE, "--device: \"%s\" is device %zu, %s, which was named already", selector, device->index,
                     list[device->index].name));
    snprintf(by_index, sizeof by_index, "%zu", device->index);
    options.selector = by_index;
    options.profile = setup->settings.profile || setup->settings.kernels != NULL;
    TRY(device_open(&options, NULL, &device->device));
    setup->device_count++;
    TRY_GRADUS(gradus_device_limits(device->device, &device->limits));
cleanup:
    return code;
}

static bool variable_is_set(void)
{
    const char *variable = getenv("GRADUS_DEVICE");
    return variable != NULL && *variable != '\0';
}

/* Opens the devices of --device, else that of $GRADUS_DEVICE, else all. There may be none. */
static int open_devices(bench_setup *setup)
{
    int code = EX_OK;
    const name_list *names = &setup->settings.devices;
    const bool chosen = names->count > 0 || variable_is_set();
    gradus_device_info *list = NULL;
    size_t count = 0;

    if (names->count == 1 && strcmp(names->names[0], "none") == 0)
        return EX_OK;
    progress_phase(&setup->progress, "measuring the devices' limits ...");
    const gradus_status status = gradus_device_list(&list, &count);
    if (status == GRADUS_ERROR_NO_DEVICE && !chosen && setup->settings.kernels == NULL) {
        note("no OpenCL device: only the host is measured; 'gradus devices' says why there is none");
        return EX_OK;
    }
    TRY_GRADUS(status);
    for (size_t i = 0; i < names->count; i++)
        TRY(open_one(setup, names->names[i], list, count));
    if (names->count == 0 && chosen)
        TRY(open_one(setup, NULL, list, count));
    for (size_t i = 0; !chosen && i < count && i < BENCH_NAMES_MAX; i++) {
        char selector[24];
        snprintf(selector, sizeof selector, "%zu", i);
        TRY(open_one(setup, selector, list, count));
    }
cleanup:
    gradus_device_list_free(list);
    return code;
}

int bench_setup_prepare(bench_setup *setup)
{
    int code = EX_OK;
    TRY(read_data(setup));
    TRY(open_devices(setup));
cleanup:
    return code;
}

int bench_network(const bench_setup *setup, const size_list *hidden, gradus_network *out)
{
    gradus_work work;
    *out = data_network(&setup->info, hidden);
    if (setup->info.classes < 2)
        out->sizes[out->layers] = 2;
    return fail_status(gradus_network_work(out, setup->info.samples, &work));
}

bool bench_stopped(const bench_setup *setup)
{
    return *setup->stop != 0;
}

static void print_device(const bench_device *device)
{
    const gradus_device_info *info = gradus_device_get_info(device->device);
    printf("device %zu    %s (%s, driver %s)\n", device->index, info->name, info->platform, info->driver);
    printf("            at best %s GFLOP/s of multiply-adds, %s GB/s read from memory\n",
           format_rate(1e-9 * device->limits.flop_per_second).text,
           format_rate(1e-9 * device->limits.bytes_per_second).text);
}

void bench_print_setup(const bench_setup *setup)
{
    const bench_settings *settings = &setup->settings;
    printf("data        %s%s: %s samples of %s features, %s of the %s are not zero\n", settings->dataset,
           settings->dense ? " with random pixels" : "", format_count(setup->info.samples).text,
           format_count(setup->info.features).text, format_percent(setup->nonzero).text,
           setup->info.floats ? "floats" : "bytes");
    printf("program     gradus %s on %ld CPUs\n", gradus_version(), sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < setup->device_count; i++)
        print_device(&setup->devices[i]);
}

void bench_setup_free(bench_setup *setup)
{
    for (size_t i = 0; i < setup->device_count; i++)
        gradus_device_close(setup->devices[i].device);
    gradus_dataset_destroy(setup->data);
    bench_settings_free(&setup->settings);
}
