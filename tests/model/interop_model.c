/* SPDX-License-Identifier: Apache-2.0 */
/* The C half of interop.py: writes a model for it to read, and prints the parameters of one that it wrote. */
#include "gradus/gradus.h"

#include <stdio.h>
#include <string.h>

static void print_values(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%a\n", (double)values[i]);
}

/* Prints all parameters, W1 b1 W2 b2 ..., exactly, one per line. */
static gradus_status print_model(const char *path)
{
    gradus_model *model = NULL;
    gradus_status status = gradus_model_load(path, &model);
    if (status != GRADUS_OK)
        return status;
    const gradus_network *network = gradus_model_network(model);
    for (size_t l = 0; l < network->layers; l++) {
        float *weights = NULL, *bias = NULL;
        gradus_model_layer(model, l, &weights, &bias);
        print_values(weights, network->sizes[l + 1] * network->sizes[l]);
        print_values(bias, network->sizes[l + 1]);
    }
    gradus_model_destroy(model);
    return GRADUS_OK;
}

static gradus_status create_model(const char *path)
{
    const gradus_network network = {.layers = 3, .sizes = {9, 5, 4, 3}};
    gradus_model *model = NULL;
    gradus_status status = gradus_model_create(&network, 7, &model);
    if (status == GRADUS_OK)
        status = gradus_model_save(model, path);
    gradus_model_destroy(model);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    gradus_status status = strcmp(argv[1], "create") == 0 ? create_model(argv[2]) : print_model(argv[2]);
    if (status != GRADUS_OK)
        fprintf(stderr, "%s\n", gradus_last_error());
    return status != GRADUS_OK;
}
