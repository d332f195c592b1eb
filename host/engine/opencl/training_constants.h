/* SPDX-License-Identifier: Apache-2.0 */
/* The constants that a program for one training is compiled with. */
#ifndef GRADUS_ENGINE_TRAINING_CONSTANTS_H
#define GRADUS_ENGINE_TRAINING_CONSTANTS_H

#include "engine/common/engine.h"

/* Appends the definitions of the activation, dropout, label smoothing and the input to the compiler's options. */
gradus_status gr_define_training(const engine *base, char **options);

#endif
