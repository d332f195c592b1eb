// SPDX-License-Identifier: Apache-2.0
// One step of as many parameters as a vector has, and what is remembered of a step; for optimizer.cl, and behind vectors.cl for
// fused_batch.cl. In vectors, because PoCL's compiler makes none of a kernel with so many cases (docs/performance.md).

#ifdef LANES
#define PARAMETER_LANES LANES
typedef floatv parameter;
#else
#define PARAMETER_LANES 8
typedef float8 parameter;
#endif

// As host/engine/optimizer.h has them; optimizer_step.h there has the formulas for the host.
enum { SGD = 0, MOMENTUM = 1, NESTEROV = 2, RMSPROP = 3, ADAM = 4, ADAMW = 5 };

// What is the same in all steps, and what changes from step to step. momentum is beta1 and decay beta2 for adam.
typedef struct optimizer {
    uint kind;
    float momentum, decay, epsilon;
} optimizer;

typedef struct step_factors {
    float learning_rate, first_correction, second_correction;
} step_factors;

// The parameter after a step with its gradient g. first, second: its moments, which are not touched where the kind has none;
// shrink: its weight decay.
static parameter update_one(optimizer how, step_factors by, float shrink, parameter p, parameter g,
                            global parameter *first, global parameter *second)
{
    const parameter momentum = how.momentum, decay = how.decay;
    const parameter weight = how.kind == ADAMW ? p - by.learning_rate * shrink * p : p;
    const parameter slope = how.kind == ADAMW ? g : fma((parameter)(shrink), weight, g);
    parameter step = slope;
    if (how.kind == MOMENTUM || how.kind == NESTEROV) {
        *first = fma(momentum, *first, slope);
        step = how.kind == NESTEROV ? fma(momentum, *first, slope) : *first;
    }
    if (how.kind >= RMSPROP) {
        *second = fma(decay, *second, (1 - how.decay) * slope * slope);
        step = slope / (sqrt(*second) + how.epsilon);
    }
    if (how.kind >= ADAM) {
        *first = fma(momentum, *first, (1 - how.momentum) * slope);
        step = *first / by.first_correction / (sqrt(*second) / by.second_correction + how.epsilon);
    }
    return weight - by.learning_rate * step;
}

// The sums of a step into the next slot: history[2 slot], [2 slot + 1], a ring of `slots`. progress: [0] the slot that comes
// next, [1] whether a loss was not finite, [2] the number of steps taken. The device counts for itself, so that the host need not set an argument for
// every step.
static void note_step(float loss, float correct, global float *history, global uint *progress, uint slots)
{
    const uint slot = progress[0];
    history[2 * slot] = loss;
    history[2 * slot + 1] = correct;
    progress[0] = slot + 1 < slots ? slot + 1 : 0;
    progress[2]++;
    if (!isfinite(loss))
        progress[1] = 1;
}
