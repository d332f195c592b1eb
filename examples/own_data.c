/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data set from memory: points on the three arms of a spiral, which a deep network learns to distinguish, with Adam
 * and mini-batches. At the end it prints a map of the network's predictions.
 */
#include <gradus/gradus.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARMS = 3, SAMPLES = 3000, COLUMNS = 64, ROWS = 32 };

static double random_share(void)
{
    return rand() / (RAND_MAX + 1.0);
}

/* A sample is a pair of numbers, x and y: an "image" of 2 x 1. Its label is the number of its arm. */
static gradus_status make_spiral(gradus_dataset **out)
{
    static float points[SAMPLES][2];
    static uint8_t labels[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        const double radius = random_share(), noise = 0.2 * (random_share() - 0.5);
        labels[i] = (uint8_t)(i % ARMS);
        const double angle = 6.2832 * (labels[i] / (double)ARMS + 0.8 * radius) + noise;
        points[i][0] = (float)(radius * cos(angle));
        points[i][1] = (float)(radius * sin(angle));
    }
    return gradus_dataset_create_floats(points[0], labels, SAMPLES, 2, 1, out);
}

/* Predicts the class of each point of a grid; a data set without labels is enough for that. */
static gradus_status print_map(gradus_device *device, const gradus_model *model)
{
    static float points[ROWS * COLUMNS][2];
    static float probabilities[ROWS * COLUMNS][ARMS];
    gradus_dataset *grid = NULL;
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        points[i][0] = 2 * (float)(i % COLUMNS) / (COLUMNS - 1) - 1;
        points[i][1] = 2 * (float)(i / COLUMNS) / (ROWS - 1) - 1;
    }
    gradus_status status = gradus_dataset_create_floats(points[0], NULL, ROWS * COLUMNS, 2, 1, &grid);
    if (status == GRADUS_OK)
        status = gradus_predict(device, model, grid, probabilities[0]);
    for (size_t i = 0; i < ROWS * COLUMNS && status == GRADUS_OK; i++) {
        const float *p = probabilities[i];
        putchar(p[0] > p[1] && p[0] > p[2] ? '.' : p[1] > p[2] ? 'o' : '#');
        if (i % COLUMNS == COLUMNS - 1)
            putchar('\n');
    }
    gradus_dataset_destroy(grid);
    return status;
}

int main(void)
{
    gradus_dataset *train = NULL, *test = NULL;
    gradus_model *model = NULL;
    gradus_device *device = NULL;
    gradus_metrics metrics;
    gradus_network network = {.layers = 4, .sizes = {2, 32, 32, 32, ARMS}, .activation = GRADUS_TANH, .floats = true};
    gradus_train_options options = gradus_train_options_default();
    options.batch_size = 50;
    options.epochs = 60;
    options.optimizer.name = "adam";
    options.learning_rate = 0.01f;
    options.schedule.name = "cosine";

    /* A standardised input has mean 0 and standard deviation 1. With it a network learns fastest. */
    int failed = make_spiral(&train) || make_spiral(&test) ||
                 gradus_dataset_moments(train, &network.input_mean, &network.input_deviation) ||
                 gradus_model_create_with(&network, "xavier", 1, &model) || gradus_device_open(NULL, &device) ||
                 gradus_train(device, model, train, &options, NULL) ||
                 gradus_evaluate(device, model, test, &metrics, NULL) || print_map(device, model);
    if (failed)
        fprintf(stderr, "%s\n", gradus_last_error());
    else
        printf("%.1f %% of new points are classified correctly\n", 100 * metrics.accuracy);

    gradus_device_close(device);
    gradus_model_destroy(model);
    gradus_dataset_destroy(test);
    gradus_dataset_destroy(train);
    return failed != 0;
}
