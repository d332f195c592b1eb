/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of samples in an epoch: a permutation of 0 .. count - 1 of which each element can be computed on its own, on a
 * device as on the host (kernels/common/shuffle.cl), so nothing is stored and nothing depends on who asks.
 *
 * A Feistel network is a bijection of the numbers of an even number of bits, whatever its round function does; numbers from
 * count on are sent through it again until they fall below (Black and Rogaway: "Ciphers with arbitrary finite domains",
 * CT-RSA 2002; for shuffling on GPUs Mitchell et al., 2021). The keys are drawn for each epoch.
 */
#ifndef GRADUS_CORE_PERMUTATION_H
#define GRADUS_CORE_PERMUTATION_H

#include "core/random.h"

/* Fewer rounds leave traces that a test finds; the tests take chi-square and fixed points of six. */
#define PERMUTATION_ROUNDS 6

typedef struct permutation {
    uint32_t count;                    /* at least 1 */
    uint32_t half_bits;                /* of the numbers: 2 * half_bits bits hold count */
    uint32_t rounds;                   /* PERMUTATION_ROUNDS, or 0: the identity */
    uint32_t keys[PERMUTATION_ROUNDS]; /* one for each round */
    uint32_t epoch;                    /* that it is the order of; of no meaning for the identity */
} permutation;

permutation gr_permutation_identity(uint32_t count);

/* That of an epoch. */
permutation gr_permutation(uint32_t count, uint64_t seed, uint32_t epoch);

/* Where i < count goes. */
uint32_t gr_permutation_at(const permutation *p, uint32_t i);

#endif
