/* SPDX-License-Identifier: Apache-2.0 */
/* Occupancy of GPUs against figures that the vendors' calculators give, and the model of a device. */
#include "assert_close.h"
#include "device/device.h"
#include "device/gpu_model.h"
#include "engine/fused_batch_gpu/batch_gpu_plan.h"
#include "with_device.h"

static const gpu_description *find(const char *key)
{
    for (size_t i = 0; gr_gpu_description(i) != NULL; i++)
        if (strcmp(gr_gpu_description(i)->key, key) == 0)
            return gr_gpu_description(i);
    fail_msg("no GPU %s", key);
    return NULL;
}

/* NVIDIA: what cudaOccMaxActiveBlocksPerMultiprocessor() of CUDA 13.0 returns. AMD and Intel: worked out from the sources
 * that gpu_model.c names. */
static const struct {
    const char *key;
    size_t items, registers, local_bytes, groups;
} published[] = {
    {"h100", 224, 128, 0, 2},         {"h100", 224, 129, 0, 1},          {"h100", 224, 222, 38093, 1},
    {"h100", 416, 128, 0, 1},         {"h100", 416, 129, 0, 0},          {"h100", 448, 128, 0, 1},
    {"h100", 448, 144, 0, 0},         {"h100", 256, 64, 0, 4},           {"h100", 256, 32, 0, 8},
    {"h100", 64, 32, 0, 32},          {"h100", 32, 16, 0, 32},           {"h100", 1024, 64, 0, 1},
    {"h100", 256, 32, 48 << 10, 4},   {"h100", 256, 255, 0, 1},          {"h100", 256, 256, 0, 0},
    {"h100", 256, 32, 49153, 0},      {"h100", 1025, 16, 0, 0},          {"rtx3090", 256, 32, 0, 6},
    {"rtx3090", 64, 16, 0, 16},       {"rtx3090", 256, 32, 48 << 10, 2}, {"rtx3090", 256, 32, 24 << 10, 4},
    {"mi250", 256, 128, 0, 4},        {"mi250", 256, 129, 0, 3},         {"mi250", 256, 256, 0, 2},
    {"mi250", 256, 280, 0, 1},        {"mi250", 512, 280, 0, 0},         {"mi250", 64, 16, 0, 32},
    {"mi250", 128, 16, 0, 16},        {"mi250", 256, 32, 40 << 10, 1},   {"mi250", 256, 32, 32 << 10, 2},
    {"rx7900", 128, 96, 0, 16},       {"rx7900", 128, 97, 0, 12},        {"rx7900", 448, 192, 0, 2},
    {"rx7900", 256, 240, 0, 3},       {"rx7900", 256, 256, 0, 2},        {"rx7900", 256, 32, 64 << 10, 2},
    {"rx7900", 256, 32, 40 << 10, 3}, {"a770", 256, 32, 0, 16},          {"a770", 256, 64, 0, 8},
    {"a770", 256, 128, 0, 4},         {"a770", 256, 256, 0, 2},          {"a770", 256, 257, 0, 0},
    {"a770", 64, 32, 0, 32},          {"a770", 256, 32, 33 << 10, 2},    {"a770", 256, 32, 32 << 10, 4},
    {"a770", 1024, 128, 0, 1},        {"irisxe", 256, 32, 0, 14},        {"irisxe", 512, 128, 0, 1},
    {"irisxe", 256, 129, 0, 0},
};

static void test_occupancy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const gpu_model *model = &find(published[i].key)->model;
        const size_t groups =
            gr_gpu_groups_per_unit(model, published[i].items, published[i].registers, published[i].local_bytes);
        if (groups != published[i].groups)
            fail_msg("%s, %zu work-items with %zu registers, %zu bytes: %zu groups, expected %zu", published[i].key,
                     published[i].items, published[i].registers, published[i].local_bytes, groups,
                     published[i].groups);
    }
}

static void test_options(void **state)
{
    (void)state;
    char options[GPU_OPTIONS_SIZE];
    gr_gpu_register_options(&find("h100")->model, 128, options);
    assert_string_equal(options, " -D LIMITED_REGISTERS=1 -cl-nv-maxrregcount=128");
    gr_gpu_register_options(&find("h100")->model, 255, options);
    assert_string_equal(options, "");
    gr_gpu_register_options(&find("rx7900")->model, 128, options);
    assert_string_equal(options, "");
    gr_gpu_wave_options(&find("a770")->model, 128, options);
    assert_string_equal(options, " -D SUB_GROUP=8");
    gr_gpu_wave_options(&find("a770")->model, 129, options);
    assert_string_equal(options, " -D SUB_GROUP=8 -cl-intel-256-GRF-per-thread");
    gr_gpu_wave_options(&find("max1100")->model, 64, options);
    assert_string_equal(options, " -D SUB_GROUP=32");
    gr_gpu_wave_options(&find("max1100")->model, 128, options);
    assert_string_equal(options, " -D SUB_GROUP=16");
    gr_gpu_wave_options(&find("rx7900")->model, 200, options);
    assert_string_equal(options, "");
}

/* Many steps in one launch, of the notebook's network, on all GPUs but Intel's, whose registers do not suffice. */
static void test_steps_plan(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}, .activation = GRADUS_RELU};
    const parameter_layout layout = gr_network_layout(&network);
    for (size_t i = 0; gr_gpu_description(i) != NULL; i++) {
        const gpu_description *gpu = gr_gpu_description(i);
        batch_steps_plan plan;
        const bool suits = gr_batch_steps_plan(&network, &layout, 32, &gpu->model, &plan);
        if (suits != (gpu->model.vendor != GPU_INTEL))
            fail_msg("%s: batch_steps %s", gpu->key, suits ? "is planned" : "is not planned");
        assert_true(!suits || plan.unit_block * plan.unit_blocks >= network.sizes[1]);
    }
}

/* Every device has a model, with which at least one group of 64 work-items fits. */
static void test_model_of_device(void **state)
{
    (void)state;
    gradus_device *device = open_test_device();
    const gpu_model model = gr_gpu_model_of(device);
    assert_true(model.units > 0 && model.units <= device->info.compute_units);
    assert_true(model.group_items >= 1);
    assert_int_equal(model.group_local_bytes, device->info.local_memory_bytes);
    if (model.group_items >= 64)
        assert_true(gr_gpu_groups_per_unit(&model, 64, 128, 1024) >= 1);
    if (device->info.type == GRADUS_DEVICE_CPU)
        assert_int_equal(model.vendor, GPU_OTHER);
    gradus_device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_occupancy),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_steps_plan),
        cmocka_unit_test(test_model_of_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
