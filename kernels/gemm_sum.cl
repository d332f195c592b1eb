// SPDX-License-Identifier: Apache-2.0
// C = alpha * (sum of the partial sums, in their order) + beta * C, the end of a product whose depth was split.
// partial (splits x elements) from element partial_at on, C (elements) from element c_at on; a work-item per element. beta is 0 or 1; with 0, C is
// not read.

kernel void gemm_sum(global const float *partial, ulong partial_at, uint splits, ulong elements, global float *c,
                     ulong c_at, float alpha, float beta)
{
    const size_t i = get_global_id(0);
    if (i >= elements)
        return;
    float sum = 0;
    for (uint split = 0; split < splits; split++)
        sum += partial[partial_at + split * elements + i];
    c[c_at + i] = beta == 0 ? alpha * sum : alpha * sum + beta * c[c_at + i];
}
