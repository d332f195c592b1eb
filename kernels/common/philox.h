// SPDX-License-Identifier: Apache-2.0
// Philox 4x32-10, a counter-based generator (Salmon et al. 2011; host/core/random.h): philox() replaces the four words of a
// counter by random ones. For the host and for devices; in a program with vectors.clh also for a vector of counters.

#pragma once

#include "common/integers.h"

#ifndef __OPENCL_C_VERSION__
static inline u32 mul_hi(u32 a, u32 b)
{
    return (u32)((u64)a * b >> 32);
}
#endif

#define DEFINE_PHILOX(name, word)                                                                                     \
    static inline void name(word c[4], u32 key0, u32 key1)                                                            \
    {                                                                                                                 \
        for (int round = 0; round < 10; round++) {                                                                    \
            const word high_a = mul_hi(c[0], (word)(0xD2511F53u)), low_a = c[0] * 0xD2511F53u;                        \
            const word high_b = mul_hi(c[2], (word)(0xCD9E8D57u)), low_b = c[2] * 0xCD9E8D57u;                        \
            c[0] = high_b ^ c[1] ^ key0;                                                                              \
            c[1] = low_b;                                                                                             \
            c[2] = high_a ^ c[3] ^ key1;                                                                              \
            c[3] = low_a;                                                                                             \
            key0 += 0x9E3779B9u;                                                                                      \
            key1 += 0xBB67AE85u;                                                                                      \
        }                                                                                                             \
    }

DEFINE_PHILOX(philox, u32)
#ifdef LANES
#include "common/vectors.clh"
DEFINE_PHILOX(philox_lanes, uintv)
#endif
