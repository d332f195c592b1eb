// SPDX-License-Identifier: Apache-2.0
// Mini-batches of samples that stay where they are: the order of an epoch, and the samples of a batch.

// As host/core/permutation.c has it.
static uint mix(uint x)
{
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    return x ^ x >> 16;
}

// order[i] = where the permutation sends i < count: host/core/permutation.h. There are `rounds` keys, and 2 half_bits bits
// hold count. NDRange: one work-item per sample.
kernel void shuffle_samples(uint rounds, uint8 keys, global uint *restrict order, uint count, uint half_bits)
{
    uint key[8];
    vstore8(keys, 0, key);
    uint i = get_global_id(0);
    if (i >= count)
        return;
    const uint mask = (1u << half_bits) - 1;
    do {
        uint left = i >> half_bits, right = i & mask;
        for (uint r = 0; r < rounds; r++) {
            const uint next = left ^ (mix(right ^ key[r]) & mask);
            left = right;
            right = next;
        }
        i = left << half_bits | right;
    } while (i >= count);
    order[get_global_id(0)] = i;
}

// Sample s of the batch (size x batch) and of its labels is sample order[first + s] of x (size x B) and labels, for
// s < valid; `size` is the bytes of a sample, whatever its features are. NDRange: one work-item per piece of 16 bytes,
// pieces x batch.
kernel void gather_samples(uint first, uint valid, global const uchar *restrict x, global const uchar *restrict labels,
                           global const uint *restrict order, global uchar *restrict batch,
                           global uchar *restrict batch_labels, uint size, uint pieces)
{
    const uint i = get_global_id(0), s = i / pieces, at = i % pieces * 16;
    if (s >= valid)
        return;
    const size_t from = order[first + s];
    global const uchar *sample = x + from * size + at;
    global uchar *out = batch + (size_t)s * size + at;
    if (at + 16 <= size)
        vstore16(vload16(0, sample), 0, out);
    else
        for (uint k = 0; at + k < size; k++)
            out[k] = sample[k];
    if (at == 0)
        batch_labels[s] = labels[from];
}
