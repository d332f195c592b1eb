/* SPDX-License-Identifier: Apache-2.0 */
/* What determines the result of a run, beside the machine: network, data, and options, by the names that messages have. */
#ifndef GRADUS_TRAIN_RECIPE_H
#define GRADUS_TRAIN_RECIPE_H

#include "model/model.h"
#include "train/course.h"

/* An object of numbers and texts, which the caller releases. The model has its initial parameters. What is not in use, such
 * as a momentum that the optimizer does not have, is left out. */
gradus_status gr_recipe_make(const gradus_train_options *options, const course *c, const gradus_model *model,
                             const gradus_dataset *dataset, json_t **out);

/* ARGUMENT for the first item of a file's recipe that is another than this run's. */
gradus_status gr_recipe_compare(const char *path, json_t *found, json_t *expected);

#endif
