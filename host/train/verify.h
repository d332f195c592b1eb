/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that an engine computes the same as the reference, on this device, with these shapes and this data. */
#ifndef GRADUS_TRAIN_VERIFY_H
#define GRADUS_TRAIN_VERIFY_H

#include "engine/common/engine.h"

/* Before a training: see Note [kinks] in verify.c. */
#define VERIFY_TOLERANCE 0.01

/* The number of samples that the reference computes in about 0.05 s, between 32 and 1,024. */
size_t gr_verify_samples(const engine *e);

/*
 * Compares loss and gradient over the first `count` of the samples, or all if there are fewer, with the given
 * parameters (layout.length floats), which the engine has afterwards. MISMATCH names the tensor whose difference is
 * more than `tolerance` of its norm; DIVERGED if these parameters overflow. *worst (may be NULL) is the largest
 * difference in units of the tolerance.
 */
gradus_status gr_verify_engine(engine *e, const float *parameters, size_t count, double tolerance, double *worst);

/* The distance between two results of some steps in relation to the length of the way from `start` to the expected one;
 * 0 if they are equal. All have `length` floats. */
double gr_steps_error(const float *got, const float *expected, const float *start, size_t length);

/* Compares some steps that an engine for mini-batches takes in one launch with gradient and update, one by one, from the
 * given parameters, which the engine has afterwards. MISMATCH if they differ by more than rounding errors. */
gradus_status gr_verify_steps(engine *e, const float *parameters);

#endif
