/* SPDX-License-Identifier: Apache-2.0 */
/* The engines that `auto` and `once` choose, their measurements, and the stored choices. */
#include "device/device.h"
#include "engine/select/engine_trial.h"
#include "engine/select/engines.h"
#include "engine_cases.h"
#include "kernel_kinds.h"
#include "scratch.h"

#include <dirent.h>
#include <unistd.h>

/* The kernels for GPUs, whatever the device is, and an empty cache of choices. */
static int begin_gpu_test(void **state)
{
    (void)use_gpu_kernels(state);
    return scratch_create(state) != 0 || setenv("XDG_CACHE_HOME", scratch_folder, 1) != 0;
}

static int end_gpu_test(void **state)
{
    (void)use_own_kernels(state);
    return scratch_remove(state);
}

/* The next builds of a program that take this much longer. */
static unsigned slow_builds;
#define SLOW_SECONDS 1.2

cl_int __real_clBuildProgram(cl_program, cl_uint, const cl_device_id *, const char *,
                             void(CL_CALLBACK *)(cl_program, void *), void *);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *user);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *user)
{
    if (slow_builds > 0) {
        slow_builds--;
        usleep((useconds_t)(SLOW_SECONDS * 1e6));
    }
    return __real_clBuildProgram(program, count, devices, options, notify, user);
}

/* The description of auto's engine for these data. */
#define PLAN_SIZE 2048
static void describe_auto_with(const engine_settings *settings, gradus_device *on, const gradus_network *network,
                               const gradus_dataset *dataset, char plan[PLAN_SIZE], const char **name)
{
    engine *e = NULL;
    assert_ok(gr_engine_open(NULL, settings, on, network, dataset, &e));
    gr_engine_describe(e, plan, PLAN_SIZE);
    *name = e->type->name;
    gr_engine_destroy(e);
}

static const char *describe_auto(gradus_device *on, const gradus_dataset *dataset, char plan[PLAN_SIZE])
{
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}};
    const char *name = NULL;
    describe_auto_with(&(engine_settings){0}, on, &network, dataset, plan, &name);
    return name;
}

static void test_auto(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    char plan[PLAN_SIZE];
    assert_string_equal(describe_auto(NULL, dataset, plan), GRADUS_BLAS ? "blas" : "reference");
    assert_string_equal(describe_auto(device, dataset, plan), "fused");
    assert_string_equal(plan, "");
    gradus_dataset_destroy(dataset);
}

/* The time in milliseconds that a plan's first line has for an engine; fails if it has none. */
static double time_in(const char *plan, const char *engine_name)
{
    double milliseconds = -1;
    const char *at = strstr(plan, engine_name);
    assert_true(at != NULL && at < strchr(plan, '\n'));
    at += strlen(engine_name);
    at += strspn(at, " (");
    assert_int_equal(sscanf(at, "%lf ms", &milliseconds), 1);
    return milliseconds;
}

/* With kernels for GPUs the first training measures all engines, and the second uses the stored choice, with the same
 * result. */
static void test_auto_measures(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    char first[PLAN_SIZE], second[PLAN_SIZE];
    describe_auto(device, dataset, first);
    assert_memory_equal(first, "engine: ", 8);
    assert_true(time_in(first, "fused") > 0 && time_in(first, "sparse") > 0 && time_in(first, "layered") > 0);
    describe_auto(device, dataset, second);
    assert_string_equal(first, second);
    gradus_dataset_destroy(dataset);
}

/* A slow compiler changes neither the number of engines that are tried nor their times. */
static void test_compiling_is_not_timed(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 12, 3);
    char plan[PLAN_SIZE];
    slow_builds = 3;
    describe_auto(device, dataset, plan);
    assert_true(slow_builds < 3);
    slow_builds = 0;
    assert_true(time_in(plan, "fused") < 1e3 * SLOW_SECONDS);
    assert_true(time_in(plan, "sparse") < 1e3 * SLOW_SECONDS);
    assert_true(time_in(plan, "layered") < 1e3 * SLOW_SECONDS);
    gradus_dataset_destroy(dataset);
}

/* ---- The stored choice ---- */

