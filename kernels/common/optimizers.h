// SPDX-License-Identifier: Apache-2.0
// The list of optimizers, for the host and for devices. The formula of each row is in optimizer_step.clh for devices
// and in host/engine/common/optimizer_step.h for the host.

#pragma once

// The moments of each parameter, and the kind of weight decay: added to the gradient (coupled), or separate from the
// step.
enum { NO_MOMENTS = 0, FIRST_MOMENT = 1, SECOND_MOMENT = 2, BOTH_MOMENTS = 3 };
enum { COUPLED = 0, DECOUPLED = 1 };

// One row for each:
//
//   X(NAME, formula, name, moments, weight decay, momentum, decay, corrections)
//
// OPTIMIZER_<NAME> is its number, <formula> its function, <name> its name for users. momentum and decay are the
// coefficients of the formula: OPTION(its field of gradus_optimizer, its default), or UNUSED. <corrections> is the
// host's function for the values that change from step to step, except the learning rate.
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
