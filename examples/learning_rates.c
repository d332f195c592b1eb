/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for a learning rate: trains the bundled digits with ten of them, several at a time, and prints a table. The
 * last ones are too large, and their networks do not learn.
 */
#include <gradus/gradus.h>

#include <stdio.h>

#define RATES 10

int main(void)
{
    gradus_dataset *train = NULL, *holdout = NULL;
    gradus_device *device = NULL;
    gradus_train_options options[RATES];
    gradus_training trainings[RATES] = {{NULL, NULL, {0}, GRADUS_OK, ""}};
    const gradus_network network = {.layers = 2, .sizes = {784, 32, 10}};
    float rate = 0.0001f;

    int failed = gradus_dataset_open("digits", NULL, &train, NULL) ||
                 gradus_dataset_holdout(train, 500, 1, &holdout) || gradus_device_open(NULL, &device);
    for (int i = 0; i < RATES && !failed; i++, rate *= 3) {
        options[i] = gradus_train_options_default();
        options[i].batch_size = 32;
        options[i].epochs = 5;
        options[i].optimizer.name = "adam";
        options[i].learning_rate = rate;
        options[i].holdout = holdout;
        options[i].report_every = 0;
        trainings[i].options = &options[i];
        failed = gradus_model_create_with(&network, "he", 1, &trainings[i].model);
    }
    if (failed)
        goto cleanup;

    /* Its status is that of the first training that failed; here every training has its own. */
    (void)gradus_train_many(device, train, trainings, RATES);
    printf("learning rate  holdout loss  accuracy\n");
    for (int i = 0; i < RATES; i++) {
        const gradus_metrics *metrics = &trainings[i].result.holdout;
        if (trainings[i].status == GRADUS_OK)
            printf("%13g  %12.4f  %6.2f %%\n", (double)options[i].learning_rate, metrics->loss,
                   100 * metrics->accuracy);
        else
            printf("%13g  %s\n", (double)options[i].learning_rate, trainings[i].error);
    }

cleanup:
    if (failed)
        fprintf(stderr, "%s\n", gradus_last_error());
    for (int i = 0; i < RATES; i++)
        gradus_model_destroy(trainings[i].model);
    gradus_device_close(device);
    gradus_dataset_destroy(holdout);
    gradus_dataset_destroy(train);
    return failed != 0;
}
