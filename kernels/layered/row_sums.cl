// SPDX-License-Identifier: Apache-2.0
// Row sums of a matrix with few rows and very many columns (db = row sums of dZ; loss and number correct of a batch), in
// two steps that use the complete device: first the sums over pieces of the columns, then the sums of those. Each sum
// has a fixed order, so the result has the same bits every time. The second step is row_sums with kernels for CPUs, and
// row_sums_group with those for GPUs, which is the only one for a matrix with few columns.

#include "common/group_sum.clh"
#include "common/scaled_sum.h"

// partial[r, p] = sum of m[r, c] over the columns c of piece p. m (rows x columns), partial (rows x pieces); piece p is
// columns p * piece_columns up to the next piece. NDRange: one work-item per element of partial, neighbours in rows.
kernel void row_sums_partial(global const float *restrict m, global float *restrict partial, uint rows, ulong columns,
                             ulong piece_columns, uint pieces)
{
    const uint i = get_global_id(0), piece = i / rows, row = i - piece * rows;
    if (piece >= pieces)
        return;
    const size_t begin = piece * piece_columns;
    const size_t end = min((size_t)columns, begin + piece_columns);
    float sum = 0;
    for (size_t c = begin; c < end; c++)
        sum += m[c * rows + row];
    partial[i] = sum;
}

// out[offset + r] = scale * (sum over p of partial[r, p]), added to the present values if `accumulate`. NDRange: one
// work-item per row.
kernel void row_sums(scaled_sum by, global const float *restrict partial, global float *restrict out, ulong offset,
                     uint rows, uint pieces)
{
    const size_t row = get_global_id(0);
    if (row >= rows)
        return;
    float sum = 0;
    for (size_t p = 0; p < pieces; p++)
        sum += partial[p * rows + row];
    out[offset + row] = by.scale * sum + (by.accumulate ? out[offset + row] : 0);
}

// The same by a work-group per row.
kernel GROUP_SUM void row_sums_group(scaled_sum by, global const float *restrict partial, global float *restrict out,
                                     ulong offset, uint rows, uint pieces)
{
    local float shared[GROUP_SUM_ITEMS];
    const uint row = get_group_id(0), item = get_local_id(0);
    float sum = 0;
    for (uint p = item; p < pieces; p += GROUP_SUM_ITEMS)
        sum += partial[(size_t)p * rows + row];
    const float total = group_sum(shared, sum);
    if (item == 0)
        out[offset + row] = by.scale * total + (by.accumulate ? out[offset + row] : 0);
}
