/* SPDX-License-Identifier: Apache-2.0 */
/* The samples that one INPUT of `gradus predict` names: DATASET, DATASET:INDEX or DATASET:INDEX-INDEX. */
#ifndef GRADUS_CLI_PREDICTION_INPUT_H
#define GRADUS_CLI_PREDICTION_INPUT_H

#include <gradus/gradus.h>

typedef struct prediction_input {
    char *name;              /* the data set's */
    gradus_dataset *samples; /* the requested ones */
    size_t first;            /* index of the first of them in the data set */
} prediction_input;

/*
 * Opens the input for a model: from the test part if there is one, else from the training part. A text that is the path
 * of a file or folder is a path even if it has colons. The caller frees *input in every case.
 */
int prediction_input_open(const char *text, const char *data_dir, const gradus_network *network,
                          prediction_input *input);
void prediction_input_free(prediction_input *input);

#endif
