// SPDX-License-Identifier: Apache-2.0
// Z[h, s] = b[offset + h] for every sample s. A GEMM with beta = 1 then adds W A.
//
// z (rows x columns), column after column; b is the flat buffer of all parameters.
// NDRange: one work-item per element of z.

#include "common/division.clh"

kernel void bias_broadcast(global const float *restrict b, ulong offset, global float *restrict z, uint rows,
                           ulong elements)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        z[i] = b[offset + i - quotient(i, rows) * rows];
}
