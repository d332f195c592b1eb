/* SPDX-License-Identifier: Apache-2.0 */
/* Early stopping: the training plan, the rules on figures alone, and whole runs on the host, without a device. */
#include "assert_close.h"
#include "data/dataset.h"
#include "train/evaluation/stopping_rules.h"
#include "train/plan/training_plan.h"

#include <math.h>
#include <stdio.h>

static gradus_dataset *digits, *few; /* 500 training samples, and 300 others */

/* ---- The training plan ---- */

/* The loop must wait after steps with an evaluation, comparison or checkpoint, and after the last; after no others. */
static void check_syncs(const training_plan *plan)
{
    size_t next = gr_training_plan_next_sync(plan, 0);
    for (size_t done = 1; done <= plan->steps; done++) {
        const bool waits = done == plan->steps || gr_training_plan_evaluates(plan, done) ||
                           gr_training_plan_checks_convergence(plan, done) || gr_training_plan_saves(plan, done);
        assert_int_equal(done == next, waits);
        if (done == next)
            next = gr_training_plan_next_sync(plan, done);
        assert_true(!gr_training_plan_evaluates(plan, done) || gr_training_plan_reports(plan, done));
    }
    assert_int_equal(next, plan->steps);
}

static training_plan make_plan(const gradus_train_options *options)
{
    training_plan plan;
    assert_ok(gr_training_plan_make(options, digits, &plan));
    check_syncs(&plan);
    return plan;
}

static void test_plan(void **state)
{
    (void)state;
    gradus_train_options options = gradus_train_options_default();
    options.iterations = 123;
    training_plan plan = make_plan(&options);
    assert_int_equal(gr_training_plan_next_sync(&plan, 0), 123); /* nothing to evaluate: the loop never waits */
    assert_true(gr_training_plan_reports(&plan, 1) && gr_training_plan_reports(&plan, 11) &&
                !gr_training_plan_reports(&plan, 10));
    options.checkpoints.folder = "checkpoints";
    plan = make_plan(&options);
    assert_true(gr_training_plan_saves(&plan, 1) && gr_training_plan_saves(&plan, 11) &&
                !gr_training_plan_saves(&plan, 10));
    options.checkpoints.every = 4;
    plan = make_plan(&options);
    assert_true(gr_training_plan_saves(&plan, 4) && gr_training_plan_next_sync(&plan, 4) == 8);
    options.checkpoints.folder = NULL;
    options.holdout = few;
    plan = make_plan(&options);
    assert_true(gr_training_plan_evaluates(&plan, 1) && gr_training_plan_evaluates(&plan, 121) &&
                gr_training_plan_evaluates(&plan, 123));
    assert_false(gr_training_plan_evaluates(&plan, 122));
    options.evaluate_every = SIZE_MAX;
    plan = make_plan(&options);
    assert_int_equal(gr_training_plan_next_sync(&plan, 1), 123);
    options.evaluate_every = 7;
    options.stopping.until_converged = 0.1;
    plan = make_plan(&options);
    assert_int_equal(gr_training_plan_next_sync(&plan, 49), 50);
    assert_true(gr_training_plan_evaluates(&plan, 49) && gr_training_plan_checks_convergence(&plan, 50));
    options.batch_size = 30; /* an epoch has 17 steps */
    options.report_every = 1;
    options.evaluate_every = 0;
    plan = make_plan(&options);
    assert_true(gr_training_plan_evaluates(&plan, 2) && gr_training_plan_checks_convergence(&plan, 34) &&
                !gr_training_plan_checks_convergence(&plan, 50));
    options.report_every = 0;
    plan = make_plan(&options);
    assert_true(!gr_training_plan_evaluates(&plan, 17) && gr_training_plan_evaluates(&plan, 123));
}

/* ---- Rules ---- */

static stopping_rules make(gradus_stopping limits)
{
    stopping_rules s;
    assert_ok(gr_stopping_rules_make(&limits, true, &s));
    return s;
}

static void test_patience(void **state)
{
    (void)state;
    stopping_rules s = make((gradus_stopping){.patience = 2});
    assert_true(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){2.0, 0.5}));
    assert_false(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){2.0, 0.9})); /* equal is not better */
    assert_true(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){1.5, 0.4}));
    assert_false(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){NAN, 0.4}));
    assert_false(gr_stopping_rules_out_of_patience(&s));
    assert_false(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){1.6, 0.9}));
    assert_true(gr_stopping_rules_out_of_patience(&s));
    s = make((gradus_stopping){.patience = 2, .monitor = "accuracy"});
    assert_true(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){2.0, 0.5}));
    assert_true(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){3.0, 0.6}));
    assert_false(gr_stopping_rules_record_evaluation(&s, &(gradus_metrics){1.0, 0.6}));
    assert_close(s.best.loss, 3.0, 0, 0);
}

