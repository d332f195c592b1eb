/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels timed alone at the shapes of a network: their list, the comparison before, and the work of a run. */
#include "emulate_tensor_cores.h"
#include "engine_cases.h"
#include "with_device.h"

#define RESULTS_MAX 256
#define REPEATS 3

static const gradus_network network = {.layers = 3, .sizes = {149, 17, 17, 5}};
#define SAMPLES 163

/* Both are among the shapes of test_operations, so that the engines' programs are already compiled: all of them with
 * the smallest network, those with every activation with the other. */
static const gradus_network least = {.layers = 3, .sizes = {1, 1, 1, 5}};

static gradus_device *device; /* opened for profiles */
static gradus_dataset *dataset;

typedef struct kept_result {
    char kernel[64], shape[96], left_out[160];
    gradus_work work;
    double error, least_seconds;
    size_t count;
} kept_result;

typedef struct results {
    kept_result all[RESULTS_MAX];
    size_t count;
} results;

static void keep_result(const gradus_kernel_result *result, void *user)
{
    results *kept = user;
    assert_true(kept->count < RESULTS_MAX);
    kept_result *next = &kept->all[kept->count++];
    *next = (kept_result){.work = result->work, .error = result->error, .count = result->count};
    snprintf(next->kernel, sizeof next->kernel, "%s", result->kernel);
    snprintf(next->shape, sizeof next->shape, "%s", result->shape);
    snprintf(next->left_out, sizeof next->left_out, "%s", result->left_out == NULL ? "" : result->left_out);
    next->least_seconds = result->count > 0 ? result->seconds[0] : 0;
    for (size_t i = 0; i < result->count; i++)
        next->least_seconds = fmin(next->least_seconds, result->seconds[i]);
}

/* One run per timing. */
static gradus_kernel_benchmark_options options_for(const char *kernel, results *kept)
{
    gradus_kernel_benchmark_options options = gradus_kernel_benchmark_options_default();
    *kept = (results){.count = 0};
    options.kernel = kernel;
    options.repeats = REPEATS;
    options.seconds = 0;
    options.report = keep_result;
    options.user = kept;
    return options;
}

static const kept_result *find_result(const results *kept, const char *kernel, const char *shape)
{
    for (size_t i = 0; i < kept->count; i++)
        if (strcmp(kept->all[i].kernel, kernel) == 0 && strcmp(kept->all[i].shape, shape) == 0)
            return &kept->all[i];
    fail_msg("no %s, %s", kernel, shape);
    return NULL;
}

static size_t count_timed(const results *kept, const char *kernel)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->count; i++)
        count += strcmp(kept->all[i].kernel, kernel) == 0 && kept->all[i].count == REPEATS;
    return count;
}

static void check_results(const results *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        const kept_result *result = &kept->all[i];
        assert_true(result->error <= 1);
        if (result->count == 0)
            continue;
        assert_true(result->work.bytes > 0 && result->work.flop >= 0);
        assert_true(result->least_seconds > 0 && result->least_seconds < 10);
        assert_string_equal(result->left_out, "");
    }
}

/* Augmentation needs an image, steps need several samples. */
static void test_every_operation(void **state)
{
    (void)state;
    static results kept;
    const char *name = NULL;
    gradus_dataset *one = random_dataset(1, 1, 5);
    for (size_t i = 0; (name = gradus_kernel_name(i)) != NULL; i++) {
        const gradus_kernel_benchmark_options options = options_for(name, &kept);
        const bool samples = strstr(name, "regularization") != NULL || strstr(name, "steps") != NULL;
        assert_ok(gradus_benchmark_kernels(device, samples ? &network : &least, samples ? dataset : one, &options));
        check_results(&kept);
        if (strcmp(name, "augment_samples") == 0)
            assert_true(strstr(kept.all[0].left_out, "expected images") != NULL);
        else if (count_timed(&kept, name) == 0)
            fail_msg("%s was not timed", name);
    }
    gradus_dataset_destroy(one);
}

/* One result for each shape in the network: its two hidden layers have the same shape. */
static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *kernel;
        size_t count;
    } cases[] = {{"relu_forward", 1}, {"bias_broadcast", 2}, {"product_cpu", 2 + 3 + 3}};
    results kept;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gradus_kernel_benchmark_options options = options_for(cases[i].kernel, &kept);
        assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
        assert_int_equal(kept.count, cases[i].count);
        assert_int_equal(count_timed(&kept, cases[i].kernel), cases[i].count);
    }
}

static void test_images(void **state)
{
    (void)state;
    results kept;
    const gradus_kernel_benchmark_options options = options_for("augment_samples", &kept);
    const gradus_network of_images = {.layers = 1, .sizes = {12, 5}};
    gradus_dataset *few = random_dataset(12, 9, 5);
    few->info.width = 4;
    few->info.height = 3;
    assert_ok(gradus_benchmark_kernels(device, &of_images, few, &options));
    assert_int_equal(count_timed(&kept, "augment_samples"), 5);
    find_result(&kept, "augment_samples", "3 x 4 x 9, elastic");
    gradus_dataset_destroy(few);
}

