// SPDX-License-Identifier: Apache-2.0
// Mini-batches, without reordering the data set: the order of an epoch, and the samples of a batch.

#include "common/batch_arguments.h"
#include "common/permutation_at.h"

// order[i] = element i of the permutation, for i < p.count. NDRange: one work-item per sample.
kernel void shuffle_samples(permutation p, global uint *restrict order)
{
    const uint i = get_global_id(0);
    if (i < p.count)
        order[i] = permutation_at(&p, i);
}

// Sample s of the batch (size x batch) and of its labels is sample order[first + s] of x (size x B) and labels, for
// s < valid; `size` is the size of a sample in bytes. NDRange: one work-item per piece of GATHER_PIECE
// bytes, pieces x batch.
kernel void gather_samples(batch_samples samples, global const uchar *restrict x, global const uchar *restrict labels,
                           global const uint *restrict order, global uchar *restrict batch,
                           global uchar *restrict batch_labels, uint size, uint pieces)
{
    const uint i = get_global_id(0), s = i / pieces, at = i % pieces * GATHER_PIECE;
    if (s >= samples.valid)
        return;
    const size_t from = order[samples.first + s];
    global const uchar *sample = x + from * size + at;
    global uchar *out = batch + (size_t)s * size + at;
    if (at + GATHER_PIECE <= size)
        vstore16(vload16(0, sample), 0, out);
    else
        for (uint k = 0; at + k < size; k++)
            out[k] = sample[k];
    if (at == 0)
        batch_labels[s] = labels[from];
}
