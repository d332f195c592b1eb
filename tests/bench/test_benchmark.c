/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks in the library: work, limits, samples, profiles. */
#include "engine_cases.h"
#include "with_device.h"

static const gradus_network network = {.layers = 2, .sizes = {30, 7, 5}};
static gradus_dataset *dataset;
static gradus_device *device; /* opened for profiles */

static void test_work(void **state)
{
    (void)state;
    const gradus_network wrong = {.layers = 1, .sizes = {0, 2}};
    gradus_work work;
    assert_ok(gradus_network_work(&network, 100, &work));
    assert_close(work.flop, 2.0 * 100 * (2 * 30 * 7 + 3 * 7 * 5), 0, 0);
    assert_close(work.bytes, 3000, 0, 0);
    assert_fails(gradus_network_work(&wrong, 100, &work), GRADUS_ERROR_ARGUMENT, "0");
}

static void test_engine_list(void **state)
{
    (void)state;
    gradus_engine_info info;
    size_t with_device = 0, count = 0;
    for (; gradus_engine_get_info(count, &info); count++)
        with_device += info.needs_device;
    assert_true(with_device >= 2 && count > with_device);
    assert_string_equal(info.name, "reference");
}

/* Within the range of any device of this decade and the next. */
static void test_limits(void **state)
{
    (void)state;
    gradus_limits limits = {0};
    assert_ok(gradus_device_limits(device, &limits));
    assert_true(limits.flop_per_second > 1e8 && limits.flop_per_second < 1e16);
    assert_true(limits.bytes_per_second > 1e8 && limits.bytes_per_second < 1e15);
}

static void check_engine(const char *name)
{
    const gradus_benchmark_options options = {.seconds = 0.02, .iterations = 5};
    gradus_benchmark *benchmark = NULL;
    gradus_benchmark_sample sample;
    assert_ok(gradus_benchmark_create(device, name, &network, dataset, 0, &benchmark));
    assert_string_equal(gradus_benchmark_engine(benchmark), name);
    for (int i = 0; i < 2; i++) {
        assert_ok(gradus_benchmark_measure(benchmark, &options, &sample));
        assert_true(sample.iterations >= 5 || sample.seconds >= 0.2);
        assert_true(sample.seconds >= 0.02 && sample.seconds < 20);
    }
    gradus_benchmark_destroy(benchmark);
}

static void test_every_engine(void **state)
{
    (void)state;
    gradus_engine_info info;
    for (size_t i = 0; gradus_engine_get_info(i, &info); i++)
        check_engine(info.name);
}

static void test_stop(void **state)
{
    (void)state;
    const volatile int stop = 1;
    const gradus_benchmark_options options = {.seconds = 1e6, .iterations = 1000000, .stop = &stop};
    gradus_benchmark *benchmark = NULL;
    gradus_benchmark_sample sample = {1, 1};
    assert_ok(gradus_benchmark_create(NULL, "reference", &network, dataset, 0, &benchmark));
    assert_ok(gradus_benchmark_measure(benchmark, &options, &sample));
    assert_int_equal(sample.iterations, 0);
    gradus_benchmark_destroy(benchmark);
}

static void test_options(void **state)
{
    (void)state;
    const gradus_benchmark_options negative = {.seconds = -1}, nan = {.seconds = NAN};
    gradus_benchmark *benchmark = NULL;
    gradus_benchmark_sample sample;
    assert_fails(gradus_benchmark_create(NULL, "layered", &network, dataset, 0, &benchmark), GRADUS_ERROR_ARGUMENT,
                 "needs an OpenCL device");
    assert_ok(gradus_benchmark_create(NULL, "reference", &network, dataset, 0, &benchmark));
    assert_fails(gradus_benchmark_measure(benchmark, &negative, &sample), GRADUS_ERROR_ARGUMENT, "-1");
    assert_fails(gradus_benchmark_measure(benchmark, &nan, &sample), GRADUS_ERROR_ARGUMENT, "nan");
    gradus_benchmark_destroy(benchmark);
}

/* ---- Profiles ---- */

static const gradus_kernel_time *find_kernel(const gradus_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->kernel_count; i++)
        if (strcmp(profile->kernels[i].name, name) == 0)
            return &profile->kernels[i];
    fail_msg("no kernel %s in the profile", name);
    return NULL;
}

/* Every iteration is counted, and the sum of the kernels' times is no more than the total. */
static void test_profile(void **state)
{
    (void)state;
    const gradus_benchmark_options options = {.seconds = 0.02, .iterations = 10};
    gradus_benchmark *benchmark = NULL;
    gradus_profile profile;
    double kernels = 0;
    assert_ok(gradus_benchmark_create(device, "layered", &network, dataset, 0, &benchmark));
    assert_ok(gradus_benchmark_profile(benchmark, &options, &profile));
    const size_t iterations = profile.sample.iterations;
    assert_true(iterations >= 10);
    assert_int_equal(find_kernel(&profile, "update_parameters")->launches, iterations);
    assert_int_equal(find_kernel(&profile, "relu_forward")->launches, iterations);
    assert_int_equal(find_kernel(&profile, "CLBlast's gemm")->launches, 5 * iterations);
    for (size_t i = 0; i < profile.kernel_count; i++)
        kernels += profile.kernels[i].seconds;
    assert_true(kernels > 0 && kernels <= profile.sample.seconds);
    gradus_benchmark_destroy(benchmark);
}

static void test_profile_not_possible(void **state)
{
    (void)state;
    gradus_device *plain = NULL;
    gradus_benchmark *benchmark = NULL;
    gradus_profile profile;
    assert_ok(gradus_device_open(NULL, &plain));
    assert_ok(gradus_benchmark_create(plain, "layered", &network, dataset, 0, &benchmark));
    assert_fails(gradus_benchmark_profile(benchmark, NULL, &profile), GRADUS_ERROR_ARGUMENT,
                 "was not opened for profiles");
    gradus_benchmark_destroy(benchmark);
    gradus_device_close(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work),    cmocka_unit_test(test_engine_list),          cmocka_unit_test(test_limits),
        cmocka_unit_test(test_stop),    cmocka_unit_test(test_every_engine),         cmocka_unit_test(test_options),
        cmocka_unit_test(test_profile), cmocka_unit_test(test_profile_not_possible),
    };
    gradus_device_options options = gradus_device_options_default();
    gradus_device_close(open_test_device());
    options.profile = true;
    options.products = "clblast"; /* test_profile knows its launches */
    if (gradus_device_open_with(&options, &device) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    dataset = random_dataset(network.sizes[0], 200, (uint32_t)network.sizes[network.layers]);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(dataset);
    gradus_device_close(device);
    return failed;
}
