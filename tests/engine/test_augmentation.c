/* SPDX-License-Identifier: Apache-2.0 */
/* Engines for batches on augmented images: all use the same ones, those of the current epoch, and evaluate without. */
#include "compile_quickly.h"
#include "core/memory.h"
#include "device/device.h"
#include "engine/select/engines.h"
#include "engine_cases.h"
#include "kernel_kinds.h"

#define SAMPLES 150

static const gradus_network network = {.layers = 2, .sizes = {12 * 11, 17, 5}};
static const augmentation some = {{1.5f, 20, 0.2f, 0.8f}, 9};

static gradus_dataset *random_images(void)
{
    gradus_dataset *dataset = random_dataset(12 * 11, SAMPLES, 5);
    dataset->info.width = 12;
    dataset->info.height = 11;
    return dataset;
}

/* The augmented images of an epoch. */
static gradus_dataset *augmented_copy(const gradus_dataset *from, uint32_t epoch)
{
    gradus_dataset *copy = NULL;
    augment_plan *plan = NULL;
    size_t bytes;
    assert_ok(gradus_dataset_create(from->pixels, from->labels, SAMPLES, 12, 11, &copy));
    assert_ok(gr_augment_plan_create(&some, &from->info, &plan, &bytes));
    for (uint32_t s = 0; s < SAMPLES; s++) {
        transform by;
        gr_draw_transform(plan, epoch, s, &by);
        gr_augment_image(plan, &by, from->pixels + s * from->info.features, copy->pixels + s * from->info.features);
    }
    free(plan);
    return copy;
}

typedef struct outcome {
    float *gradient;
    batch_sums trained, evaluated;
} outcome;

/* Samples 20 .. 119 of an epoch's order; the batch is larger than a tile. */
static outcome outcome_of(const char *name, const gradus_dataset *dataset, const augmentation *how,
                          const permutation *order)
{
    const engine_settings settings = {
        .batch = 100,
        .augmentation = *how,
        .regularization = {.input_dropout = order->epoch == 1 ? 0.25f : 0, .seed = 3},
    };
    engine *e = NULL;
    outcome out;
    assert_ok(gr_engine_open(name, &settings, device, &network, dataset, &e));
    float *parameters = calloc(e->layout.length, sizeof *parameters);
    out.gradient = calloc(e->layout.length, sizeof *out.gradient);
    assert_true(parameters != NULL && out.gradient != NULL);
    gr_network_initialise(&network, SEED, parameters);
    assert_ok(e->type->shuffle(e, order));
    gradient_of(e, parameters, 20, 100, out.gradient, &out.trained);
    assert_ok(e->type->evaluate(e, 20, 100));
    assert_ok(e->type->read_sums(e, &out.evaluated));
    free(parameters);
    gr_engine_destroy(e);
    return out;
}

static void assert_same_outcome(const outcome *got, const outcome *expected)
{
    const size_t length = gr_network_layout(&network).length;
    assert_close(got->trained.loss, expected->trained.loss, 0, 1e-5);
    assert_close(got->trained.correct, expected->trained.correct, 0, 0);
    assert_true(tensor_error(got->gradient, expected->gradient, length) < 1e-5);
}

/* An engine that augments computes what the reference does on a data set of augmented images; in one epoch with input
 * dropout. */
static void test_engine_augments(void **state)
{
    const char *name = *state;
    const augmentation none = {0};
    gradus_dataset *dataset = random_images();
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        const permutation order = gr_permutation(SAMPLES, 4, epoch);
        gradus_dataset *copy = augmented_copy(dataset, epoch);
        outcome got = outcome_of(name, dataset, &some, &order);
        outcome expected = outcome_of("reference", copy, &none, &order);
        outcome plain = outcome_of("reference", dataset, &none, &order);
        assert_same_outcome(&got, &expected);
        assert_close(got.evaluated.loss, plain.evaluated.loss, 0, 1e-5);
        assert_true(fabs(got.trained.loss - plain.trained.loss) > 1e-3 * plain.trained.loss);
        free(got.gradient);
        free(expected.gradient);
        free(plain.gradient);
        gradus_dataset_destroy(copy);
    }
    gradus_dataset_destroy(dataset);
}

