// SPDX-License-Identifier: Apache-2.0
// What a device knows of a training. It counts the steps itself, so that no argument of a launch changes from step to step.

#pragma once

#include "common/integers.h"

typedef struct step_progress {
    u32 slot;     // of the history that comes next
    u32 diverged; // whether a loss was not finite
    u32 steps;    // taken
    u32 seed[2];  // of dropout, which also depends on the number of steps
} step_progress;
