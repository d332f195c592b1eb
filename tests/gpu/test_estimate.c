/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Estimates of steps on described GPUs: the launches are those that the engine queues on such a GPU, which fake_opencl.c
 * records; and properties that every estimate has.
 */
#include "assert_close.h"
#include "core/memory.h"
#include "device/device.h"
#include "engine/select/engines.h"
#include "fake_opencl.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 28
#define STEPS 100

typedef struct training {
    size_t hidden, batch, samples;
    const char *optimizer;
} training;

static const training trainings[] = {
    {10, 0, 3000, "sgd"},    {10, 0, 3001, "adam"},    {128, 0, 3000, "sgd"},     {512, 0, 2000, "momentum"},
    {10, 32, 3200, "sgd"},   {10, 32, 3200, "adam"},   {32, 100, 10000, "adam"},  {128, 32, 3200, "rmsprop"},
    {512, 16, 1600, "adam"}, {128, 128, 12800, "sgd"}, {128, 128, 12800, "adam"},
};
#define TRAININGS (sizeof trainings / sizeof *trainings)

static gradus_network network_of(const training *t)
{
    return (gradus_network){.layers = 2, .sizes = {SIDE * SIDE, t->hidden, 10}, .activation = GRADUS_RELU};
}

static gradus_estimate estimate(const char *gpu, const training *t)
{
    const gradus_network network = network_of(t);
    gradus_estimate out;
    if (gradus_estimate_step(gpu, &network, t->samples, t->batch, t->optimizer, &out) != GRADUS_OK)
        fail_msg("%s: %s", gpu, gradus_last_error());
    return out;
}

/* ---- The engine's launches ---- */

static gradus_device *open_fake(const gpu_description *gpu)
{
    gradus_device_options options = gradus_device_options_default();
    gradus_device *device = NULL;
    options.selector = gpu->name;
    options.products = "own";
    assert_int_equal(gradus_device_open_with(&options, &device), GRADUS_OK);
    return device;
}

static gradus_dataset *make_dataset(size_t samples)
{
    uint8_t *pixels = NULL, *labels = NULL;
    gradus_dataset *dataset = NULL;
    assert_int_equal(gr_allocate(samples * SIDE * SIDE, &pixels), GRADUS_OK);
    assert_int_equal(gr_allocate(samples, &labels), GRADUS_OK);
    for (size_t i = 0; i < samples; i++)
        labels[i] = (uint8_t)(i % 10);
    assert_int_equal(gr_dataset_adopt(pixels, labels, samples, SIDE, SIDE, &dataset), GRADUS_OK);
    return dataset;
}

static void take_steps(engine *e)
{
    update_step steps[STEPS];
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, 0.1f, i + 1);
    for (size_t i = 0; i < STEPS && e->batch == 0; i++)
        assert_int_equal(e->type->take_steps(e, &(step_run){0, e->dataset->info.samples, &steps[i], 1, false}),
                         GRADUS_OK);
    if (e->batch > 0)
        assert_int_equal(e->type->take_steps(e, &(step_run){0, STEPS * e->batch, steps, STEPS, false}), GRADUS_OK);
}

/* As many launches of the same kernels with the same work-groups, in the same order. */
static void check_launches(const gpu_description *gpu, const training *t)
{
    const gradus_estimate e = estimate(gpu->key, t);
    const fake_launch *l = NULL;
    size_t i = 0;
    for (; (l = fake_launch_at(i)) != NULL; i++) {
        const gradus_launch_estimate *expected = &e.launches[i];
        if (i >= e.launch_count || strcmp(l->kernel, expected->kernel) != 0 || l->items != expected->items ||
            l->groups != expected->groups)
            fail_msg("%s, 784-%zu-10, batch %zu: launch %zu is %s, %zu x %zu", gpu->key, t->hidden, t->batch, i,
                     l->kernel, l->groups, l->items);
        if (expected->launches >= 1)
            assert_close((double)l->count / STEPS, expected->launches, 0, 0);
        else
            assert_int_equal(l->count, 1);
    }
    assert_int_equal(i, e.launch_count);
}

