/* SPDX-License-Identifier: Apache-2.0 */
/* The engines that `auto` and `once` choose, their measurements, and the stored choices. */
#include "engine/opencl/choice.h"
#include "engine/select/engines.h"
#include "engine_cases.h"
#include "with_device.h"

static gradus_device *device;

/* The kernels for GPUs, whatever the device is. */
static int use_gpu_kernels(void **state)
{
    (void)state;
    device->kernels = KERNELS_GPU;
    return 0;
}

static int use_own_kernels(void **state)
{
    (void)state;
    device->kernels = device->info.type == GRADUS_DEVICE_CPU ? KERNELS_CPU : KERNELS_GPU;
    return 0;
}

static void assert_auto(gradus_device *on, const gradus_dataset *dataset, const char *engine_name, char *plan,
                        size_t size)
{
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}};
    engine *e = NULL;
    assert_ok(gr_engine_open(NULL, &(engine_settings){0}, on, &network, dataset, &e));
    gr_engine_describe(e, plan, size);
    if (engine_name != NULL)
        assert_string_equal(e->type->name, engine_name);
    gr_engine_destroy(e);
}

static void test_auto(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    char plan[1024];
    assert_auto(NULL, dataset, GRADUS_BLAS ? "blas" : "reference", plan, sizeof plan);
    assert_auto(device, dataset, "fused", plan, sizeof plan);
    assert_string_equal(plan, "");
    gradus_dataset_destroy(dataset);
}

/* With kernels for GPUs the first training measures, and the second uses the stored choice, with the same result. */
static void test_auto_measures(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    char first[1024], second[1024];
    assert_auto(device, dataset, NULL, first, sizeof first);
    assert_memory_equal(first, "engine: ", 8);
    assert_non_null(strstr(first, " ms"));
    assert_auto(device, dataset, NULL, second, sizeof second);
    assert_string_equal(first, second);
    gradus_dataset_destroy(dataset);
}

/* The choice in the cache is used if it names an engine. */
static void test_auto_obeys(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    const size_t bytes = (size_t)6 * 11;
    size_t nonzero = 0;
    char key[CHOICE_TEXT], plan[1024];
    for (size_t i = 0; i < bytes; i++)
        nonzero += dataset->pixels[i] != 0;
    snprintf(key, sizeof key, "engine for 6-5-3, 11 samples, %.0f %% not zero",
             100.0 * (double)nonzero / (double)bytes);
    assert_ok(gr_choice_write(device, key, "sparse (0.1 ms)"));
    assert_auto(device, dataset, "sparse", plan, sizeof plan);
    assert_memory_equal(plan, "engine: sparse (0.1 ms)\n", 24);
    assert_ok(gr_choice_write(device, key, "sparsest (0.1 ms)"));
    assert_auto(device, dataset, NULL, plan, sizeof plan);
    assert_null(strstr(plan, "sparsest"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto),
        cmocka_unit_test_setup_teardown(test_auto_measures, use_gpu_kernels, use_own_kernels),
        cmocka_unit_test_setup_teardown(test_auto_obeys, use_gpu_kernels, use_own_kernels),
        cmocka_unit_test_setup_teardown(test_once, use_gpu_kernels, use_own_kernels),
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
