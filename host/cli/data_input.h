/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets as the user names them, with hints for what usually goes wrong. */
#ifndef GRADUS_CLI_DATA_INPUT_H
#define GRADUS_CLI_DATA_INPUT_H

#include <gradus/gradus.h>

/* gradus_dataset_open(), and a hint where the name is that of a set that can be fetched. */
int data_open(const char *name, const gradus_data_options *options, gradus_dataset **train, gradus_dataset **test);

/*
 * Opens one part of a data set: "train", "test", or with NULL the test part where there is one and else the training
 * part. *part says which it is.
 */
int data_open_part(const char *name, const gradus_data_options *options, const char *wanted, gradus_dataset **out,
                   const char **part);

/* Refuses a labelled set with a class that the network lacks, naming the sample. */
int data_require_classes(const char *name, const char *part, const gradus_dataset *dataset, size_t classes);

#endif
