/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trains on the bundled digits, prints its progress, and writes the model: train_digits [FILE [FOLDER]]. Ctrl-C, or an
 * accuracy of 92 % on the holdout, ends the training early; the model is written in any case. With a folder for
 * checkpoints, the same command continues an earlier run, however that ended.
 */
#include <gradus/gradus.h>

#include <signal.h>
#include <stdio.h>

/* Training ends soon after this is no longer 0. The signal handler and the callback below set it. */
static volatile int stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1;
}

/* Called from gradus_train() after every epoch. */
static void on_report(const gradus_report *report, void *user)
{
    const double *enough = user;
    printf("epoch %2zu: loss %.4f, accuracy %.2f %% on the training samples, %.2f %% on the holdout\n",
           report->epoch + 1, report->train.loss, 100 * report->train.accuracy, 100 * report->holdout.accuracy);
    if (report->holdout.accuracy >= *enough)
        stop = 1;
}

int main(int argc, char **argv)
{
    const char *file = argc > 1 ? argv[1] : "digits.safetensors";
    double enough = 0.92;
    gradus_dataset *train = NULL, *test = NULL, *holdout = NULL;
    gradus_model *model = NULL;
    gradus_device *device = NULL;
    gradus_train_result result;
    gradus_metrics metrics;

    /* Every call returns 0 or an error, so calls can be chained; the first failure ends the chain. */
    int failed = gradus_dataset_open("digits", NULL, &train, &test) ||
                 gradus_dataset_holdout(train, 500, 1, &holdout) || gradus_device_open(NULL, &device);
    if (failed)
        goto cleanup;

    /* 784 pixels, 64 hidden units, 10 classes; the initializer "he" is made for ReLU. */
    const gradus_network network = {.layers = 2, .sizes = {784, 64, 10}};
    failed = gradus_model_create_with(&network, "he", 1, &model);
    if (failed)
        goto cleanup;

    const size_t batch = 32, samples = gradus_dataset_get_info(train).samples;
    gradus_train_options options = gradus_train_options_default();
    options.batch_size = batch;
    options.epochs = 20;
    options.optimizer.name = "adam";
    options.learning_rate = 0.002f;
    options.holdout = holdout;
    options.report = on_report;
    options.report_every = (samples + batch - 1) / batch; /* steps: an epoch */
    options.user = &enough;
    options.stop = &stop;
    options.checkpoints.folder = argc > 2 ? argv[2] : NULL; /* one is written with every report */
    options.checkpoints.resume = argc > 2;
    signal(SIGINT, on_interrupt);
    failed = gradus_train(device, model, train, &options, &result) ||
             gradus_evaluate(device, model, test, &metrics, NULL) ||
             gradus_model_set_metadata(model, "dataset", "digits") || gradus_model_save(model, file);
    if (!failed)
        printf("%zu steps, %zu of them before the checkpoint, in %.2f s by engine %s; test accuracy %.2f %%; "
               "written: %s\n",
               result.iterations, result.resumed_from, result.train_seconds, result.engine, 100 * metrics.accuracy,
               file);

cleanup:
    if (failed)
        fprintf(stderr, "%s\n", gradus_last_error());
    gradus_device_close(device);
    gradus_model_destroy(model);
    gradus_dataset_destroy(holdout);
    gradus_dataset_destroy(test);
    gradus_dataset_destroy(train);
    return failed != 0;
}
