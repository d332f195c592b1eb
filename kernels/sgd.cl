// SPDX-License-Identifier: Apache-2.0
// The end of a step of gradient descent, and what is remembered of the step. p, g and kept are flat buffers of all
// parameters, of the same layout. sums: summed loss and number correct of the forward pass that g belongs to.
// progress: [0] the slot of `history` that comes next, [1] whether a loss was not finite. The device counts for itself,
// so that the host need not set an argument for every step.

// p := p - learning_rate * g, and the sums into the next slot: history[2 slot], [2 slot + 1], a ring of `slots`.
// NDRange: one work-item per element.
kernel void sgd_update(global float *restrict p, global const float *restrict g, float learning_rate, ulong elements,
                       global const float *restrict sums, global float *restrict history,
                       global uint *restrict progress, uint slots)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        p[i] -= learning_rate * g[i];
    if (i == 0) {
        const uint slot = progress[0];
        history[2 * slot] = sums[0];
        history[2 * slot + 1] = sums[1];
        progress[0] = slot + 1 < slots ? slot + 1 : 0;
        if (!isfinite(sums[0]))
            progress[1] = 1;
    }
}

// kept := p, unless the loss of this step or of an earlier one was not finite: so what is kept stays good, though the
// host learns of the loss later. Goes before the step's sgd_update. NDRange: one work-item per element.
kernel void keep_parameters(global const float *restrict p, global float *restrict kept, ulong elements,
                            global const float *restrict sums, global const uint *restrict progress)
{
    const size_t i = get_global_id(0);
    if (i < elements && progress[1] == 0 && isfinite(sums[0]))
        kept[i] = p[i];
}
