/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop: reports, the same bits every time, stopping, divergence, the check before it. */
#include "training_cases.h"
#include "with_device.h"

#include <stdatomic.h>

static gradus_device *device;
static gradus_dataset *digits, *digits_test;

/* ---- Reports ---- */

/* The figures of iteration i are those of the weights before its update: for i = 0 of the initial model. */
static void test_report_belongs_to_iteration(void **state)
{
    const char *engine = *state;
    run_log log = {0};
    gradus_train_options options = options_for(&log, engine, 3, 1);
    gradus_train_result result;
    gradus_metrics before, after;
    gradus_model *model = new_model(1);

    assert_ok(gradus_evaluate(device, model, digits, &before, NULL));
    assert_ok(gradus_train(device, model, digits, &options, &result));
    assert_ok(gradus_evaluate(device, model, digits, &after, NULL));
    assert_int_equal(log.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(log.reports[i].iteration, i);
    assert_close(log.reports[0].train.loss, before.loss, 0, 1e-5);
    assert_close(log.reports[0].train.accuracy, before.accuracy, 0, 0);
    assert_close(result.train.loss, after.loss, 0, 1e-5);
    assert_true(after.loss < log.reports[2].train.loss && log.reports[2].train.loss < before.loss);
    assert_int_equal(result.iterations, 3);
    assert_string_equal(result.engine, engine);
    gradus_model_destroy(model);
}

static void expect_reports(size_t iterations, size_t every, const size_t *expected, size_t count)
{
    run_log log = {0};
    gradus_train_options options = options_for(&log, "layered", iterations, every);
    gradus_model *model = new_model(1);
    assert_ok(gradus_train(device, model, digits_test, &options, NULL));
    assert_int_equal(log.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(log.reports[i].iteration, expected[i]);
        assert_int_equal(log.reports[i].iterations, iterations);
        assert_true(i == 0 || log.reports[i].seconds > log.reports[i - 1].seconds);
    }
    gradus_model_destroy(model);
}

static void test_reported_iterations(void **state)
{
    (void)state;
    expect_reports(23, 10, (const size_t[]){0, 10, 20, 22}, 4);
    expect_reports(21, 10, (const size_t[]){0, 10, 20}, 3);
    expect_reports(5, 0, (const size_t[]){4}, 1);
    expect_reports(1, 10, (const size_t[]){0}, 1);
    expect_reports(600, 300, (const size_t[]){0, 300, 599}, 3); /* more without a report than there are metric slots */
}

/* ---- Determinism ---- */

static uint64_t hash_after(uint64_t seed, size_t report_every, const char *engine)
{
    run_log log = {0};
    gradus_train_options options = options_for(&log, engine, 12, report_every);
    gradus_model *model = new_model(seed);
    assert_ok(gradus_train(device, model, digits, &options, NULL));
    const uint64_t hash = gradus_model_hash(model);
    gradus_model_destroy(model);
    return hash;
}

static void test_same_bits(void **state)
{
    const char *engine = *state;
    const uint64_t hash = hash_after(1, 10, engine);
    assert_true(hash_after(1, 10, engine) == hash);
    assert_true(hash_after(1, 1, engine) == hash); /* reports change nothing */
    assert_false(hash_after(2, 10, engine) == hash);
}

/* Nor does evaluating a holdout. Its figures are those of the parameters after the update. */
static void test_holdout_does_not_disturb(void **state)
{
    const char *engine = *state;
    run_log log = {0};
    gradus_train_options options = options_for(&log, engine, 12, 10);
    gradus_train_result result;
    gradus_metrics metrics;
    gradus_model *model = new_model(1);
    options.holdout = digits_test;
    options.evaluate_every = 3;
    assert_ok(gradus_train(device, model, digits, &options, &result));
    assert_true(gradus_model_hash(model) == hash_after(1, 10, engine));
    assert_ok(gradus_evaluate(device, model, digits_test, &metrics, NULL));
    const gradus_report *last = &log.reports[log.count - 1];
    assert_close(last->holdout.loss, metrics.loss, 0, 1e-6);
    assert_close(last->holdout.accuracy, metrics.accuracy, 0, 0);
    assert_close(result.holdout.loss, metrics.loss, 0, 1e-6);
    gradus_model_destroy(model);
}

/* ---- Learning ---- */

static void test_learns_digits(void **state)
{
    (void)state;
    run_log log = {0};
    gradus_train_options options = options_for(&log, "auto", 150, 50);
    gradus_model *model = new_model(1);
    gradus_metrics metrics;
    uint64_t confusion[100], right = 0, all = 0;

    options.learning_rate = 0.3f;
    assert_ok(gradus_train(device, model, digits, &options, NULL));
    assert_ok(gradus_evaluate(device, model, digits_test, &metrics, confusion));
    assert_true(metrics.accuracy > 0.75);
    for (size_t i = 0; i < 100; i++) {
        all += confusion[i];
        right += i / 10 == i % 10 ? confusion[i] : 0;
    }
    assert_int_equal(all, 500);
    assert_close(metrics.accuracy, (double)right / 500, 1e-12, 0);
    for (size_t r = 0; r < 10; r++) { /* rows are labels: fifty of each in the test set */
        uint64_t row = 0;
        for (size_t c = 0; c < 10; c++)
            row += confusion[r * 10 + c];
        assert_int_equal(row, 50);
    }
    gradus_model_destroy(model);
}

/* Prediction agrees between device and reference, and with evaluation; it needs no labels. */
static void test_predict(void **state)
{
    (void)state;
    gradus_model *model = new_model(3);
    gradus_dataset *unlabelled = NULL;
    static float device_p[5000], host_p[5000];
    assert_ok(gradus_dataset_create(gradus_dataset_pixels(digits_test), NULL, 500, 28, 28, &unlabelled));
    assert_ok(gradus_predict(device, model, unlabelled, device_p));
    assert_ok(gradus_predict(NULL, model, digits_test, host_p));
    assert_all_close(device_p, host_p, 5000, 1e-6, 1e-4, 3);
    for (size_t s = 0; s < 500; s++) {
        double sum = 0;
        for (size_t c = 0; c < 10; c++)
            sum += (double)device_p[10 * s + c];
        assert_close(sum, 1.0, 1e-5, 0);
    }
    gradus_metrics metrics;
    assert_fails(gradus_evaluate(device, model, unlabelled, &metrics, NULL), GRADUS_ERROR_ARGUMENT, "no labels");
    gradus_dataset_destroy(unlabelled);
    gradus_model_destroy(model);
}

/* Finite parameters that overflow: no figures, and the driver is not blamed. */
static void test_overflow_is_told(void **state)
{
    (void)state;
    gradus_model *model = new_model(1);
    gradus_metrics metrics;
    static float probabilities[5000];
    const gradus_train_options options = gradus_train_options_default();
    float *weights, *bias;
    assert_ok(gradus_model_layer(model, 1, &weights, &bias));
    for (size_t i = 0; i < 100; i++)
        weights[i] = i % 2 == 0 ? 3e38f : -3e38f;
    assert_fails(gradus_evaluate(device, model, digits_test, &metrics, NULL), GRADUS_ERROR_DIVERGED, "too large");
    assert_fails(gradus_predict(device, model, digits_test, probabilities), GRADUS_ERROR_DIVERGED, "too large");
    assert_fails(gradus_train(device, model, digits_test, &options, NULL), GRADUS_ERROR_DIVERGED, "too large");
    gradus_model_destroy(model);
}

/* ---- Ending early ---- */

/* All queued iterations are done, and the parameters are exactly those after them. */
static void test_stop(void **state)
{
    run_log log = {.stop_after = 2};
    gradus_train_options options = options_for(&log, *state, 100000, 5);
    gradus_train_result result;
    gradus_model *model = new_model(1), *whole = new_model(1);
    assert_ok(gradus_train(device, model, digits_test, &options, &result));
    assert_int_equal(result.stopped_by, GRADUS_STOP_REQUEST);
    assert_true(result.iterations >= 6 && result.iterations < 100000);
    assert_true(result.train_seconds - log.reports[1].seconds < 0.5);
    assert_int_equal(log.reports[log.count - 1].iteration, result.iterations - 1);

    options = options_for(&(run_log){0}, *state, result.iterations, 0);
    assert_ok(gradus_train(device, whole, digits_test, &options, NULL));
    assert_true(gradus_model_hash(model) == gradus_model_hash(whole));
    gradus_model_destroy(whole);
    gradus_model_destroy(model);
}

/* Nothing is queued past an evaluation that may end the run; and the best parameters are restored bit for bit. */
static void test_patience(void **state)
{
    run_log log = {0};
    gradus_train_options options = options_for(&log, *state, 300, 2);
    gradus_train_result result;
    gradus_model *model = new_model(1), *whole = new_model(1);
    options.learning_rate = 3;
    options.holdout = digits;
    options.stopping.patience = 2;
    assert_ok(gradus_train(device, model, digits_test, &options, &result));
    assert_int_equal(result.stopped_by, GRADUS_STOP_PATIENCE);
    assert_int_equal(log.reports[log.count - 1].iteration, result.iterations - 1);
    assert_int_equal(result.model_iterations, result.iterations - 4);

    options = options_for(&(run_log){0}, *state, result.model_iterations, 0);
    options.learning_rate = 3;
    assert_ok(gradus_train(device, whole, digits_test, &options, NULL));
    assert_true(gradus_model_hash(model) == gradus_model_hash(whole));
    gradus_model_destroy(whole);
    gradus_model_destroy(model);
}

/* Engines without a queue stop at once. */
static void test_stop_on_host(void **state)
{
    (void)state;
    run_log log = {.stop_after = 2};
    gradus_train_options options = options_for(&log, "reference", 100000, 5);
    gradus_train_result result;
    gradus_model *model = new_model(1);
    assert_ok(gradus_train(NULL, model, digits_test, &options, &result));
    assert_int_equal(result.stopped_by, GRADUS_STOP_REQUEST);
    assert_int_equal(result.iterations, 6); /* iteration 5 was running when it was asked to stop */
    assert_int_equal(log.count, 2);
    gradus_model_destroy(model);
}

static void test_divergence_keeps_last_good_parameters(void **state)
{
    run_log log = {0};
    gradus_train_options options = options_for(&log, *state, 100, 1);
    gradus_metrics metrics;
    gradus_model *model = new_model(1);
    options.learning_rate = 3e38f;
    assert_fails(gradus_train(device, model, digits_test, &options, NULL), GRADUS_ERROR_DIVERGED, "the learning rate");
    assert_true(log.count > 0);
    const gradus_report *last = &log.reports[log.count - 1];
    assert_ok(gradus_evaluate(device, model, digits_test, &metrics, NULL));
    assert_close(metrics.loss, last->train.loss, 0, 1e-6);
    gradus_model_destroy(model);
}

/* ---- Refusals ---- */

static void test_refusals(void **state)
{
    (void)state;
    gradus_model *model = new_model(1);
    gradus_dataset *unlabelled = NULL;
    gradus_train_options options = gradus_train_options_default();
    const uint64_t hash = gradus_model_hash(model);
    assert_ok(gradus_dataset_create(gradus_dataset_pixels(digits_test), NULL, 5, 28, 28, &unlabelled));
    assert_fails(gradus_train(device, model, unlabelled, &options, NULL), GRADUS_ERROR_ARGUMENT, "no labels");
    const float wrong[] = {0, -0.1f, NAN, INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.learning_rate = wrong[i];
        assert_fails(gradus_train(device, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT, "learning rate");
    }
    options = gradus_train_options_default();
    options.engine = "layered";
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT, "needs an OpenCL device");
    assert_true(gradus_model_hash(model) == hash);
    gradus_dataset_destroy(unlabelled);
    gradus_model_destroy(model);
}

/* A device whose kernels are wrong is refused before the first iteration. The state is "ENGINE sed-script file [batch size]". */
static void test_wrong_device_is_refused(void **state)
{
    char engine[16], script[64], file[48], folder[] = "/tmp/gradus-train-XXXXXX", command[1024];
    gradus_device *faulty = NULL;
    gradus_model *model = new_model(1);
    gradus_train_options options = gradus_train_options_default();
    assert_true(sscanf(*state, "%15s %63s %47s %zu", engine, script, file, &options.batch_size) >= 3);
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "cp -r '%s'/kernels/. %s && sed -i '%s' %s/%s && ! cmp -s '%s'/kernels/%s %s/%s",
             getenv("TEST_SOURCE_DIR"), folder, script, folder, file, getenv("TEST_SOURCE_DIR"), file, folder, file);
    assert_int_equal(system(command), 0);
    options.engine = engine;
    setenv("GRADUS_KERNEL_DIR", folder, 1);
    assert_ok(gradus_device_open(NULL, &faulty));
    assert_fails(gradus_train(faulty, model, digits, &options, NULL), GRADUS_ERROR_MISMATCH,
                 "; the driver or its compiler is at fault");
    unsetenv("GRADUS_KERNEL_DIR");
    gradus_device_close(faulty);
    gradus_model_destroy(model);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static char faulty_layered[] = "layered s/c\\x20==\\x20label/c+1==label/ layered/softmax.cl";
    static char faulty_fused[] = "fused s/label\\x20==\\x20(int)c/label==(int)c+1/ fused_tile/fused_tile.clh";
    static char faulty_steps[] = "fused s/step\\x20\\*\\x20how.batch/0*step/ fused_batch/fused_batch.cl 128";
    static char fused_name[] = "fused", layered_name[] = "layered", reference_name[] = "reference";
#if GRADUS_BLAS
    static char blas_name[] = "blas";
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_report_belongs_to_iteration, fused_name),
        cmocka_unit_test_prestate(test_report_belongs_to_iteration, layered_name),
        cmocka_unit_test_prestate(test_report_belongs_to_iteration, reference_name),
        cmocka_unit_test(test_reported_iterations),
        cmocka_unit_test_prestate(test_same_bits, fused_name),
        cmocka_unit_test_prestate(test_same_bits, layered_name),
        cmocka_unit_test_prestate(test_same_bits, reference_name),
        cmocka_unit_test_prestate(test_holdout_does_not_disturb, fused_name),
        cmocka_unit_test_prestate(test_holdout_does_not_disturb, layered_name),
        cmocka_unit_test_prestate(test_holdout_does_not_disturb, reference_name),
        cmocka_unit_test(test_learns_digits),
        cmocka_unit_test(test_predict),
        cmocka_unit_test(test_overflow_is_told),
        cmocka_unit_test_prestate(test_stop, fused_name),
        cmocka_unit_test_prestate(test_stop, layered_name),
        cmocka_unit_test_prestate(test_patience, fused_name),
        cmocka_unit_test_prestate(test_patience, layered_name),
        cmocka_unit_test(test_stop_on_host),
        cmocka_unit_test_prestate(test_divergence_keeps_last_good_parameters, layered_name),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test_prestate(test_wrong_device_is_refused, faulty_layered),
        cmocka_unit_test_prestate(test_wrong_device_is_refused, faulty_fused),
        cmocka_unit_test_prestate(test_wrong_device_is_refused, faulty_steps),
#if GRADUS_BLAS
        cmocka_unit_test_prestate(test_report_belongs_to_iteration, blas_name),
        cmocka_unit_test_prestate(test_same_bits, blas_name),
        cmocka_unit_test_prestate(test_holdout_does_not_disturb, blas_name),
        cmocka_unit_test_prestate(test_divergence_keeps_last_good_parameters, blas_name),
#endif
    };
    device = open_test_device();
    if (gradus_dataset_open("digits", NULL, &digits, &digits_test) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(digits);
    gradus_dataset_destroy(digits_test);
    gradus_device_close(device);
    return failed;
}
