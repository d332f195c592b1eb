/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Float features: every engine that supports them against the reference, in slices and mini-batches too; engines that
 * refuse them; and that floats of byte / 255 train as the bytes do. The kernels are compiled without optimisation, as
 * in test_functions.
 */
#include "compile_quickly.h"
#include "engine/layered/layered_state.h"
#include "engine/select/engines.h"
#include "engine_cases.h"

/* Features around 0, most of them between -1 and 1; a sample of zeros; one that is large. */
static gradus_dataset *random_floats(size_t features, size_t samples, uint32_t classes)
{
    gradus_dataset *bytes = random_dataset(features, samples, classes), *dataset = as_floats(bytes);
    const random_stream stream = gr_random_stream(SEED, RANDOM_TEST, 1);
    uint64_t index = 0;
    for (size_t i = 0; i < features * samples; i++)
        dataset->floats[i] *= (float)gr_random_below(&stream, 2001, &index) / 1000 - 1;
    dataset->floats[features * samples - 1] = -100;
    gradus_dataset_destroy(bytes);
    return dataset;
}

static const gradus_network networks[] = {
    {.layers = 1, .sizes = {1, 2}, .floats = true},
    {.layers = 2, .sizes = {784, 10, 10}, .floats = true},
    {.layers = 3, .sizes = {97, 65, 33, 7}, .floats = true},
    {.layers = 2, .sizes = {13, 1, 2}, .floats = true},
};

/* An engine with the settings of a test. */
typedef struct engine_case {
    const char *name;
    size_t batch;
    product_preference products;
    bool gpu_kernels;
} engine_case;

static engine_case layered_own = {"layered", 0, PRODUCTS_OWN, false}, layered_gpu = {"layered", 0, PRODUCTS_OWN, true},
                   layered_clblast = {"layered", 0, PRODUCTS_CLBLAST, false},
                   batch_own = {"layered", 50, PRODUCTS_OWN, false}, batch_gpu = {"layered", 50, PRODUCTS_OWN, true},
                   fused_gpu = {"fused", 50, PRODUCTS_OWN, true},
                   batch_clblast = {"layered", 50, PRODUCTS_CLBLAST, false};
#if GRADUS_BLAS
static engine_case blas = {"blas", 0, PRODUCTS_OWN, false}, batch_blas = {"blas", 50, PRODUCTS_OWN, false};
#endif

static engine *open_case(const engine_case *how, const gradus_network *network, const gradus_dataset *dataset,
                         const regularization *against)
{
    const engine_settings settings = {.batch = how->batch, .regularization = *against, .threads = 2};
    engine *e = NULL;
    assert_ok(gr_engine_open(how->name, &settings, device, network, dataset, &e));
    return e;
}

typedef void engine_comparison(const engine_case *how);

/* Runs the comparison with the device set up for the case. */
static void on_device(const engine_case *how, engine_comparison *compare)
{
    const product_preference products = device->products;
    const kernel_kind kernels = device->kernels;
    device->products = how->products;
    device->kernels = how->gpu_kernels ? KERNELS_GPU : kernels;
    compare(how);
    device->products = products;
    device->kernels = kernels;
}

/* ---- Against the reference ---- */

/* Also ranges that begin and end anywhere; the last one ends with the data. */
static void compare_networks(const engine_case *how)
{
    for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
        const gradus_network *network = &networks[n];
        gradus_dataset *dataset = random_floats(network->sizes[0], 129, (uint32_t)network->sizes[network->layers]);
        engine *e = open_case(how, network, dataset, &(regularization){.seed = 0});
        compare_with_reference(e, 0, how->batch > 0 ? 50 : 129);
        compare_with_reference(e, 33, 41);
        compare_with_reference(e, 88, 41);
        gr_engine_destroy(e);
        gradus_dataset_destroy(dataset);
    }
}

static void test_gradient(void **state)
{
    on_device(*state, compare_networks);
}

/* Standardised, with dropout, and both: then X passes input_transform. */
static void compare_transformed(const engine_case *how)
{
    gradus_dataset *dataset = random_floats(97, 129, 7);
    for (int c = 1; c < 4; c++) {
        gradus_network network = networks[2];
        network.input_mean = c & 1 ? 0.25f : 0;
        network.input_deviation = c & 1 ? 0.5f : 0;
        engine *e =
            open_case(how, &network, dataset,
                      &(regularization){.input_dropout = c & 2 ? 0.2f : 0, .dropout = c & 2 ? 0.4f : 0, .seed = 4});
        compare_with_reference(e, 0, how->batch > 0 ? 50 : 129);
        compare_with_reference(e, 88, 41);
        gr_engine_destroy(e);
    }
    gradus_dataset_destroy(dataset);
}

static void test_transformed(void **state)
{
    on_device(*state, compare_transformed);
}

/* A data set in slices; the last one is short for these numbers. */
static void compare_slices(const engine_case *how)
{
    const gradus_network network = {.layers = 3, .sizes = {97, 33, 17, 7}, .floats = true};
    gradus_dataset *dataset = random_floats(97, 1003, 7);
    const uint64_t memory = device->memory_limit;
    device->memory_limit = 620000; /* X needs 390000 of it */
    engine *e = open_case(how, &network, dataset, &(regularization){.seed = 0});
    assert_true(((layered *)e)->slice < 502);
    compare_with_reference(e, 0, 1003);
    compare_with_reference(e, 77, 803);
    compare_with_reference(e, 900, 103);
    gr_engine_destroy(e);
    device->memory_limit = 200000;
    assert_fails(gr_engine_create(&gr_engine_layered, device, &network, dataset, &e), GRADUS_ERROR_DEVICE,
                 "X of 1003 samples x 97 features takes 0.4 MB there");
    device->memory_limit = memory;
    gradus_dataset_destroy(dataset);
}