/* Replaces the value in the one line of the cache's one file of choices. */
static void replace_choice(const char *value)
{
    char path[512], text[4096];
    snprintf(path, sizeof path, "%s/gradus/choices", scratch_folder);
    DIR *files = opendir(path);
    assert_non_null(files);
    const struct dirent *entry = NULL;
    do {
        entry = readdir(files);
        assert_non_null(entry);
    } while (entry->d_name[0] == '.');
    snprintf(path, sizeof path, "%s/gradus/choices/%s", scratch_folder, entry->d_name);
    closedir(files);
    FILE *stream = fopen(path, "r+");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    char *tab = strchr(text, '\t');
    assert_true(tab != NULL && strchr(tab + 1, '\t') == NULL);
    assert_int_equal(ftruncate(fileno(stream), tab + 1 - text), 0);
    assert_int_equal(fseek(stream, tab + 1 - text, SEEK_SET), 0);
    fprintf(stream, "%s\n", value);
    assert_int_equal(fclose(stream), 0);
}

/* The choice in the cache is used if it names an engine. */
static void test_auto_obeys(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    char plan[PLAN_SIZE];
    describe_auto(device, dataset, plan);
    replace_choice("sparse (0.1 ms)");
    assert_string_equal(describe_auto(device, dataset, plan), "sparse");
    assert_memory_equal(plan, "engine: sparse (0.1 ms)\n", 24);
    replace_choice("sparsest (0.1 ms)");
    describe_auto(device, dataset, plan);
    assert_null(strstr(plan, "sparsest"));
    gradus_dataset_destroy(dataset);
}

/* The choice in the cache is not used under other circumstances. */
static void test_circumstances(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3), *dense = random_dataset(6, 11, 3);
    const uint64_t memory = device->memory_limit;
    char plan[PLAN_SIZE];
    memset(dense->pixels, 255, (size_t)6 * 11);
    describe_auto(device, dataset, plan);
    replace_choice("sparse (0.123 ms)");

    describe_auto(device, dense, plan);
    assert_null(strstr(plan, "0.123 ms"));
    device->memory_limit = memory - 4096;
    describe_auto(device, dataset, plan);
    device->memory_limit = memory;
    assert_null(strstr(plan, "0.123 ms"));
    device->products = PRODUCTS_OWN;
    describe_auto(device, dataset, plan);
    device->products = PRODUCTS_AUTO;
    assert_null(strstr(plan, "0.123 ms"));
    device->info.compute_units++;
    describe_auto(device, dataset, plan);
    device->info.compute_units--;
    assert_null(strstr(plan, "0.123 ms"));

    describe_auto(device, dataset, plan);
    assert_non_null(strstr(plan, "0.123 ms"));
    gradus_dataset_destroy(dataset);
    gradus_dataset_destroy(dense);
}

/* An engine that cannot be created is named, and the choice among the others is not stored. */
static void test_refusal_is_told(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    const uint64_t local = device->info.local_memory_bytes;
    char plan[PLAN_SIZE];
    device->info.local_memory_bytes = 64;
    assert_string_not_equal(describe_auto(device, dataset, plan), "fused");
    device->info.local_memory_bytes = local;
    assert_non_null(strstr(plan, "\nengine fused cannot be used: "));
    assert_true(time_in(plan, "sparse") > 0 && time_in(plan, "layered") > 0);
    describe_auto(device, dataset, plan);
    assert_null(strstr(plan, "cannot be used"));
    assert_true(time_in(plan, "fused") > 0);
    gradus_dataset_destroy(dataset);
}

/* A user who stops ends the measurement, and nothing is stored. */
static void test_stop(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}};
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    const volatile int stop = 1;
    char plan[PLAN_SIZE];
    const char *name = NULL;
    describe_auto_with(&(engine_settings){.stop = &stop}, device, &network, dataset, plan, &name);
    assert_string_equal(name, "layered");
    assert_null(strstr(plan, " ms"));
    describe_auto(device, dataset, plan);
    assert_true(time_in(plan, "fused") > 0);
    gradus_dataset_destroy(dataset);
}

/* More features than the indices of fused count: auto takes another engine, with either kind of kernels, and says
 * so. */