/* Before the first epoch's order samples are not augmented, for the check before a training. */
static void test_identity_does_not(void **state)
{
    const char *name = *state;
    const augmentation none = {0};
    const permutation order = gr_permutation_identity(SAMPLES);
    gradus_dataset *dataset = random_images();
    outcome got = outcome_of(name, dataset, &some, &order), expected = outcome_of("reference", dataset, &none, &order);
    assert_same_outcome(&got, &expected);
    free(got.gradient);
    free(expected.gradient);
    gradus_dataset_destroy(dataset);
}

/* ---- Training ---- */

typedef struct training {
    const char *engine;
    size_t batch;
    uint64_t seed;
    float shift; /* and elastic displacement */
} training;

static uint64_t hash_after(const gradus_dataset *dataset, training how, double *loss)
{
    gradus_train_options options = gradus_train_options_default();
    gradus_train_result result;
    gradus_model *model = NULL;
    options.engine = how.engine;
    options.batch_size = how.batch;
    options.epochs = 3;
    options.seed = how.seed;
    options.augmentation = (gradus_augmentation){.shift = how.shift, .elastic = how.shift};
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_ok(gradus_train(device, model, dataset, &options, &result));
    const uint64_t hash = gradus_model_hash(model);
    *loss = result.train.loss;
    gradus_model_destroy(model);
    return hash;
}

static void test_training(void **state)
{
    const char *name = *state;
    gradus_dataset *dataset = random_images();
    double loss, other;
    for (size_t batch = 20; batch <= 100; batch += 80) { /* fused takes whole steps of small batches */
        const uint64_t hash = hash_after(dataset, (training){name, batch, 1, 1.5f}, &loss);
        assert_true(hash_after(dataset, (training){name, batch, 1, 1.5f}, &other) == hash);
        assert_false(hash_after(dataset, (training){name, batch, 2, 1.5f}, &other) == hash);
        assert_false(hash_after(dataset, (training){name, batch, 1, 0}, &other) == hash);
        (void)hash_after(dataset, (training){"reference", batch, 1, 1.5f}, &other);
        assert_close(loss, other, 0, 1e-4);
    }
    gradus_dataset_destroy(dataset);
}

static void test_refusals(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_images();
    gradus_train_options options = gradus_train_options_default();
    gradus_model *model = NULL;
    options.engine = "reference";
    options.augmentation.shift = 2;
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_fails(gradus_train(NULL, model, dataset, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "augmentation: found a full batch, expected mini-batches");
    options.batch_size = 10;
    options.augmentation.shift = 11;
    assert_fails(gradus_train(NULL, model, dataset, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "augmentation: found a shift of 11, expected 0 to 10 pixels");
    options.augmentation.shift = 2;
    dataset->info.width = 12 * 11;
    dataset->info.height = 1;
    assert_fails(gradus_train(NULL, model, dataset, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "augmentation: found samples of 132 features in a row, expected images");
    gradus_model_destroy(model);
    gradus_dataset_destroy(dataset);
}

/* All of these tests for an engine, with one kind of kernels. */
#define TESTS_WITH(use, title, engine_name)                                                                           \
    {"augments, " title, test_engine_augments, use, use_own_kernels, (void *)(uintptr_t)(engine_name)},               \
        {"identity, " title, test_identity_does_not, use, use_own_kernels, (void *)(uintptr_t)(engine_name)},         \
    {                                                                                                                 \
        "training, " title, test_training, use, use_own_kernels, (void *)(uintptr_t)(engine_name)                     \
    }
#define ENGINE_TESTS(engine_name) TESTS_WITH(use_own_kernels, engine_name, engine_name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TESTS("fused"),
        ENGINE_TESTS("layered"),
        ENGINE_TESTS("reference"),
#if GRADUS_BLAS
        ENGINE_TESTS("blas"),
#endif
        cmocka_unit_test(test_refusals),
    };
    const struct CMUnitTest gpu_tests[] = {TESTS_WITH(use_gpu_kernels, "fused for GPUs", "fused")};
    device = open_test_device();
    const int failed =
        cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(gpu_tests, compile_quickly, compile_fully);
    gradus_device_close(device);
    return failed;
}
