/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the products by gradus's own kernels. */
#include "engine/product/own_product.h"

#include <stdlib.h>

/* A shorter share of the depth saves less than adding up its part costs. */
#define SHORTEST_SHARE 64

gradus_status gr_own_product_create(const product *base, own_product **out)
{
    gradus_status status = GRADUS_OK;
    own_product *p = NULL;
    TRY(gr_allocate(1, &p));
    p->base = *base;
    p->main = &p->steps[0];
    *out = p;
cleanup:
    return status;
}

gradus_status gr_own_product_set_scale(product *base, scaled_sum by)
{
    return gr_launch_vary(((own_product *)base)->sum, sizeof by, &by);
}

gradus_status gr_own_product_set_samples(product *base, size_t first, size_t samples)
{
    gradus_status status = GRADUS_OK;
    const own_product *p = (const own_product *)base;
    const product_samples of = {first, (u32)samples, 0};
    TRY(gr_launch_vary(p->main, sizeof of, &of));
    if (p->join != NULL)
        TRY(gr_launch_vary(p->join, sizeof of, &of));
cleanup:
    return status;
}

gradus_status gr_own_product_enqueue(gradus_device *device, const product *base)
{
    gradus_status status = GRADUS_OK;
    const own_product *p = (const own_product *)base;
    for (size_t i = 0; i < OWN_STEPS && p->steps[i].kernel != NULL; i++)
        TRY(gr_launch_enqueue(device, &p->steps[i]));
cleanup:
    return status;
}

void gr_own_product_destroy(product *base)
{
    own_product *p = (own_product *)base;
    for (size_t i = 0; i < OWN_STEPS; i++)
        gr_launch_destroy(&p->steps[i]);
    free(p);
}

u32 gr_own_product_epilogue(const product_shape *shape)
{
    switch (shape->kind) {
    case PRODUCT_FORWARD:
        return EPILOGUE_BIAS | (shape->relu ? EPILOGUE_RELU : 0);
    case PRODUCT_INPUT_GRADIENT:
        return shape->relu ? EPILOGUE_MASK : 0;
    default:
        return 0;
    }
}

gradus_status gr_own_product_sum(own_product *p, size_t step, cl_program program, size_t group,
                                 const product_buffers *buffers, size_t partial_at, size_t splits)
{
    const scaled_sum whole = {p->base.factor, 0};
    const cl_ulong from = partial_at, to = buffers->weights_at;
    const cl_ulong elements = p->base.shape.outputs * p->base.shape.inputs;
    const cl_uint count = (cl_uint)splits;
    p->sum = &p->steps[step];
    return gr_launch_create_in(program, "product_sum", gr_round_up(elements, group), group,
                               ARGUMENTS(ARGUMENT(whole), ARGUMENT(buffers->scratch), ARGUMENT(from), ARGUMENT(count),
                                         ARGUMENT(elements), ARGUMENT(buffers->parameters), ARGUMENT(to)),
                               p->sum);
}

depth_split gr_split_depth(size_t depth, size_t splits, size_t multiple)
{
    const size_t most = gr_divide_up(depth, SHORTEST_SHARE);
    splits = splits < most ? splits : most;
    const size_t share = gr_round_up(gr_divide_up(depth, splits > 0 ? splits : 1), multiple);
    return (depth_split){gr_divide_up(depth, share), share};
}
