// SPDX-License-Identifier: Apache-2.0
// Philox 4x32-10, the counter-based generator of host/core/random.h: replaces the four words of a counter by random ones.
// In a program with vectors.cl also for as many counters as a vector has lanes.

#define DEFINE_PHILOX(name, word)                                                                                     \
    static void name(word c[4], uint2 key)                                                                            \
    {                                                                                                                 \
        for (uint round = 0; round < 10; round++) {                                                                   \
            const word high_a = mul_hi(c[0], (word)(0xD2511F53u)), low_a = c[0] * 0xD2511F53u;                        \
            const word high_b = mul_hi(c[2], (word)(0xCD9E8D57u)), low_b = c[2] * 0xCD9E8D57u;                        \
            c[0] = high_b ^ c[1] ^ key.x;                                                                             \
            c[1] = low_b;                                                                                             \
            c[2] = high_a ^ c[3] ^ key.y;                                                                             \
            c[3] = low_a;                                                                                             \
            key += (uint2)(0x9E3779B9u, 0xBB67AE85u);                                                                 \
        }                                                                                                             \
    }

DEFINE_PHILOX(philox, uint)
#ifdef LANES
typedef JOIN(uint, LANES) uintv;
DEFINE_PHILOX(philox_lanes, uintv)
#endif
