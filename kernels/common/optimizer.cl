// SPDX-License-Identifier: Apache-2.0
// The end of a training step, by optimizer_step.clh. p, g, first, second and kept are flat buffers of all parameters,
// in the same layout. sums: summed loss and number correct of the forward pass that g belongs to. Kernels ..._group are
// those for GPUs; they add up in another order.

#include "common/group_sum.clh"
#include "common/optimizer_arguments.h"

#define LANES UPDATE_LANES
#include "common/optimizer_step.clh"

// One step of every parameter with the gradient clip[0] * g; and writes the sums to the history. decays (elements /
// PARAMETER_ALIGNMENT): whether weight decay applies. first, second: the moments; any other buffer if the kind has
// none. NDRange: one work-item per UPDATE_LANES elements, of which PARAMETER_ALIGNMENT is a multiple.
kernel void update_parameters(update_step step, optimizer how, ulong elements, global parameter *restrict p,
                              global const parameter *restrict g, global const uchar *restrict decays,
                              global const float *restrict clip, global parameter *first, global parameter *second,
                              global const float *restrict sums, global float *restrict history,
                              global step_progress *restrict progress)
{
    const size_t i = get_global_id(0), at = i * UPDATE_LANES;
    if (at < elements)
        p[i] = update_one(how, step, decays[at / PARAMETER_ALIGNMENT] ? how.weight_decay : 0, p[i], clip[0] * g[i],
                          first + i, second + i);
    if (i == 0)
        note_step(sums[0], sums[1], history, progress);
}

// partial[k] = sum of the squares of share k of g. NDRange: one work-item per share.
kernel void square_sums(global const float *restrict g, ulong elements, global float *restrict partial)
{
    const size_t k = get_global_id(0), shares = get_global_size(0);
    const size_t end = elements * (k + 1) / shares;
    float sum = 0;
    for (size_t i = elements * k / shares; i < end; i++)
        sum = fma(g[i], g[i], sum);
    partial[k] = sum;
}

// The same by a work-group per share, whose elements are not neighbours: item by item of all groups.
kernel GROUP_SUM void square_sums_group(global const float *restrict g, ulong elements, global float *restrict partial)
{
    local float shared[GROUP_SUM_ITEMS];
    const uint share = get_group_id(0), item = get_local_id(0);
    float sum = 0;
    for (size_t i = get_global_id(0); i < elements; i += get_global_size(0))
        sum = fma(g[i], g[i], sum);
    const float total = group_sum(shared, sum);
    if (item == 0)
        partial[share] = total;
}

static float factor_of(float squares, float clip_norm)
{
    return fmin(1.0f, clip_norm / (sqrt(squares) + CLIP_EPSILON));
}

// clip[0]: the factor that scales the gradient down to clip_norm, as torch.nn.utils.clip_grad_norm_ does. NDRange: one
// work-item.
kernel void clip_factor(global const float *restrict partial, uint shares, float clip_norm,
                        global float *restrict clip)
{
    float squares = 0;
    for (uint k = 0; k < shares; k++)
        squares += partial[k];
    clip[0] = factor_of(squares, clip_norm);
}

// The same by one work-group.
kernel GROUP_SUM void clip_factor_group(global const float *restrict partial, uint shares, float clip_norm,
                                        global float *restrict clip)
{
    local float shared[GROUP_SUM_ITEMS];
    const uint item = get_local_id(0);
    float squares = 0;
    for (uint k = item; k < shares; k += GROUP_SUM_ITEMS)
        squares += partial[k];
    squares = group_sum(shared, squares);
    if (item == 0)
        clip[0] = factor_of(squares, clip_norm);
}

// Scales down the rows of all W whose norm exceeds max_norm. rows (3 x row_count): offset of a row, stride of its
// weights, and their number. NDRange: one work-item per row.
kernel void limit_norms(global float *restrict p, global const uint *restrict rows, ulong row_count, float max_norm)
{
    const size_t r = get_global_id(0);
    if (r >= row_count)
        return;
    global float *w = p + rows[3 * r];
    const uint step = rows[3 * r + 1], length = rows[3 * r + 2];
    float squares = 0;
    for (uint i = 0; i < length; i++)
        squares = fma(w[i * step], w[i * step], squares);
    const float factor = max_norm / sqrt(squares);
    for (uint i = 0; factor < 1 && i < length; i++)
        w[i * step] *= factor;
}

// The same by a work-group per row.
kernel GROUP_SUM void limit_norms_group(global float *restrict p, global const uint *restrict rows, ulong row_count,
                                        float max_norm)
{
    local float shared[GROUP_SUM_ITEMS];
    const size_t r = get_group_id(0);
    const uint item = get_local_id(0), step = rows[3 * r + 1], length = rows[3 * r + 2];
    global float *w = p + rows[3 * r];
    float squares = 0;
    for (uint i = item; i < length; i += GROUP_SUM_ITEMS)
        squares = fma(w[i * step], w[i * step], squares);
    const float factor = max_norm / sqrt(group_sum(shared, squares));
    for (uint i = item; factor < 1 && i < length; i += GROUP_SUM_ITEMS)
        w[i * step] *= factor;
}

// kept := p, unless the loss of this step or of an earlier one was not finite. So the kept parameters are good even
// though the host reads the loss later. Runs before the step's update. NDRange: one work-item per element.
kernel void keep_parameters(global const float *restrict p, global float *restrict kept, ulong elements,
                            global const float *restrict sums, global const step_progress *restrict progress)
{
    const size_t i = get_global_id(0);
    if (i < elements && !progress->diverged && isfinite(sums[0]))
        kept[i] = p[i];
}