/* Means of windows 4, 2, 1.5, 1.49: the improvements are 50 %, 25 % and 0.7 %. */
static void test_windows(void **state)
{
    (void)state;
    static const double losses[][2] = {{5, 3}, {2, 2}, {1, 2}, {1.49, 1.49}, {3, 3}};
    static const bool expected[] = {false, false, false, true, true};
    stopping_rules s = make((gradus_stopping){.until_converged = 0.01});
    for (size_t w = 0; w < 5; w++) {
        for (size_t i = 0; i < 2; i++)
            gr_stopping_rules_record_step(&s, &(batch_sums){10 * losses[w][i], 0}, 10);
        assert_int_equal(gr_stopping_rules_end_window(&s), expected[w]);
    }
}

static void test_rules_refused(void **state)
{
    (void)state;
    stopping_rules s;
    assert_fails(gr_stopping_rules_make(&(gradus_stopping){.patience = 3}, false, &s), GRADUS_ERROR_ARGUMENT,
                 "patience: found 3 evaluations, but there is no holdout");
    assert_fails(gr_stopping_rules_make(&(gradus_stopping){.monitor = "los"}, true, &s), GRADUS_ERROR_ARGUMENT,
                 "monitor \"los\": expected loss or accuracy");
    assert_fails(gr_stopping_rules_make(&(gradus_stopping){.target_accuracy = 97}, true, &s), GRADUS_ERROR_ARGUMENT,
                 "target accuracy: found 97, expected a number from 0 to 1");
    assert_fails(gr_stopping_rules_make(&(gradus_stopping){.until_converged = -1}, true, &s), GRADUS_ERROR_ARGUMENT,
                 "until converged: found -1");
    assert_fails(gr_stopping_rules_make(&(gradus_stopping){.max_seconds = NAN}, true, &s), GRADUS_ERROR_ARGUMENT,
                 "seconds at most: found nan");
}

/* ---- Runs ---- */

typedef struct run_log {
    gradus_report reports[512];
    size_t count;
} run_log;

static void keep_report(const gradus_report *report, void *user)
{
    run_log *log = user;
    assert_true(log->count < sizeof log->reports / sizeof *log->reports);
    log->reports[log->count++] = *report;
}

static gradus_train_options options_for(run_log *log, size_t iterations, float learning_rate)
{
    gradus_train_options options = gradus_train_options_default();
    *log = (run_log){0};
    options.engine = "reference";
    options.iterations = iterations;
    options.learning_rate = learning_rate;
    options.report = keep_report;
    options.user = log;
    return options;
}

/* Trains a new model and returns its hash; the model's figures on `few` in *metrics. */
static uint64_t train(const gradus_train_options *options, gradus_train_result *result, gradus_metrics *metrics)
{
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_ok(gradus_train(NULL, model, digits, options, result));
    assert_ok(gradus_evaluate(NULL, model, few, metrics, NULL));
    const uint64_t hash = gradus_model_hash(model);
    gradus_model_destroy(model);
    return hash;
}

static void test_evaluations(void **state)
{
    (void)state;
    static const size_t expected[] = {0, 3, 5, 7, 10};
    run_log log;
    gradus_train_result result;
    gradus_metrics early, late;
    gradus_train_options options = options_for(&log, 4, 0.1f);
    train(&options, &result, &early);
    assert_true(isnan(result.holdout.loss) && isnan(log.reports[0].holdout.loss));
    options = options_for(&log, 11, 0.1f);
    options.report_every = 5;
    options.holdout = few;
    options.evaluate_every = 4;
    train(&options, &result, &late);
    assert_int_equal(log.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < log.count; i++) {
        assert_int_equal(log.reports[i].iteration, expected[i]);
        assert_int_equal(isnan(log.reports[i].holdout.loss), i % 2 == 0 && i < 4);
        assert_true(log.reports[i].samples_per_second > 0);
        assert_close((double)log.reports[i].learning_rate, 0.1, 0, 1e-6);
    }
    assert_close(log.reports[1].holdout.loss, early.loss, 0, 1e-5);
    assert_close(log.reports[4].holdout.loss, late.loss, 0, 1e-5);
    assert_close(result.holdout.loss, late.loss, 0, 1e-5);
    assert_int_equal(result.stopped_by, GRADUS_STOP_STEPS);
    assert_int_equal(result.model_iterations, 11);
}

