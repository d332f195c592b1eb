/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of samples in an epoch: a permutation of 0 .. count - 1. Each element can be computed on its own, by a
 * device (kernels/common/permutation_at.h) or by the host, so nothing is stored and every engine has the same order.
 *
 * A Feistel network is a bijection on the numbers with an even number of bits, whatever its round function does.
 * Results that are not below count go through it again until they are (Black and Rogaway: "Ciphers with arbitrary
 * finite domains", CT-RSA 2002; for shuffling on GPUs Mitchell et al., 2021). The keys are drawn for each epoch.
 */
#ifndef GRADUS_CORE_PERMUTATION_H
#define GRADUS_CORE_PERMUTATION_H

#include "core/random.h"

#include "common/permutation_at.h"

permutation gr_permutation_identity(uint32_t count);

/* The permutation of an epoch. */
permutation gr_permutation(uint32_t count, uint64_t seed, uint32_t epoch);

/* Element i < count. */
uint32_t gr_permutation_at(const permutation *p, uint32_t i);

#endif
