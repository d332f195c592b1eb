/* SPDX-License-Identifier: Apache-2.0 */
/* Products by CLBlast, with bias and ReLU as kernels of their own. */
#include "device/profile.h"
#include "engine/opencl/layer_kernels.h"
#include "engine/product/gemm.h"

#include <clblast_c.h>

const gemm_candidate gr_gemm_clblast = {.family = GEMM_CLBLAST};

typedef struct operand {
    cl_mem buffer;
    size_t offset, stride;
    CLBlastTranspose transposed;
} operand;

typedef struct operands {
    operand a, b, c;
} operands;

/*
 * CLBlast's own order is column after column, in which our C is C^T = op(B)^T op(A)^T. A matrix that stands row after row
 * is its own transpose there, so operands are exchanged and what is transposed remains so.
 */
static operands find_operands(const gemm_shape *shape, const gemm_buffers *buffers)
{
    const CLBlastTranspose no = CLBlastTransposeNo, yes = CLBlastTransposeYes;
    const size_t i = shape->inputs, o = shape->outputs;
    const operand samples = {buffers->samples, 0, i, no}, outputs = {buffers->outputs, 0, o, no};
    const operand below = {buffers->below, 0, i, no};
    const operand weights = {buffers->parameters, buffers->weights_at, i, no};
    operand transposed;
    switch (shape->kind) {
    case GEMM_FORWARD:
        transposed = weights;
        transposed.transposed = yes;
        return (operands){samples, transposed, outputs};
    case GEMM_WEIGHT_GRADIENT:
        transposed = outputs;
        transposed.transposed = yes;
        return (operands){transposed, samples, weights};
    default:
        return (operands){outputs, weights, below};
    }
}

gradus_status gr_gemm_clblast_scratch_size(gradus_device *device, const gemm_shape *shape, size_t *bytes)
{
    gradus_status status = GRADUS_OK;
    const gemm_extents e = gr_gemm_extents(shape);
    /* An operand at an offset is copied where one that begins its buffer may not be: this asks for enough for either. */
    const operands all = find_operands(shape, &(gemm_buffers){.weights_at = 1});
    size_t size = 0;
    CL_TRY(CLBlastSGemmTempBufferSize(CLBlastLayoutColMajor, all.b.transposed, all.a.transposed, e.n, e.m, e.k,
                                      all.b.offset, all.b.stride, all.a.offset, all.a.stride, all.c.offset,
                                      all.c.stride, &device->queue, &size));
    *bytes = size;
cleanup:
    return status;
}

/* CLBlast keeps programs per context in a cache of its own, which would keep the context alive. */
static void clear_cache(void)
{
    (void)CLBlastClearCache();
}

gradus_status gr_gemm_clblast_create(gradus_device *device, gemm *product)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape *shape = &product->shape;
    const gemm_buffers *buffers = &product->buffers;
    gr_device_at_close(device, clear_cache);
    if (shape->kind == GEMM_FORWARD) {
        product->by.accumulate = 1;
        TRY(gr_bias_broadcast(device, buffers->parameters, buffers->bias_at, buffers->outputs, shape->outputs,
                              shape->samples, &product->before));
        if (shape->relu)
            TRY(gr_relu_forward(device, buffers->outputs, shape->outputs * shape->samples, &product->after));
    } else if (shape->kind == GEMM_INPUT_GRADIENT && shape->relu)
        TRY(gr_relu_backward(device, buffers->samples, buffers->below, shape->inputs * shape->samples,
                             &product->after));
cleanup:
    return status;
}

gradus_status gr_gemm_clblast_enqueue(gradus_device *device, const gemm *product)
{
    gradus_status status = GRADUS_OK;
    const gemm_extents e = gr_gemm_extents(&product->shape);
    const operands all = find_operands(&product->shape, &product->buffers);
    cl_event *event = NULL;
    TRY(gr_profile_next(device, NULL, "CLBlast's gemm", &event));
    CL_TRY(CLBlastSgemmWithTempBuffer(CLBlastLayoutColMajor, all.b.transposed, all.a.transposed, e.n, e.m, e.k,
                                      product->by.scale, all.b.buffer, all.b.offset, all.b.stride, all.a.buffer,
                                      all.a.offset, all.a.stride, product->by.accumulate ? 1 : 0, all.c.buffer,
                                      all.c.offset, all.c.stride, &device->queue, event, product->scratch));
cleanup:
    return status;
}
