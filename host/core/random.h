/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A number is a pure function of seed, purpose and index, so it does not matter which device draws
 * it, in which order, or how many others were drawn before.
 */
#ifndef GRADUS_CORE_RANDOM_H
#define GRADUS_CORE_RANDOM_H

#include "common/random_purposes.h"

#include <stddef.h>
#include <stdint.h>

typedef enum random_purpose random_purpose;

typedef struct random_stream {
    uint32_t key[2];
    uint32_t purpose, stream;
} random_stream;

random_stream gr_random_stream(uint64_t seed, random_purpose purpose, uint32_t stream);

/* The block of four words at `counter` under `key`: the bare generator, which the paper's test vectors describe. */
void gr_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The index-th 32-bit word of the stream. */
uint32_t gr_random_word(const random_stream *stream, uint64_t index);

/* The index-th number of the stream, uniform in [0, 1), a multiple of 2^-24, exact in a float. */
float gr_random_uniform(const random_stream *stream, uint64_t index);

/* An unbiased integer in [0, bound), bound > 0. Uses words from *index on, and advances *index past them. */
uint32_t gr_random_below(const random_stream *stream, uint32_t bound, uint64_t *index);

#endif
