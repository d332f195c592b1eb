// SPDX-License-Identifier: Apache-2.0
// Bytes to floats, value for value: out[i] = bytes[first + i], i < 8 blocks. What GEMMs that know only floats need of X.
// The factor 1/255 is not applied here; it goes into the GEMM's alpha.
//
// NDRange: one work-item per block of 8. bytes holds at least first + 8 blocks elements, out 8 blocks.

kernel void expand_bytes(global const uchar *restrict bytes, ulong first, global float *restrict out, ulong blocks)
{
    const size_t i = get_global_id(0);
    if (i < blocks)
        vstore8(convert_float8(vload8(i, bytes + first)), i, out);
}
