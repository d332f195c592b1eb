/* SPDX-License-Identifier: Apache-2.0 */
/* Trainings side by side: each gives the same bits and reports as alone, and a failure concerns one training only. */
#include "assert_close.h"
#include "compile_quickly.h"
#include "kernel_kinds.h"

#include <string.h>

#define TRAININGS 5 /* more than cores */

static gradus_dataset *digits, *holdout;

/* The trainings of a case; they differ in what a search varies. With kernels for GPUs, which PoCL compiles for seconds,
 * they have one optimizer, and no dropout. */
typedef struct many_case {
    const char *engine;
    size_t hidden, batch, steps;
    bool gpu_kernels, on_host;
} many_case;

static const many_case small_batches = {"fused", 10, 32, 120, false, false},
                       batches = {"fused", 90, 128, 6, false, false}, full = {"fused", 10, 0, 12, false, false},
                       layered = {"layered", 10, 32, 20, false, false}, sparse = {"sparse", 10, 0, 6, false, false},
                       chosen = {NULL, 10, 32, 20, true, false}, gpu_wide = {"fused", 33, 64, 4, true, false},
                       reference = {"reference", 10, 32, 12, false, true};

static gradus_train_options options_of(const many_case *c, size_t i)
{
    static const char *const optimizers[TRAININGS] = {"adam", "adam", "momentum", "adam", "sgd"};
    gradus_train_options options = gradus_train_options_default();
    options.engine = c->engine; /* NULL: "auto" */
    options.iterations = c->steps;
    options.batch_size = c->batch;
    options.seed = i + 1;
    options.learning_rate = 0.001f * (float)(i + 1);
    options.optimizer.name = c->gpu_kernels ? "adam" : optimizers[i];
    options.optimizer.weight_decay = i == 1 ? 1e-3f : 0;
    options.dropout = i == 3 && c->batch > 0 && !c->gpu_kernels ? 0.25f : 0;
    options.report_every = 5;
    options.holdout = i % 2 == 0 ? holdout : NULL;
    return options;
}

static gradus_model *model_of(const many_case *c, size_t i)
{
    const gradus_network network = {.layers = 2, .sizes = {784, c->hidden, 10}};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, i + 1, &model));
    return model;
}

/* The number of reports of a training, and the sum of their losses. */
typedef struct seen_reports {
    size_t count;
    double loss;
} seen_reports;

static void see_report(const gradus_report *report, void *user)
{
    seen_reports *seen = user;
    seen->count++;
    seen->loss += report->train.loss;
}

static void test_same_as_alone(void **state)
{
    const many_case *c = *state;
    gradus_device *on = c->on_host ? NULL : device;
    gradus_train_options options[TRAININGS];
    gradus_training trainings[TRAININGS];
    seen_reports seen[TRAININGS] = {{0, 0}};
    memset(trainings, 0, sizeof trainings);
    if (c->gpu_kernels)
        use_gpu_kernels(state);
    for (size_t i = 0; i < TRAININGS; i++) {
        options[i] = options_of(c, i);
        options[i].report = see_report;
        options[i].user = &seen[i];
        trainings[i].model = model_of(c, i);
        trainings[i].options = &options[i];
    }
    assert_ok(gradus_train_many(on, digits, trainings, TRAININGS));
    for (size_t i = 0; i < TRAININGS; i++) {
        const gradus_train_result *got = &trainings[i].result;
        seen_reports expected_seen = {0, 0};
        gradus_train_result expected;
        gradus_model *alone = model_of(c, i);
        options[i].user = &expected_seen;
        options[i].engine = got->engine; /* by default the one that was chosen */
        assert_ok(gradus_train(on, alone, digits, &options[i], &expected));
        assert_int_equal(trainings[i].status, GRADUS_OK);
        assert_string_equal(trainings[i].error, "");
        assert_true(gradus_model_hash(trainings[i].model) == gradus_model_hash(alone));
        assert_int_equal(got->iterations, c->steps);
        assert_true(got->train.loss == expected.train.loss);
        assert_true(options[i].holdout == NULL || got->holdout.loss == expected.holdout.loss);
        assert_int_equal(seen[i].count, expected_seen.count);
        assert_true(seen[i].count > 0 && seen[i].loss == expected_seen.loss);
        gradus_model_destroy(alone);
        gradus_model_destroy(trainings[i].model);
    }
    use_own_kernels(state);
}

/* One training diverges, one has an option that is impossible; the others do not notice. */
static void test_failures(void **state)
{
    const many_case *c = *state;
    gradus_train_options options[TRAININGS];
    gradus_training trainings[TRAININGS];
    memset(trainings, 0, sizeof trainings);
    for (size_t i = 0; i < TRAININGS; i++) {
        options[i] = options_of(c, i);
        trainings[i].model = model_of(c, i);
        trainings[i].options = &options[i];
    }
    if (c->gpu_kernels)
        use_gpu_kernels(state);
    options[1].learning_rate = 3e38f;
    options[3].optimizer.name = "magic";
    assert_fails(gradus_train_many(device, digits, trainings, TRAININGS), GRADUS_ERROR_DIVERGED,
                 "training 1: the loss became");
    assert_int_equal(trainings[1].status, GRADUS_ERROR_DIVERGED);
    assert_int_equal(trainings[3].status, GRADUS_ERROR_ARGUMENT);
    assert_non_null(strstr(trainings[3].error, "magic"));
    for (size_t i = 0; i < TRAININGS; i++) {
        if (i % 2 == 0) {
            assert_int_equal(trainings[i].status, GRADUS_OK);
            assert_int_equal(trainings[i].result.iterations, c->steps);
        }
        gradus_model_destroy(trainings[i].model);
    }
    use_own_kernels(state);
}

static void test_none(void **state)
{
    (void)state;
    assert_ok(gradus_train_many(device, digits, NULL, 0));
}

#define MANY_TEST(test, name)                                                                                         \
    {                                                                                                                 \
#test ", " #name, test, NULL, NULL, (void *)(uintptr_t) & (name)                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANY_TEST(test_same_as_alone, small_batches),
        MANY_TEST(test_same_as_alone, batches),
        MANY_TEST(test_same_as_alone, full),
        MANY_TEST(test_same_as_alone, layered),
        MANY_TEST(test_same_as_alone, sparse),
        MANY_TEST(test_same_as_alone, chosen),
        MANY_TEST(test_same_as_alone, gpu_wide),
        MANY_TEST(test_same_as_alone, reference),
        MANY_TEST(test_failures, small_batches),
        MANY_TEST(test_failures, chosen),
        cmocka_unit_test(test_none),
    };
    device = open_test_device();
    if (gradus_dataset_open("digits", NULL, &digits, NULL) != GRADUS_OK ||
        gradus_dataset_truncate(digits, 1000) != GRADUS_OK ||
        gradus_dataset_holdout(digits, 200, 1, &holdout) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, compile_quickly, compile_fully);
    gradus_dataset_destroy(holdout);
    gradus_dataset_destroy(digits);
    gradus_device_close(device);
    return failed;
}
