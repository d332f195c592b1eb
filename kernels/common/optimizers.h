// SPDX-License-Identifier: Apache-2.0
// The optimizers, for the host and for devices: the one place that lists them. The formula that belongs to each row is in
// optimizer_step.clh for devices and in host/engine/common/optimizer_step.h for the host.

#pragma once

// What is remembered of each parameter, and how weights decay: by a gradient that grows with them, or beside the step.
enum { NO_MOMENTS = 0, FIRST_MOMENT = 1, SECOND_MOMENT = 2, BOTH_MOMENTS = 3 };
enum { COUPLED = 0, DECOUPLED = 1 };

// One row for each:
//
//   X(NAME, formula, name, moments, weight decay, momentum, decay, corrections)
//
// OPTIMIZER_<NAME> is its number, <formula> its function, <name> what people write. momentum and decay are the coefficients
// of the formula: OPTION(the field of gradus_optimizer that has it, its default), or UNUSED. <corrections> is the host's
// function for what changes from step to step beside the learning rate.
#define OPTIMIZERS(X)                                                                                                 \
    X(SGD, sgd, "sgd", NO_MOMENTS, COUPLED, UNUSED, UNUSED, uncorrected)                                              \
    X(MOMENTUM, momentum, "momentum", FIRST_MOMENT, COUPLED, OPTION(momentum, 0.9f), UNUSED, uncorrected)             \
    X(NESTEROV, nesterov, "nesterov", FIRST_MOMENT, COUPLED, OPTION(momentum, 0.9f), UNUSED, uncorrected)             \
    X(RMSPROP, rmsprop, "rmsprop", SECOND_MOMENT, COUPLED, UNUSED, OPTION(rho, 0.99f), uncorrected)                   \
    X(ADAM, adam, "adam", BOTH_MOMENTS, COUPLED, OPTION(beta1, 0.9f), OPTION(beta2, 0.999f), bias_corrected)          \
    X(ADAMW, adam, "adamw", BOTH_MOMENTS, DECOUPLED, OPTION(beta1, 0.9f), OPTION(beta2, 0.999f), bias_corrected)      \
    X(NADAM, nadam, "nadam", BOTH_MOMENTS, COUPLED, OPTION(beta1, 0.9f), OPTION(beta2, 0.999f), nesterov_corrected)   \
    X(LION, lion, "lion", FIRST_MOMENT, DECOUPLED, OPTION(beta1, 0.9f), OPTION(beta2, 0.99f), uncorrected)

#define ENUMERATOR(NAME, formula, name, moments, weight_decay, momentum, decay, corrections) OPTIMIZER_##NAME,
enum optimizer_kind { OPTIMIZERS(ENUMERATOR) OPTIMIZER_COUNT };
#undef ENUMERATOR