static void check_engine(gradus_device *device, const gpu_description *gpu, const training *t)
{
    const gradus_network network = network_of(t);
    gradus_dataset *dataset = make_dataset(t->samples);
    gradus_optimizer options = gradus_optimizer_default();
    engine_settings settings = {.batch = t->batch};
    engine *e = NULL;
    options.name = t->optimizer;
    assert_int_equal(gr_optimizer_make(&options, &settings.optimizer), GRADUS_OK);
    if (gr_engine_create_with(&gr_engine_fused, &settings, device, &network, dataset, &e) != GRADUS_OK)
        fail_msg("%s: %s", gpu->key, gradus_last_error());
    const permutation order = gr_permutation((uint32_t)t->samples, 1, 1);
    if (t->batch > 0)
        assert_int_equal(e->type->shuffle(e, &order), GRADUS_OK);
    assert_non_null(e->type->take_steps);
    fake_launches_clear();
    take_steps(e);
    check_launches(gpu, t);
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
}

static void test_launches(void **state)
{
    (void)state;
    const gpu_description *gpu = NULL;
    for (size_t g = 0; (gpu = gr_gpu_description(g)) != NULL; g++) {
        gradus_device *device = open_fake(gpu);
        for (size_t i = 0; i < TRAININGS; i++)
            check_engine(device, gpu, &trainings[i]);
        gradus_device_close(device);
    }
}

/* ---- Properties ---- */

/* The sum of the products over all layers. */
static double multiply_adds(const training *t, size_t samples)
{
    const double first = SIDE * SIDE * (double)t->hidden, second = (double)t->hidden * 10;
    return (double)samples * (2 * first + 3 * second);
}

static void check_estimate(const gpu_description *gpu, const training *t)
{
    const gradus_estimate e = estimate(gpu->key, t);
    double done = 0, seconds = 0, launches = 0;
    assert_true(e.launch_count >= 1 && e.launch_count <= 3 && e.units == gpu->model.units);
    for (size_t i = 0; i < e.launch_count; i++) {
        const gradus_launch_estimate *l = &e.launches[i];
        const double least[] = {l->multiply_add_seconds, l->instruction_seconds, l->local_seconds,   l->cache_seconds,
                                l->memory_seconds,       l->loading_seconds,     l->waiting_seconds, l->gap_seconds};
        for (size_t k = 0; k < sizeof least / sizeof *least; k++)
            assert_true(least[k] >= 0 && least[k] <= l->seconds);
        assert_true(l->groups_per_unit >= 1 && l->local_bytes > 0 && l->cache_bytes > 0 && l->memory_bytes >= 0);
        assert_true(l->multiply_add_seconds <= l->instruction_seconds || gpu->rates.multiply_adds < 128);
        assert_true(strlen(l->bound) > 0);
        done += l->multiply_adds;
        seconds += l->seconds;
        launches += l->launches;
    }
    assert_close(done, multiply_adds(t, t->batch > 0 ? t->batch : t->samples), 0, 1e-9);
    assert_close(e.gpu_seconds, seconds, 0, 1e-9);
    assert_close(e.launches_per_step, launches, 0, 1e-9);
    assert_true(e.seconds >= e.gpu_seconds && e.seconds >= e.host_seconds && e.host_seconds > 0);
    assert_close(e.epoch_seconds, e.seconds * (t->batch > 0 ? (double)t->samples / (double)t->batch : 1), 0, 1e-9);
}

static void test_properties(void **state)
{
    (void)state;
    for (size_t g = 0; gr_gpu_description(g) != NULL; g++)
        for (size_t i = 0; i < TRAININGS; i++)
            check_estimate(gr_gpu_description(g), &trainings[i]);
}

