/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of data sets, and networks that fit them. */
#ifndef GRADUS_CLI_DATA_INPUT_H
#define GRADUS_CLI_DATA_INPUT_H

#include "command/options.h"

#include <stdio.h>

/*
 * Opens one part of a data set: "train", "test", or with NULL the test part if there is one, else the training part.
 * *part is the part that was opened.
 */
int data_open_part(const char *name, const gradus_data_options *options, const char *wanted, gradus_dataset **out,
                   const char **part);

/* Explains DATASET, as help texts do. */
void data_print_formats(FILE *stream);

/* The network with these hidden layers for such samples. */
gradus_network data_network(const gradus_dataset_info *data, const size_list *hidden);

/* Refuses a labelled set with a class that the network does not have; the message names the sample. */
int data_require_classes(const char *name, const char *part, const gradus_dataset *dataset, size_t classes);

#endif
