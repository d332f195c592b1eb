/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a training's step with an engine, measured on the training's own data. */
#ifndef GRADUS_ENGINE_TRIAL_H
#define GRADUS_ENGINE_TRIAL_H

#include "engine/common/engine.h"

/* Seconds of a step as a training does it: with the engine's batch size and, where the engine has it, by take_steps().
 * Compiling is not part of it. May be repeated. Afterwards the engine's state is undefined. */
gradus_status gr_engine_trial(engine *e, const float *parameters, double *seconds);

#endif
