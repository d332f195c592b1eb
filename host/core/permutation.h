/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of samples in an epoch: a permutation of 0 .. count - 1 of which each element can be computed on its own, on a
 * device as on the host (kernels/common/permutation_at.h), so nothing is stored and nothing depends on who asks.
 *
 * A Feistel network is a bijection of the numbers of an even number of bits, whatever its round function does; numbers from
 * count on are sent through it again until they fall below (Black and Rogaway: "Ciphers with arbitrary finite domains",
 * CT-RSA 2002; for shuffling on GPUs Mitchell et al., 2021). The keys are drawn for each epoch.
 */
#ifndef GRADUS_CORE_PERMUTATION_H
#define GRADUS_CORE_PERMUTATION_H

#include "core/random.h"

#include "common/permutation_at.h"

permutation gr_permutation_identity(uint32_t count);

/* That of an epoch. */
permutation gr_permutation(uint32_t count, uint64_t seed, uint32_t epoch);

/* Where i < count goes. */
uint32_t gr_permutation_at(const permutation *p, uint32_t i);

#endif
