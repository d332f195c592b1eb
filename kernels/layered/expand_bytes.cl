// SPDX-License-Identifier: Apache-2.0
// Converts bytes to floats: out[i] = bytes[first + i] for i < valid, 0 from there on, for GEMMs that support only
// floats. The factor 1/255 is not applied here; it is part of the GEMM's alpha.
//
// NDRange: one work-item per block of EXPAND_BLOCK, which is 8. bytes holds at least first + valid elements, out 8 blocks.

#include "layered/layered_arguments.h"

kernel void expand_bytes(expand_slice slice, global const uchar *restrict bytes, global float *restrict out,
                         ulong blocks)
{
    const size_t i = get_global_id(0), valid = slice.valid;
    if (i >= blocks)
        return;
    bytes += slice.first;
    if (8 * i + 8 <= valid) {
        vstore8(convert_float8(vload8(i, bytes)), i, out);
        return;
    }
    for (size_t j = 8 * i; j < 8 * i + 8; j++)
        out[j] = j < valid ? bytes[j] : 0;
}
