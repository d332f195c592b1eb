// SPDX-License-Identifier: Apache-2.0
// The progress of a training. The device counts the steps itself, so the host sets no argument for a step.

#pragma once

#include "common/integers.h"

// The metrics of a sample, which are summed over the samples of a step: its cross-entropy, and whether it is
// classified correctly.
#define METRICS 2

// Number of steps whose sums are kept: those of step s in slot s % METRIC_SLOTS, where step 0 is the first.
#define METRIC_SLOTS 256

typedef struct step_progress {
    u32 slot;     // of the next step's sums
    u32 diverged; // whether the loss of a step was not finite
    u32 steps;    // done; dropout is a function of it
    u32 seed[2];  // of dropout, the low word first
} step_progress;