static void test_wide_data(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 1, .sizes = {65537, 3}};
    gradus_dataset *dataset = random_dataset(65537, 2, 3);
    char plan[PLAN_SIZE];
    const char *name = NULL;
    for (kernel_kind kind = KERNELS_CPU; kind <= KERNELS_GPU; kind++) {
        device->kernels = kind;
        describe_auto_with(&(engine_settings){0}, device, &network, dataset, plan, &name);
        assert_string_equal(name, "layered");
        assert_non_null(strstr(plan, "engine fused cannot be used: "));
    }
    gradus_dataset_destroy(dataset);
}

/* ---- Timing ---- */

/* An engine that takes steps, the first of them as slowly as one that compiles, and counts. */
typedef struct fake_engine {
    engine base;
    size_t steps, longest, shuffles;
} fake_engine;

static gradus_status fake_write(engine *e, const float *parameters)
{
    (void)e, (void)parameters;
    return GRADUS_OK;
}

static gradus_status fake_shuffle(engine *e, const permutation *order)
{
    (void)order;
    ((fake_engine *)e)->shuffles++;
    return GRADUS_OK;
}

static gradus_status fake_steps(engine *base, const step_run *run)
{
    fake_engine *e = (fake_engine *)base;
    const size_t first = e->steps % 3 * 4, end = first + 4 * run->count;
    assert_int_equal(run->first, first);
    assert_int_equal(run->end, end < 11 ? end : 11);
    usleep(e->steps == 0 ? 300000 : 1000 * (useconds_t)run->count);
    e->longest = e->longest > run->count ? e->longest : run->count;
    e->steps += run->count;
    return GRADUS_OK;
}

static gradus_status fake_sums(engine *e, batch_sums *sums)
{
    (void)e;
    *sums = (batch_sums){0};
    return GRADUS_OK;
}

static const engine_type fake_type = {.name = "fake",
                                      .write_parameters = fake_write,
                                      .shuffle = fake_shuffle,
                                      .take_steps = fake_steps,
                                      .read_sums = fake_sums};

/* With mini-batches, an engine that takes many steps at once is timed so, with the training's batches, and without the
 * first step. */
static void test_trial_takes_steps(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    fake_engine fake = {.base = {.type = &fake_type, .dataset = dataset, .batch = 4}};
    double seconds = 0;
    assert_ok(gr_engine_trial(&fake.base, NULL, &seconds));
    assert_true(seconds >= 0.001 && seconds < 0.2);
    assert_true(fake.steps > 2 && fake.longest == 3);
    assert_true(fake.shuffles >= fake.steps / 3);
    gradus_dataset_destroy(dataset);
}

/* The engine of a single pass with kernels for GPUs: fused for narrow layers, layered for wide ones and if fused does
 * not support the options. */
static void test_once(void **state)
{
    (void)state;
    static const gradus_network networks[] = {{.layers = 2, .sizes = {31, 5, 3}}, {.layers = 2, .sizes = {31, 65, 3}}};
    const kernel_kind kernels = device->kernels;
    const uint64_t local = device->info.local_memory_bytes;
    gradus_dataset *dataset = random_dataset(31, 9, 3);
    device->kernels = KERNELS_GPU;
    for (size_t i = 0; i < 3; i++) {
        engine *e = NULL;
        device->info.local_memory_bytes = i == 2 ? 64 : local;
        assert_ok(gr_engine_create(&gr_engine_once, device, &networks[i % 2], dataset, &e));
        assert_string_equal(e->type->name, i == 0 ? "fused" : "layered");
        gr_engine_destroy(e);
    }
    device->kernels = kernels;
    device->info.local_memory_bytes = local;
    gradus_dataset_destroy(dataset);
}

#define gpu_test(function) cmocka_unit_test_setup_teardown(function, begin_gpu_test, end_gpu_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto), gpu_test(test_auto_measures), gpu_test(test_compiling_is_not_timed),
        gpu_test(test_auto_obeys),   gpu_test(test_circumstances), gpu_test(test_refusal_is_told),
        gpu_test(test_stop),         gpu_test(test_wide_data),     cmocka_unit_test(test_trial_takes_steps),
        gpu_test(test_once),
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
