/* SPDX-License-Identifier: Apache-2.0 */
/* The training configuration: everything that determines a run's result, except the machine. Network, data and options,
 * by the names that messages use. */
#ifndef GRADUS_TRAIN_CONFIGURATION_H
#define GRADUS_TRAIN_CONFIGURATION_H

#include "model/model.h"
#include "train/plan/training_plan.h"

/* An object of numbers and texts, which the caller releases. The model has its initial parameters. Unused options, such
 * as the momentum of an optimizer without momentum, are omitted. */
gradus_status gr_configuration_make(const gradus_train_options *options, const training_plan *plan,
                                    const gradus_model *model, const gradus_dataset *dataset, json_t **out);

/* ARGUMENT for the first item in which a file's configuration differs from this run's. */
gradus_status gr_configuration_compare(const char *path, json_t *found, json_t *expected);

#endif
