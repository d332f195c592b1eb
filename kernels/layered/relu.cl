// SPDX-License-Identifier: Apache-2.0
// ReLU and its derivative, element by element. NDRange: one work-item per element.

// A = max(Z, 0), in place. NaN stays NaN: it must reach the loss, where it is reported.
kernel void relu_forward(global float *restrict z, ulong elements)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        z[i] = z[i] <= 0 ? 0 : z[i];
}

// dZ = dA .* relu'(Z), in place in dz. relu'(z) is 1 where z > 0, that is where a = relu(z) > 0, so A is used for Z.
kernel void relu_backward(global const float *restrict a, global float *restrict dz, ulong elements)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        dz[i] = a[i] > 0 ? dz[i] : 0;
}
