// SPDX-License-Identifier: Apache-2.0
// The end of a training step. p, g, first, second and kept are flat buffers of all parameters, of the same layout. sums:
// summed loss and number correct of the forward pass that g belongs to. progress: [0] the slot of `history` that comes
// next, [1] whether a loss was not finite. The device counts for itself, so that the host need not set an argument for
// every step.

// As host/engine/optimizer.h has them; its .c has the formulas in double.
enum { SGD = 0, MOMENTUM = 1, NESTEROV = 2, RMSPROP = 3, ADAM = 4, ADAMW = 5 };

// Tensors begin at multiples of so many floats, so that as many neighbours are all weights or all biases.
#define ALIGNMENT 32

// One step of every parameter with the gradient clip[0] * g, and the sums into the next slot: history[2 slot],
// [2 slot + 1], a ring of `slots`. decays (elements / ALIGNMENT): whether weight_decay holds there. momentum is beta1 and
// decay beta2 for adam. first, second: the moments; another buffer where the kind has none.
// NDRange: one work-item per element.
kernel void update_parameters(float learning_rate, float first_correction, float second_correction,
                              global float *restrict p, global const float *restrict g, ulong elements,
                              global const float *restrict sums, global float *restrict history,
                              global uint *restrict progress, uint slots, uint kind, float momentum, float decay,
                              float epsilon, float weight_decay, global const uchar *restrict decays,
                              global const float *restrict clip, global float *first, global float *second)
{
    const size_t i = get_global_id(0);
    if (i < elements) {
        const float shrink = decays[i / ALIGNMENT] ? weight_decay : 0;
        const float weight = kind == ADAMW ? p[i] - learning_rate * shrink * p[i] : p[i];
        const float slope = kind == ADAMW ? clip[0] * g[i] : fma(shrink, weight, clip[0] * g[i]);
        float step = slope;
        if (kind == MOMENTUM || kind == NESTEROV) {
            first[i] = fma(momentum, first[i], slope);
            step = kind == NESTEROV ? fma(momentum, first[i], slope) : first[i];
        }
        if (kind >= RMSPROP) {
            second[i] = fma(decay, second[i], (1 - decay) * slope * slope);
            step = slope / (sqrt(second[i]) + epsilon);
        }
        if (kind >= ADAM) {
            first[i] = fma(momentum, first[i], (1 - momentum) * slope);
            step = first[i] / first_correction / (sqrt(second[i]) / second_correction + epsilon);
        }
        p[i] = weight - learning_rate * step;
    }
    if (i == 0) {
        const uint slot = progress[0];
        history[2 * slot] = sums[0];
        history[2 * slot + 1] = sums[1];
        progress[0] = slot + 1 < slots ? slot + 1 : 0;
        if (!isfinite(sums[0]))
            progress[1] = 1;
    }
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

// clip[0]: what shortens a gradient to clip_norm, as torch.nn.utils.clip_grad_norm_ does. NDRange: one work-item.
kernel void clip_factor(global const float *restrict partial, uint shares, float clip_norm,
                        global float *restrict clip)
{
    float squares = 0;
    for (uint k = 0; k < shares; k++)
        squares += partial[k];
    clip[0] = fmin(1.0f, clip_norm / (sqrt(squares) + 1e-6f));
}

// Shortens the rows of all W that are longer than max_norm. rows (2 x row_count): where a row begins, and its length.
// NDRange: one work-item per row.
kernel void limit_norms(global float *restrict p, global const uint *restrict rows, ulong row_count, float max_norm)
{
    const size_t r = get_global_id(0);
    if (r >= row_count)
        return;
    global float *w = p + rows[2 * r];
    const uint length = rows[2 * r + 1];
    float squares = 0;
    for (uint i = 0; i < length; i++)
        squares = fma(w[i], w[i], squares);
    const float factor = max_norm / sqrt(squares);
    for (uint i = 0; factor < 1 && i < length; i++)
        w[i] *= factor;
}

// kept := p, unless the loss of this step or of an earlier one was not finite: so what is kept stays good, though the
// host learns of the loss later. Goes before the step's update. NDRange: one work-item per element.
kernel void keep_parameters(global const float *restrict p, global float *restrict kept, ulong elements,
                            global const float *restrict sums, global const uint *restrict progress)
{
    const size_t i = get_global_id(0);
    if (i < elements && progress[1] == 0 && isfinite(sums[0]))
        kept[i] = p[i];
}
