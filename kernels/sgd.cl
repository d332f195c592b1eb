// SPDX-License-Identifier: Apache-2.0
// One step of gradient descent over the flat buffer of all parameters: p := p - learning_rate * g.
// NDRange: one work-item per element; p and g have the same layout.

kernel void sgd_update(global float *restrict p, global const float *restrict g, float learning_rate, ulong elements)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        p[i] -= learning_rate * g[i];
}
