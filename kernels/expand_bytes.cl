// SPDX-License-Identifier: Apache-2.0
// Bytes to floats, value for value: out[i] = bytes[first + i], i < 16 blocks. What GEMMs that know only floats need of X.
// The factor 1/255 is not applied here; it goes into the GEMM's alpha.
//
// NDRange: one work-item per block of 16. bytes holds at least first + 16 blocks elements, out 16 blocks.

kernel void expand_bytes(global const uchar *restrict bytes, ulong first, global float *restrict out, ulong blocks)
{
    const size_t i = get_global_id(0);
    if (i < blocks)
        vstore16(convert_float16(vload16(i, bytes + first)), i, out);
}
