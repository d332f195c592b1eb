// SPDX-License-Identifier: Apache-2.0
// Bytes to floats, value for value: out[i] = bytes[first + i]. What GEMMs that only know floats need of X.
//
// NDRange: one work-item per 16 elements. bytes has at least first + 16 * items elements, out 16 * items.
// The factor 1/255 is not applied here; it goes into the GEMM's alpha.

kernel void expand_bytes(global const uchar *restrict bytes, ulong first, global float *restrict out)
{
    const size_t i = get_global_id(0);
    vstore16(convert_float16(vload16(i, bytes + first)), i, out);
}
