/* SPDX-License-Identifier: Apache-2.0 */
/* Products by CLBlast, with bias and ReLU as kernels of their own. */
#include "core/memory.h"
#include "device/profile.h"
#include "engine/opencl/layer_kernels.h"
#include "engine/product/product.h"

#include <clblast_c.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct clblast_product {
    product base;
    product_buffers buffers;
    scaled_sum by;        /* for the forward product {factor, 1}: it is added to the bias */
    launch before, after; /* bias_broadcast; relu_forward or relu_backward. Without a kernel if not needed */
} clblast_product;

/* ---- Errors ---- */

#define NAME(x)                                                                                                       \
    {                                                                                                                 \
        x, #x                                                                                                         \
    }
static const struct {
    int error;
    const char *name;
} error_names[] = {
    NAME(CLBlastNotImplemented),      NAME(CLBlastInvalidMatrixA),         NAME(CLBlastInvalidMatrixB),
    NAME(CLBlastInvalidMatrixC),      NAME(CLBlastInvalidLeadDimA),        NAME(CLBlastInvalidLeadDimB),
    NAME(CLBlastInvalidLeadDimC),     NAME(CLBlastInsufficientMemoryA),    NAME(CLBlastInsufficientMemoryB),
    NAME(CLBlastInsufficientMemoryC), NAME(CLBlastInsufficientMemoryTemp), NAME(CLBlastInvalidLocalMemUsage),
    NAME(CLBlastDatabaseError),       NAME(CLBlastUnexpectedError),
};
#undef NAME

/* CLBlast has OpenCL's errors and some of its own. */
static gradus_status clblast_fail(const char *call, int error)
{
    for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++)
        if (error_names[i].error == error)
            return gr_fail(GRADUS_ERROR_DEVICE, "%s: %s (%d)", call, error_names[i].name, error);
    return gr_cl_fail(__FILE__, __LINE__, call, error, NULL);
}

/* ---- Operands ---- */

typedef struct operand {
    cl_mem buffer;
    size_t offset, stride;
    CLBlastTranspose transposed;
} operand;

typedef struct operands {
    operand a, b, c;
} operands;

/*
 * CLBlast's own order is column after column, in which C is C^T = op(B)^T op(A)^T. A matrix stored row after row is its
 * own transpose there, so operands are exchanged, and transposed ones remain transposed.
 */
static operands find_operands(const product_shape *shape, const product_buffers *buffers)
{
    const CLBlastTranspose no = CLBlastTransposeNo, yes = CLBlastTransposeYes;
    const size_t i = shape->inputs, o = shape->outputs;
    const operand samples = {buffers->samples, 0, i, no}, outputs = {buffers->outputs, 0, o, no};
    const operand below = {buffers->below, 0, i, no};
    const operand weights = {buffers->parameters, buffers->weights_at, i, no};
    operand transposed;
    switch (shape->kind) {
    case PRODUCT_FORWARD:
        transposed = weights;
        transposed.transposed = yes;
        return (operands){samples, transposed, outputs};
    case PRODUCT_WEIGHT_GRADIENT:
        transposed = outputs;
        transposed.transposed = yes;
        return (operands){transposed, samples, weights};
    default:
        return (operands){outputs, weights, below};
    }
}

/* ---- The family ---- */

static size_t clblast_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                                 product_candidate *out)
{
    (void)device, (void)shape, (void)effort;
    out[0] = (product_candidate){&gr_product_clblast, NULL};
    return 1;
}

static void clblast_name(const void *tiles, char name[PRODUCT_NAME])
{
    (void)tiles;
    snprintf(name, PRODUCT_NAME, "clblast");
}

static gradus_status clblast_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                          size_t *bytes)
{
    const product_extents e = gr_product_extents(shape);
    /* CLBlast may copy an operand at an offset, but not one at the start of its buffer: this size is enough for
     * both. */
    const operands all = find_operands(shape, &(product_buffers){.weights_at = 1});
    (void)tiles;
    const CLBlastStatusCode error = CLBlastSGemmTempBufferSize(
        CLBlastLayoutColMajor, all.b.transposed, all.a.transposed, e.n, e.m, e.k, all.b.offset, all.b.stride,
        all.a.offset, all.a.stride, all.c.offset, all.c.stride, &device->queue, bytes);
    return error == CLBlastSuccess ? GRADUS_OK : clblast_fail("CLBlastSGemmTempBufferSize", error);
}

