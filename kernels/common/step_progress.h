// SPDX-License-Identifier: Apache-2.0
// How far a training is: a device counts for itself, so the host sets no argument for every step.

#pragma once

#include "common/integers.h"

// What is noted of each sample, and summed over those of a step: its cross-entropy, and whether it is classified correctly.
#define METRICS 2

// The sums of so many steps are remembered: those of step s in slot s % METRIC_SLOTS, where step 0 is the first.
#define METRIC_SLOTS 256

typedef struct step_progress {
    u32 slot;     // of the next step's sums
    u32 diverged; // whether the loss of a step was not finite
    u32 steps;    // taken; dropout is a function of it
    u32 seed[2];  // of dropout, the low word first
} step_progress;
