/* SPDX-License-Identifier: Apache-2.0 */
/* Opening data sets and their parts. */
#include "command/data_input.h"
#include "text/failure.h"

#include <string.h>

int data_open_part(const char *name, const gradus_data_options *options, const char *wanted, gradus_dataset **out,
                   const char **part)
{
    int code = EX_OK;
    gradus_dataset *test = NULL;
    if (wanted == NULL || strcmp(wanted, "test") == 0) {
        TRY_GRADUS(gradus_dataset_open(name, options, NULL, &test));
        if (test == NULL && wanted != NULL)
            TRY(fail(EX_USAGE, "%s: --split test: the data set has no test part, expected --split train", name));
    }
    *part = test != NULL ? "test" : "train";
    if (test != NULL)
        *out = test;
    else
        TRY_GRADUS(gradus_dataset_open(name, options, out, NULL));
cleanup:
    return code;
}

void data_print_formats(FILE *stream)
{
    fputs("DATASET is a name (digits, mnist, ...), or\n", stream);
    for (size_t i = 0; gradus_dataset_format(i) != NULL; i++)
        fprintf(stream, "  %s\n", gradus_dataset_format(i));
}

gradus_network data_network(const gradus_dataset_info *data, const size_list *hidden)
{
    gradus_network network = {
        .layers = hidden->count + 1, .image_width = data->width, .image_height = data->height, .floats = data->floats};
    network.sizes[0] = data->features;
    memcpy(network.sizes + 1, hidden->values, hidden->count * sizeof *hidden->values);
    network.sizes[network.layers] = data->classes;
    return network;
}

int data_require_classes(const char *name, const char *part, const gradus_dataset *dataset, size_t classes)
{
    const gradus_dataset_info info = gradus_dataset_get_info(dataset);
    const uint8_t *labels = gradus_dataset_labels(dataset);
    for (size_t i = 0; labels != NULL && i < info.samples; i++)
        if (labels[i] >= classes)
            return fail(EX_DATAERR, "%s: %s sample %zu: label %u, expected 0 to %zu, the network's classes", name,
                        part, i, (unsigned)labels[i], classes - 1);
    return EX_OK;
}