static void clblast_destroy(product *base)
{
    clblast_product *p = (clblast_product *)base;
    gr_launch_destroy(&p->before);
    gr_launch_destroy(&p->after);
    free(p);
}

/* CLBlast keeps programs per context in a cache of its own, which would keep the context alive. */
static void clear_cache(void)
{
    (void)CLBlastClearCache();
}

/* Bias and ReLU. */
static gradus_status create_launches(gradus_device *device, clblast_product *p)
{
    gradus_status status = GRADUS_OK;
    const product_shape *shape = &p->base.shape;
    const product_buffers *buffers = &p->buffers;
    if (shape->kind == PRODUCT_FORWARD)
        TRY(gr_bias_broadcast(device, buffers->parameters, buffers->bias_at, buffers->outputs, shape->outputs,
                              shape->samples, &p->before));
    if (shape->kind == PRODUCT_FORWARD && shape->relu)
        TRY(gr_relu_forward(device, buffers->outputs, shape->outputs * shape->samples, &p->after));
    if (shape->kind == PRODUCT_INPUT_GRADIENT && shape->relu)
        TRY(gr_relu_backward(device, buffers->samples, buffers->below, shape->inputs * shape->samples, &p->after));
cleanup:
    return status;
}

static gradus_status clblast_create(gradus_device *device, const product *base, const void *tiles,
                                    const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    clblast_product *p = NULL;
    (void)tiles;
    gr_device_at_close(device, clear_cache);
    TRY(gr_allocate(1, &p));
    *p = (clblast_product){*base, *buffers, {base->factor, base->shape.kind == PRODUCT_FORWARD}, {0}, {0}};
    TRY(create_launches(device, p));
    *out = &p->base;
    p = NULL;
cleanup:
    if (p != NULL)
        clblast_destroy(&p->base);
    return status;
}

static gradus_status clblast_set_scale(product *base, scaled_sum by)
{
    ((clblast_product *)base)->by = by;
    return GRADUS_OK;
}

static gradus_status enqueue_gemm(gradus_device *device, const clblast_product *p)
{
    gradus_status status = GRADUS_OK;
    const product_extents e = gr_product_extents(&p->base.shape);
    const operands all = find_operands(&p->base.shape, &p->buffers);
    cl_event *event = NULL;
    TRY(gr_profile_next(device, NULL, "CLBlast's gemm", &event));
    const CLBlastStatusCode error = CLBlastSgemmWithTempBuffer(
        CLBlastLayoutColMajor, all.b.transposed, all.a.transposed, e.n, e.m, e.k, p->by.scale, all.b.buffer,
        all.b.offset, all.b.stride, all.a.buffer, all.a.offset, all.a.stride, p->by.accumulate ? 1 : 0, all.c.buffer,
        all.c.offset, all.c.stride, &device->queue, event, p->buffers.scratch);
    if (error != CLBlastSuccess)
        status = clblast_fail("CLBlastSgemmWithTempBuffer", error);
cleanup:
    return status;
}

static gradus_status clblast_enqueue(gradus_device *device, const product *base)
{
    gradus_status status = GRADUS_OK;
    const clblast_product *p = (const clblast_product *)base;
    if (p->before.kernel != NULL)
        TRY(gr_launch_enqueue(device, &p->before));
    TRY(enqueue_gemm(device, p));
    if (p->after.kernel != NULL)
        TRY(gr_launch_enqueue(device, &p->after));
cleanup:
    return status;
}

const product_family gr_product_clblast = {
    .candidates = clblast_candidates,
    .name = clblast_name,
    .scratch_size = clblast_scratch_size,
    .create = clblast_create,
    .set_scale = clblast_set_scale,
    .enqueue = clblast_enqueue,
    .destroy = clblast_destroy,
};
