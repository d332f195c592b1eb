/* SPDX-License-Identifier: Apache-2.0 */
/* Which candidate serves a product on a device: measured once, remembered in the user's cache. */
#ifndef GRADUS_ENGINE_GEMM_CHOOSE_H
#define GRADUS_ENGINE_GEMM_CHOOSE_H

#include "engine/gemm.h"

typedef struct gemm_choice {
    gemm_candidate candidate;
    double seconds;       /* that it took; 0: it was not measured */
    double other_seconds; /* that the best of the other kind took, own kernels or CLBlast; 0: not measured */
} gemm_choice;

/*
 * What device->products asks for: our own kernels' default, or CLBlast, or the fastest. For the latter, an entry in the
 * cache is taken as it is; without one, the candidates that are worth it are measured and the result written there.
 */
gradus_status gr_gemm_choose(gradus_device *device, const gemm_shape *shape, gemm_choice *out);

/* Seconds that a product of this shape, or of fewer samples in proportion, takes with the candidate: the shortest of a
 * few runs after one for the compiler, or of one run if that takes more than `limit` seconds. Infinite for a candidate that the
 * device refuses. */
gradus_status gr_gemm_measure(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                              double limit, double *seconds);

/* Writes a choice to the cache, and reads it. */
gradus_status gr_gemm_remember(gradus_device *device, const gemm_shape *shape, const gemm_choice *choice);
gradus_status gr_gemm_recall(gradus_device *device, const gemm_shape *shape, gemm_choice *out, bool *found);

/* "forward 784-128, 41000 samples: own gpu 64x64x16 4x4 (1.90 ms; clblast 44.0 ms)" */
#define GEMM_CHOICE_TEXT 160
void gr_gemm_describe(const gemm_shape *shape, const gemm_choice *choice, char text[GEMM_CHOICE_TEXT]);

#endif
