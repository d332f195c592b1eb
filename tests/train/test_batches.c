/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop with mini-batches: the same bits every time, divergence, the figures of the result. */
#include "training_cases.h"
#include "with_device.h"

static gradus_device *device;
static gradus_dataset *digits;

/* Small mini-batches, which fused computes in runs, and large ones; and with clipping, whose sums have a fixed
 * order. */
static void test_same_bits_of_batches(void **state)
{
    static const size_t batches[] = {50, 700}, every[] = {5, 7, 0, 7};
    for (size_t b = 0; b < 2; b++) {
        uint64_t hashes[4];
        for (size_t i = 0; i < 4; i++) {
            run_log log = {0};
            gradus_train_options options = options_for(&log, *state, 0, every[i]);
            gradus_model *model = new_model(1);
            options.batch_size = batches[b];
            options.iterations = 110;
            options.learning_rate = 0.01f;
            options.optimizer.name = "adam";
            options.optimizer.clip_norm = 0.5f;
            assert_ok(gradus_train(device, model, digits, &options, NULL));
            hashes[i] = gradus_model_hash(model);
            gradus_model_destroy(model);
        }
        assert_true(hashes[0] == hashes[1] && hashes[0] == hashes[2] && hashes[0] == hashes[3]);
    }
}

/* The figures of a run's result equal those of an evaluation: engines for batches evaluate all samples, too. */
static void test_result_of_batches(void **state)
{
    static const size_t batches[] = {50, 700};
    for (size_t b = 0; b < 2; b++) {
        run_log log = {0};
        gradus_train_options options = options_for(&log, *state, 0, 0);
        gradus_model *model = new_model(1);
        gradus_train_result result;
        gradus_metrics metrics;
        options.batch_size = batches[b];
        options.iterations = 110;
        assert_ok(gradus_train(device, model, digits, &options, &result));
        assert_ok(gradus_evaluate(device, model, digits, &metrics, NULL));
        assert_close(result.train.loss, metrics.loss, 0, 1e-5);
        assert_close(result.train.accuracy, metrics.accuracy, 0, 0);
        gradus_model_destroy(model);
    }
}

/* The first update makes the parameters infinite. A run of steps keeps those before the update, if they were
 * reported. */
static void test_diverging_batches(void **state)
{
    for (size_t every = 1; every <= 10; every += 9) {
        run_log log = {0};
        gradus_train_options options = options_for(&log, *state, 300, every);
        gradus_model *model = new_model(1);
        const uint64_t before = gradus_model_hash(model);
        options.batch_size = 50;
        options.learning_rate = 3e38f;
        assert_fails(gradus_train(device, model, digits, &options, NULL), GRADUS_ERROR_DIVERGED,
                     every == 1 ? "the parameters of iteration 0 are kept" : "no parameters were kept");
        assert_true(gradus_model_hash(model) == before);
        gradus_model_destroy(model);
    }
}

int main(void)
{
    static char fused_name[] = "fused", layered_name[] = "layered", reference_name[] = "reference";
#if GRADUS_BLAS
    static char blas_name[] = "blas";
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_same_bits_of_batches, fused_name),
        cmocka_unit_test_prestate(test_same_bits_of_batches, layered_name),
        cmocka_unit_test_prestate(test_diverging_batches, fused_name),
        cmocka_unit_test_prestate(test_diverging_batches, layered_name),
        cmocka_unit_test_prestate(test_result_of_batches, fused_name),
        cmocka_unit_test_prestate(test_result_of_batches, layered_name),
        cmocka_unit_test_prestate(test_result_of_batches, reference_name),
#if GRADUS_BLAS
        cmocka_unit_test_prestate(test_result_of_batches, blas_name),
#endif
    };
    device = open_test_device();
    if (gradus_dataset_open("digits", NULL, &digits, NULL) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(digits);
    gradus_device_close(device);
    return failed;
}
