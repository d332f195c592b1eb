/* SPDX-License-Identifier: Apache-2.0 */
/* The number of launches of a step with the kernels for GPUs, where a launch may take as long as its work: counted by
 * the profile of the device's queue. */
#include "compile_quickly.h"
#include "device/profile.h"
#include "engine/select/engines.h"
#include "engine_cases.h"

#define STEPS 100

static gradus_device *open_for_profiles(void)
{
    gradus_device_options options = gradus_device_options_default();
    gradus_device *opened = NULL;
    options.profile = true;
    options.kernels = "gpu";
    assert_ok(gradus_device_open_with(&options, &opened));
    return opened;
}

/* The launches of STEPS steps, in runs of `run`; full batches if batch is 0. */
static size_t count_launches(size_t hidden, size_t batch, size_t run, const gradus_augmentation *most)
{
    enum { SAMPLES = 400 };
    const gradus_network network = {.layers = 2, .sizes = {64, hidden, 5}};
    const permutation order = gr_permutation(SAMPLES, 1, 1);
    const size_t count = batch > 0 ? batch : SAMPLES;
    engine_settings settings = {.batch = batch, .augmentation = {*most, 1}};
    gradus_optimizer adam = gradus_optimizer_default();
    gradus_dataset *dataset = random_dataset(64, SAMPLES, 5);
    float *parameters = calloc(gr_network_layout(&network).length, sizeof *parameters);
    update_step steps[STEPS];
    gradus_profile profile = {0};
    engine *e = NULL;
    size_t launches = 0;

    adam.name = "adam";
    assert_ok(gr_optimizer_make(&adam, &settings.optimizer));
    assert_ok(gr_engine_create_with(&gr_engine_fused, &settings, device, &network, dataset, &e));
    gr_network_initialise(&network, 1, parameters);
    assert_ok(e->type->write_parameters(e, parameters));
    if (batch > 0)
        assert_ok(e->type->shuffle(e, &order));
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, 0.01f, i + 1);
    assert_ok(gr_profile_start(device));
    for (size_t i = 0; i < STEPS; i += run)
        assert_ok(gr_engine_take_steps(e, &(step_run){0, batch > 0 ? run * batch : count, steps + i, run, false}));
    assert_ok(gr_profile_stop(device, &profile));
    for (size_t k = 0; k < profile.kernel_count; k++) {
        print_message("  %s: %zu\n", profile.kernels[k].name, profile.kernels[k].launches);
        launches += profile.kernels[k].launches;
    }
    gr_engine_destroy(e);
    free(parameters);
    gradus_dataset_destroy(dataset);
    return launches;
}

static const gradus_augmentation none;

static void test_full_batches(void **state)
{
    (void)state;
    assert_true(count_launches(10, 0, 50, &none) <= 2 * STEPS);
    assert_true(count_launches(32, 0, 50, &none) <= 3 * STEPS);
}

/* All steps of a run are one launch: those of an epoch until the next report. */
static void test_narrow_batches(void **state)
{
    (void)state;
    assert_int_equal(count_launches(10, 8, 50, &none), STEPS / 50);
}

static void test_wide_batches(void **state)
{
    (void)state;
    const uint64_t local = device->info.local_memory_bytes;
    device->info.local_memory_bytes = 8192; /* the parameters do not fit */
    assert_int_equal(count_launches(40, 8, 50, &none), 2 * STEPS);
    device->info.local_memory_bytes = local;
}

/* One launch more, and now and then one that draws for many steps. */
static void test_augmented_batches(void **state)
{
    (void)state;
    const gradus_augmentation shift = {.shift = 1};
    const size_t launches = count_launches(40, 8, 50, &shift);
    assert_true(launches > 3 * STEPS - 1 && launches <= 3 * STEPS + STEPS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_batches),
        cmocka_unit_test(test_narrow_batches),
        cmocka_unit_test(test_wide_batches),
        cmocka_unit_test(test_augmented_batches),
    };
    gradus_device *other = open_test_device();
    gradus_device_close(other);
    device = open_for_profiles();
    const int failed = cmocka_run_group_tests(tests, compile_quickly, compile_fully);
    gradus_device_close(device);
    return failed;
}