/* With this large learning rate the loss fluctuates. The model is that of the best evaluation, bit for bit. */
static void test_best_is_restored(void **state)
{
    (void)state;
    run_log log;
    gradus_train_result result;
    gradus_metrics metrics;
    size_t best = 0;
    gradus_train_options options = options_for(&log, 300, 3);
    options.report_every = 1;
    options.holdout = few;
    options.stopping.patience = 4;
    const uint64_t hash = train(&options, &result, &metrics);
    for (size_t i = 1; i < log.count; i++)
        if (log.reports[i].holdout.loss < log.reports[best].holdout.loss)
            best = i;
    assert_int_equal(result.stopped_by, GRADUS_STOP_PATIENCE);
    assert_int_equal(result.iterations, best + 1 + 4);
    assert_int_equal(result.iterations, log.count);
    assert_int_equal(result.model_iterations, best + 1);
    assert_close(result.holdout.loss, log.reports[best].holdout.loss, 0, 0);
    assert_close(metrics.loss, result.holdout.loss, 0, 1e-5);
    options = options_for(&log, best + 1, 3);
    assert_true(train(&options, &result, &metrics) == hash);
}

static void test_target(void **state)
{
    (void)state;
    run_log log;
    gradus_train_result result;
    gradus_metrics metrics;
    gradus_train_options options = options_for(&log, 1000, 0.5f);
    options.stopping.target_accuracy = 0.6;
    train(&options, &result, &metrics);
    assert_int_equal(result.stopped_by, GRADUS_STOP_TARGET);
    assert_true(result.train.accuracy >= 0.6 && result.iterations % 10 == 1 && result.iterations < 1000);

    options.batch_size = 64;
    options.epochs = 20;
    options.report_every = 8;
    train(&options, &result, &metrics);
    assert_int_equal(result.stopped_by, GRADUS_STOP_TARGET);
    assert_true(result.train.accuracy >= 0.6 && result.iterations % 8 == 0 && result.iterations < 160);

    options = options_for(&log, 1000, 0.5f);
    options.holdout = few;
    options.stopping = (gradus_stopping){.target_accuracy = 0.6, .patience = 100};
    train(&options, &result, &metrics);
    assert_int_equal(result.stopped_by, GRADUS_STOP_TARGET);
    assert_int_equal(result.model_iterations, result.iterations);
    assert_close(metrics.accuracy, result.holdout.accuracy, 0, 0);
    assert_true(metrics.accuracy >= 0.6 && log.reports[log.count - 2].holdout.accuracy < 0.6);
}

static void test_convergence(void **state)
{
    (void)state;
    run_log log;
    gradus_train_result result;
    gradus_metrics metrics;
    gradus_train_options options = options_for(&log, 1000, 0.5f);
    options.stopping.until_converged = 0.5;
    const uint64_t hash = train(&options, &result, &metrics);
    assert_int_equal(result.stopped_by, GRADUS_STOP_CONVERGED);
    assert_true(result.iterations % 50 == 0 && result.iterations < 1000);
    assert_int_equal(log.reports[log.count - 1].iteration, result.iterations - 1);
    options.report_every = 3; /* the number of reports changes nothing */
    assert_true(train(&options, &result, &metrics) == hash);
}

static void test_time(void **state)
{
    (void)state;
    run_log log;
    gradus_train_result result;
    gradus_metrics metrics;
    gradus_train_options options = options_for(&log, SIZE_MAX, 0.1f);
    options.report_every = 1000;
    options.stopping.max_seconds = 0.1;
    train(&options, &result, &metrics);
    assert_int_equal(result.stopped_by, GRADUS_STOP_TIME);
    assert_true(result.iterations > 0 && result.train_seconds >= 0.1);
    assert_string_equal(gradus_stop_reason_name(result.stopped_by), "time");
}

static void test_runs_refused(void **state)
{
    (void)state;
    run_log log;
    const gradus_network network = {.layers = 2, .sizes = {784, 3, 10}};
    gradus_model *model = NULL;
    gradus_dataset *other = NULL;
    gradus_train_options options = options_for(&log, 10, 0.1f);
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_ok(gradus_dataset_create(gradus_dataset_pixels(few), NULL, 5, 28, 28, &other));
    options.holdout = other;
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "the holdout has no labels");
    gradus_dataset_destroy(other);
    assert_ok(gradus_dataset_create(gradus_dataset_pixels(few), gradus_dataset_labels(few), 5, 10, 10, &other));
    options.holdout = other;
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_DATA, "100 features");
    options.holdout = NULL;
    options.stopping.patience = 1;
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT, "no holdout");
    gradus_dataset_destroy(other);
    gradus_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_windows),     cmocka_unit_test(test_rules_refused),
        cmocka_unit_test(test_evaluations), cmocka_unit_test(test_best_is_restored),
        cmocka_unit_test(test_target),      cmocka_unit_test(test_convergence),
        cmocka_unit_test(test_time),        cmocka_unit_test(test_runs_refused),
    };
    if (gradus_dataset_open("digits", NULL, &few, &digits) != GRADUS_OK ||
        gradus_dataset_truncate(few, 300) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(few);
    gradus_dataset_destroy(digits);
    return failed;
}
