// SPDX-License-Identifier: Apache-2.0
// Mini-batches of augmented samples, by augment_row.h: the random transformation of each, then their pixels.

#include "common/augment_row.h"
#include "common/batch_arguments.h"
#include "common/work_group.clh"

// transforms[s] = that of sample order[first + s] in this epoch, for s < valid. NDRange: one work-item per sample.
kernel void draw_transforms(epoch_samples samples, global const augment_plan *restrict plan,
                            global const uint *restrict order, global transform *restrict transforms)
{
    const uint s = get_global_id(0);
    if (s < samples.of.valid)
        draw_transform(plan, samples.epoch, order[samples.of.first + s], transforms + s);
}

// Sample s of the batch (F x batch), and its label, is sample order[first + s] of x (F x B), augmented by
// transforms[first - drawn_first + s], for s < valid. NDRange: one work-item per piece of PIECE pixels of a row, pieces x
// rows x batch.
kernel WAVE void augment_samples(drawn_samples drawn, global const augment_plan *restrict plan,
                                 global const transform *restrict transforms, global const uchar *restrict x,
                                 global const uchar *restrict labels, global const uint *restrict order,
                                 global uchar *restrict batch, global uchar *restrict batch_labels)
{
    const uint width = plan->width, height = plan->height, pieces = (width + PIECE - 1) / PIECE;
    const uint i = get_global_id(0), column = i % pieces * PIECE, row = i / pieces % height, s = i / pieces / height;
    const batch_samples samples = drawn.of;
    if (s >= samples.valid)
        return;
    const size_t from = order[samples.first + s], features = (size_t)width * height;
    augment_row(plan, transforms + (samples.first - drawn.drawn_first + s), x + from * features, row, column,
                min(column + PIECE, width), batch + s * features + row * width);
    if (row == 0 && column == 0)
        batch_labels[s] = labels[from];
}
