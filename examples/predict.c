/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicts the class of an image: predict MODEL [NUMBER], where NUMBER is one of the bundled test digits. No OpenCL
 * device is needed: for a single image the host is fast enough.
 */
#include <gradus/gradus.h>

#include <stdio.h>
#include <stdlib.h>

enum { CLASSES_MAX = 256 };

static void print_image(const uint8_t *pixels, size_t width, size_t height)
{
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++)
            putchar(" .:-=+*#%@"[pixels[y * width + x] * 10 / 256]);
        putchar('\n');
    }
}

static void print_probabilities(const float *probabilities, size_t classes)
{
    for (size_t c = 0; c < classes; c++) {
        printf("%2zu %6.2f %% ", c, 100 * (double)probabilities[c]);
        for (int bar = 0; bar < (int)(40 * probabilities[c] + 0.5f); bar++)
            putchar('=');
        putchar('\n');
    }
}

/* Makes a data set of one sample, as it could come from a camera: bytes, row after row, 255 for ink. */
static gradus_status predict(const gradus_model *model, const gradus_dataset *test, size_t number)
{
    const gradus_dataset_info info = gradus_dataset_get_info(test);
    const gradus_network *network = gradus_model_network(model);
    const uint8_t *pixels = gradus_dataset_pixels(test) + number * info.features;
    gradus_dataset *image = NULL;
    float probabilities[CLASSES_MAX]; /* (C x 1) */

    gradus_status status = gradus_dataset_create(pixels, NULL, 1, info.width, info.height, &image);
    if (status == GRADUS_OK)
        status = gradus_predict(NULL, model, image, probabilities);
    if (status == GRADUS_OK) {
        print_image(pixels, info.width, info.height);
        printf("labelled %u\n", gradus_dataset_labels(test)[number]);
        print_probabilities(probabilities, network->sizes[network->layers]);
    }
    gradus_dataset_destroy(image);
    return status;
}

int main(int argc, char **argv)
{
    const size_t number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    gradus_model *model = NULL;
    gradus_dataset *test = NULL;
    if (argc < 2) {
        fprintf(stderr, "Usage: %s MODEL [NUMBER]\n", argv[0]);
        return 1;
    }

    int failed = gradus_model_load(argv[1], &model) || gradus_dataset_open("digits", NULL, NULL, &test) ||
                 gradus_dataset_truncate(test, number + 1) || /* fails if there are fewer */
                 predict(model, test, number);
    if (failed)
        fprintf(stderr, "%s\n", gradus_last_error());
    gradus_dataset_destroy(test);
    gradus_model_destroy(model);
    return failed != 0;
}