static void assert_work(const results *kept, const char *kernel, const char *shape, double flop, double bytes)
{
    const kept_result *result = find_result(kept, kernel, shape);
    assert_close(result->work.flop, flop, 0, 0);
    assert_close(result->work.bytes, bytes, 0, 0);
}

/* Counted by hand: 17 x 163 = 2771, 5 x 163 = 815, 149 x 163 = 24287, 17 x 149 = 2533 elements. */
static void test_work(void **state)
{
    (void)state;
    results kept;
    gradus_kernel_benchmark_options options = options_for("relu_forward", &kept);
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_int_equal(kept.count, 1);
    assert_work(&kept, "relu_forward", "17 x 163", 2771, 2 * 4 * 2771);

    options = options_for("relu_backward", &kept);
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_work(&kept, "relu_backward", "17 x 163", 2771, 3 * 4 * 2771);

    options = options_for("softmax_cross_entropy", &kept);
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_int_equal(kept.count, 2);
    assert_work(&kept, "softmax_cross_entropy", "5 x 163, one-hot labels", 6 * 815, 2 * 4 * 815 + 163 + 2 * 4 * 163);

    options = options_for("product_cpu", &kept);
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_work(&kept, "product_cpu", "forward 149-17 x 163, pixels, relu", 2.0 * 149 * 2771 + 2 * 2771,
                24287 + 4 * (2533 + 17 + 2771));
    assert_work(&kept, "product_cpu", "weight gradient 149-17 x 163, pixels", 2.0 * 149 * 2771,
                24287 + 4 * (2771 + 2533));
    /* dZ (5 x 163) and W (5 x 17) in, dA (17 x 163) out, and relu' reads A. */
    assert_work(&kept, "product_cpu", "input gradient 17-5 x 163, relu", 2.0 * 17 * 815 + 2771,
                4 * (815 + 85 + 2 * 2771));
}

/* The seconds are those of one run, whatever the number of runs of a timing. */
static void test_runs(void **state)
{
    (void)state;
    results one, many;
    gradus_kernel_benchmark_options options = options_for("relu_forward", &one);
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    options = options_for("relu_forward", &many);
    options.seconds = 0.02;
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_true(many.all[0].least_seconds < 20 * one.all[0].least_seconds);
    assert_true(many.all[0].least_seconds < 0.002);
}

static void test_refused(void **state)
{
    (void)state;
    results kept;
    gradus_kernel_benchmark_options options = options_for("sofmax", &kept);
    gradus_dataset *other = random_dataset(12, 9, 5);
    gradus_device *plain = NULL;
    assert_fails(gradus_benchmark_kernels(device, &network, dataset, &options), GRADUS_ERROR_ARGUMENT, "\"sofmax\"");
    options = options_for("relu_forward", &kept);
    assert_fails(gradus_benchmark_kernels(device, &network, other, &options), GRADUS_ERROR_DATA, "12 features");
    options.seconds = -1;
    assert_fails(gradus_benchmark_kernels(device, &network, dataset, &options), GRADUS_ERROR_ARGUMENT, "-1");
    options.seconds = 0;
    options.repeats = 0;
    assert_fails(gradus_benchmark_kernels(device, &network, dataset, &options), GRADUS_ERROR_ARGUMENT, "found 0");
    options.repeats = 1;
    assert_ok(gradus_device_open(NULL, &plain));
    assert_fails(gradus_benchmark_kernels(plain, &network, dataset, &options), GRADUS_ERROR_ARGUMENT, "profile");
    assert_int_equal(kept.count, 0);
    gradus_device_close(plain);
    gradus_dataset_destroy(other);
}

static void test_stop(void **state)
{
    (void)state;
    const volatile int stop = 1;
    results kept;
    gradus_kernel_benchmark_options options = options_for(NULL, &kept);
    options.stop = &stop;
    assert_ok(gradus_benchmark_kernels(device, &network, dataset, &options));
    assert_int_equal(kept.count, 0);
}

/* Kernels for floats are timed for a network of floats, too; the engines for bytes have the reason why they are not. */
static void test_floats(void **state)
{
    (void)state;
    results kept;
    const gradus_network of_floats = {.layers = 2, .sizes = {149, 17, 5}, .floats = true};
    const gradus_kernel_benchmark_options options = options_for("first_groups", &kept);
    gradus_dataset *floats = as_floats(dataset);
    assert_ok(gradus_benchmark_kernels(device, &of_floats, floats, &options));
    assert_int_equal(kept.count, 1);
    assert_true(strstr(kept.all[0].left_out, "float features"));
    gradus_dataset_destroy(floats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_floats),
    };
    gradus_device_close(open_test_device());
    gradus_device_options options = gradus_device_options_default();
    options.profile = true;
    if (gradus_device_open_with(&options, &device) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    emulate_tensor_cores(device);
    dataset = random_dataset(network.sizes[0], SAMPLES, 5);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(dataset);
    gradus_device_close(device);
    return failed;
}