/* More samples take longer. Four times as many, because the plan is another one, and may be a better one. */
static void check_monotone(const char *gpu, size_t hidden, bool batches)
{
    gradus_estimate before = {0};
    for (size_t i = 0, count = batches ? 16 : 4000; i < 4; i++, count *= 4) {
        const training t = {hidden, batches ? count : 0, batches ? 60000 : count, "adam"};
        const gradus_estimate e = estimate(gpu, &t);
        const bool same = i > 0 && strcmp(e.launches[0].kernel, before.launches[0].kernel) == 0;
        if (same && !(e.seconds > before.seconds))
            fail_msg("%s, %zu units: %zu samples take %g s, a quarter %g s", gpu, hidden, count, e.seconds,
                     before.seconds);
        before = e;
    }
}

static void test_monotone(void **state)
{
    (void)state;
    for (size_t g = 0; gr_gpu_description(g) != NULL; g++)
        for (size_t hidden = 10; hidden <= 512; hidden *= 7) {
            check_monotone(gr_gpu_description(g)->key, hidden, false);
            check_monotone(gr_gpu_description(g)->key, hidden, true);
        }
}

/* What does not fit into the cache comes from memory; moments cost time; a launch has many steps. */
static void test_parts(void **state)
{
    (void)state;
    const gradus_estimate small_cache = estimate("rtx3090", &(training){10, 0, 41000, "sgd"});
    const gradus_estimate large_cache = estimate("h100", &(training){10, 0, 41000, "sgd"});
    assert_true(small_cache.launches[0].memory_bytes >= 41000.0 * SIDE * SIDE);
    assert_close(large_cache.launches[0].memory_bytes, 0, 0, 0); /* X stays in 50 MB of cache */
    const gradus_estimate adam = estimate("h100", &(training){128, 128, 60000, "adam"});
    const gradus_estimate sgd = estimate("h100", &(training){128, 128, 60000, "sgd"});
    assert_true(adam.seconds >= sgd.seconds && adam.launches[1].cache_bytes > sgd.launches[1].cache_bytes);
    const gradus_estimate steps = estimate("h100", &(training){10, 32, 60000, "adam"});
    assert_close(steps.launches_per_step, 1.0 / METRIC_SLOTS, 0, 1e-12);
}

static void test_errors(void **state)
{
    (void)state;
    const training narrow = {10, 0, 1000, "sgd"};
    const gradus_network network = network_of(&narrow);
    gradus_network impossible = network, floats = network;
    gradus_estimate out;
    impossible.sizes[1] = 0;
    floats.floats = true;
    assert_int_equal(gradus_estimate_step("h200", &network, 1000, 0, "sgd", &out), GRADUS_ERROR_ARGUMENT);
    assert_non_null(strstr(gradus_last_error(), "GPU \"h200\": expected h100, a100, rtx3090, "));
    assert_int_equal(gradus_estimate_step("h100", &network, 1000, 0, "magic", &out), GRADUS_ERROR_ARGUMENT);
    assert_non_null(strstr(gradus_last_error(), "optimizer \"magic\""));
    assert_int_equal(gradus_estimate_step("h100", &network, 0, 0, NULL, &out), GRADUS_ERROR_ARGUMENT);
    assert_int_equal(gradus_estimate_step("h100", &network, 10, 11, NULL, &out), GRADUS_ERROR_ARGUMENT);
    assert_non_null(strstr(gradus_last_error(), "batch: found 11, expected at most 10"));
    assert_int_equal(gradus_estimate_step("h100", &impossible, 10, 0, NULL, &out), GRADUS_ERROR_ARGUMENT);
    assert_int_equal(gradus_estimate_step("h100", &floats, 10, 0, NULL, &out), GRADUS_ERROR_ARGUMENT);
    impossible.sizes[1] = 10;
    impossible.sizes[0] = 100000; /* a sample is larger than local memory */
    assert_int_equal(gradus_estimate_step("h100", &impossible, 10, 2, NULL, &out), GRADUS_ERROR_DEVICE);
    assert_int_equal(gradus_estimate_step("h100", &impossible, 10, 0, NULL, &out), GRADUS_ERROR_DEVICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launches), cmocka_unit_test(test_properties), cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_errors),
    };
    setenv("GRADUS_PROGRAM_CACHE", "0", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