static void test_slices(void **state)
{
    on_device(*state, compare_slices);
}

/* ---- Engines that support them ---- */

static void test_refusals(void **state)
{
    (void)state;
    gradus_network network = {.layers = 2, .sizes = {6, 5, 3}, .floats = true};
    gradus_dataset *bytes = random_dataset(6, 11, 3), *floats = as_floats(bytes);
    engine *e = NULL;
    for (int gpu = 0; gpu < 2; gpu++) {
        const kernel_kind kernels = device->kernels;
        device->kernels = gpu ? KERNELS_GPU : kernels;
        assert_fails(gr_engine_create(&gr_engine_fused, device, &network, floats, &e), GRADUS_ERROR_ARGUMENT,
                     "engine fused: does not support float features");
        assert_fails(gr_engine_create(&gr_engine_sparse, device, &network, floats, &e), GRADUS_ERROR_ARGUMENT,
                     "engine sparse: does not support float features; use another engine, such as layered");
        device->kernels = kernels;
    }
    assert_fails(gr_engine_create(&gr_engine_layered, device, &network, bytes, &e), GRADUS_ERROR_DATA,
                 "the samples have bytes for features, the network takes floats");
    network.floats = false;
    assert_fails(gr_engine_create(&gr_engine_reference, NULL, &network, floats, &e), GRADUS_ERROR_DATA,
                 "the samples have float features, the network takes bytes 0..255");
    gradus_dataset_destroy(floats);
    gradus_dataset_destroy(bytes);
}

static void assert_chosen(const engine_type *type, gradus_device *on, const gradus_dataset *dataset, const char *name)
{
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}, .floats = true};
    engine *e = NULL;
    assert_ok(gr_engine_create(type, on, &network, dataset, &e));
    assert_string_equal(e->type->name, name);
    gr_engine_destroy(e);
}

static void test_auto(void **state)
{
    (void)state;
    const kernel_kind kernels = device->kernels;
    gradus_dataset *bytes = random_dataset(6, 11, 3), *floats = as_floats(bytes);
    const engine_type *const types[] = {&gr_engine_auto, &gr_engine_once};
    for (size_t i = 0; i < 2; i++) {
        assert_chosen(types[i], NULL, floats, GRADUS_BLAS ? "blas" : "reference");
        assert_chosen(types[i], device, floats, "layered");
        device->kernels = KERNELS_GPU;
        assert_chosen(types[i], device, floats, "layered");
        device->kernels = kernels;
    }
    gradus_dataset_destroy(floats);
    gradus_dataset_destroy(bytes);
}

/* ---- The same data as bytes and as floats ---- */

/* The loss after ten steps. */
static double train(const engine_case *how, const gradus_dataset *dataset, size_t batch)
{
    const gradus_network network = {.layers = 2, .sizes = {97, 21, 7}, .floats = dataset->info.floats};
    gradus_train_options options = gradus_train_options_default();
    gradus_train_result result;
    gradus_model *model = NULL;
    options.engine = how->name;
    options.iterations = 10;
    options.batch_size = batch;
    assert_ok(gradus_model_create(&network, 3, &model));
    assert_ok(gradus_train(device, model, dataset, &options, &result));
    gradus_model_destroy(model);
    return result.train.loss;
}

static void compare_training(const engine_case *how)
{
    gradus_dataset *bytes = random_dataset(97, 503, 7), *floats = as_floats(bytes), *other = random_floats(97, 503, 7);
    const double expected = train(how, bytes, how->batch);
    assert_close(train(how, floats, how->batch), expected, 0, 1e-5);
    assert_true(fabs(train(how, other, how->batch) - expected) > 1e-3 * expected);
    gradus_dataset_destroy(other);
    gradus_dataset_destroy(floats);
    gradus_dataset_destroy(bytes);
}

static void test_training(void **state)
{
    on_device(*state, compare_training);
}

#define ENGINE_TEST(test, name)                                                                                       \
    {                                                                                                                 \
#test ", " #name, test, NULL, NULL, &(name)                                                                   \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_gradient, layered_own),
        ENGINE_TEST(test_gradient, layered_gpu),
        ENGINE_TEST(test_gradient, layered_clblast),
        ENGINE_TEST(test_gradient, batch_own),
        ENGINE_TEST(test_gradient, batch_gpu),
        ENGINE_TEST(test_gradient, batch_clblast),
        ENGINE_TEST(test_gradient, fused_gpu),
        ENGINE_TEST(test_transformed, fused_gpu),
        ENGINE_TEST(test_training, fused_gpu),
        ENGINE_TEST(test_transformed, layered_own),
        ENGINE_TEST(test_transformed, batch_own),
        ENGINE_TEST(test_slices, layered_own),
        ENGINE_TEST(test_slices, layered_gpu),
        ENGINE_TEST(test_slices, layered_clblast),
        ENGINE_TEST(test_training, layered_own),
        ENGINE_TEST(test_training, batch_own),
#if GRADUS_BLAS
        ENGINE_TEST(test_gradient, blas),
        ENGINE_TEST(test_gradient, batch_blas),
        ENGINE_TEST(test_transformed, blas),
        ENGINE_TEST(test_transformed, batch_blas),
        ENGINE_TEST(test_training, blas),
        ENGINE_TEST(test_training, batch_blas),
#endif
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_auto),
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, compile_quickly, compile_fully);
    gradus_device_close(device);
    return failed;
}
