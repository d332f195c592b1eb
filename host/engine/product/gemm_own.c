/* SPDX-License-Identifier: Apache-2.0 */
/* Products by gemm_cpu.cl and gemm_gpu.cl. */
#include "core/memory.h"
#include "engine/product/gemm.h"

#include <stdlib.h>

/* Shares of work, for each core: with more than one, no core waits long for another that began late. */
#define SHARES_PER_CORE 4

/* Groups of work-items for each compute unit that a split product shall have: enough to hide memory's latency. */
#define GROUPS_PER_UNIT 4

/* A share of the depth that is shorter is not worth its part of the sum. */
#define SHORTEST_SHARE 64

static size_t round_up(size_t a, size_t b)
{
    return gr_divide_up(a, b) * b;
}

static cl_uint epilogue_of(const gemm_shape *shape)
{
    switch (shape->kind) {
    case GEMM_FORWARD:
        return EPILOGUE_BIAS | (shape->relu ? EPILOGUE_RELU : 0);
    case GEMM_INPUT_GRADIENT:
        return shape->relu ? EPILOGUE_MASK : 0;
    default:
        return 0;
    }
}

/* Which share of the depth each of `splits` gets. */
typedef struct depth_split {
    size_t splits, share;
} depth_split;

static depth_split split_depth(size_t depth, size_t splits, size_t multiple)
{
    const size_t most = gr_divide_up(depth, SHORTEST_SHARE);
    splits = splits < most ? splits : most;
    const size_t share = round_up(gr_divide_up(depth, splits > 0 ? splits : 1), multiple);
    return (depth_split){gr_divide_up(depth, share), share};
}

/* ---- What gemm_cpu.cl and gemm_gpu.cl share ---- */

/* dW = alpha * (sum of the parts) + beta dW. */
static gradus_status create_sum(gradus_device *device, gemm *product, cl_program program, size_t partial_at,
                                size_t splits)
{
    const gemm_extents e = gr_gemm_extents(&product->shape);
    const cl_ulong from = partial_at, elements = e.m * e.n, to = product->buffers.weights_at;
    const cl_uint count = (cl_uint)splits;
    const size_t group = device->kernels == KERNELS_CPU ? 256 : 64;
    return gr_launch_create_in(program, "gemm_sum", round_up(elements, group), group,
                               ARGUMENTS(ARGUMENT(product->by), ARGUMENT(product->scratch), ARGUMENT(from),
                                         ARGUMENT(count), ARGUMENT(elements), ARGUMENT(product->buffers.parameters),
                                         ARGUMENT(to)),
                               &product->after);
}

/* ---- gemm_cpu.cl ---- */

/* How a product is laid out in the scratch memory; sizes in floats. */
typedef struct cpu_layout {
    size_t items, columns; /* work-items; columns of a panel */
    size_t panels;         /* W in panels (all columns x depth) */
    size_t room;           /* of each work-item */
    depth_split split;
} cpu_layout;

static cpu_layout lay_out_cpu(const gradus_device *device, const gemm_shape *shape, const gemm_candidate *c)
{
    const gemm_extents e = gr_gemm_extents(shape);
    const size_t shares = SHARES_PER_CORE * device->info.compute_units, chunks = gr_divide_up(e.m, c->m);
    cpu_layout out = {.columns = c->item_n * device->lanes};
    if (shape->kind == GEMM_WEIGHT_GRADIENT) {
        out.split = split_depth(e.k, shares, 1);
        out.items = out.split.splits;
        out.room = (round_up(round_up(e.m, c->item_m), out.columns) + round_up(e.n, out.columns)) *
                   (out.split.share < c->k ? out.split.share : c->k);
    } else {
        out.items = chunks < shares ? chunks : shares;
        out.panels = round_up(e.n, out.columns) * e.k;
        out.room = shape->pixels ? c->m * c->k : 0;
    }
    return out;
}

static gradus_status build_cpu(gradus_device *device, const gemm *product, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const gemm_candidate *c = &product->candidate;
    char *options = NULL;
    TRY(gr_format_text(&options, "-D LANES=%u -D ROWS=%zu -D VECTORS=%zu -D CHUNK=%zu -D DEPTH=%zu -D BYTES=%d",
                       device->lanes, c->item_m, c->item_n, c->m, c->k, product->shape.pixels));
    TRY(gr_program_share(device, "product/gemm_cpu.cl", options, out));
cleanup:
    free(options);
    return status;
}

/* Forward and input gradient. */
static gradus_status create_cpu_rows(gemm *product, cl_program program, const cpu_layout *at)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape *shape = &product->shape;
    const gemm_buffers *b = &product->buffers;
    const bool forward = shape->kind == GEMM_FORWARD;
    const gemm_extents e = gr_gemm_extents(shape);
    const product_samples all = {0, (u32)shape->samples};
    const cpu_rows_shape rows = {b->bias_at, (u32)e.n, (u32)e.k, epilogue_of(shape)};
    const cl_uint n = (cl_uint)e.n, k = (cl_uint)e.k, transposed = forward;
    const cl_ulong weights_at = b->weights_at;
    const cl_mem a = forward ? b->samples : b->outputs, c = forward ? b->outputs : b->below;

    TRY(gr_launch_create_in(program, "gemm_cpu_pack", gr_divide_up(e.n, at->columns), 1,
                            ARGUMENTS(ARGUMENT(b->parameters), ARGUMENT(weights_at), ARGUMENT(k), ARGUMENT(n),
                                      ARGUMENT(transposed), ARGUMENT(product->pixel_factor),
                                      ARGUMENT(product->scratch)),
                            &product->before));
    TRY(gr_launch_create_in(program, "gemm_cpu_rows", at->items, 1,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(rows), ARGUMENT(a), ARGUMENT(product->scratch),
                                      ARGUMENT(b->parameters), ARGUMENT(b->samples), ARGUMENT(c)),
                            &product->main));
cleanup:
    return status;
}

static gradus_status create_cpu(gradus_device *device, gemm *product)
{
    gradus_status status = GRADUS_OK;
    const gemm_buffers *b = &product->buffers;
    const gemm_extents e = gr_gemm_extents(&product->shape);
    const cpu_layout at = lay_out_cpu(device, &product->shape, &product->candidate);
    const product_samples all = {0, (u32)product->shape.samples};
    const cpu_depth_shape depth = {at.room, (u32)e.m, (u32)e.n, (u32)at.split.share};
    cl_program program = NULL;

    TRY(build_cpu(device, product, &program));
    if (product->shape.kind != GEMM_WEIGHT_GRADIENT)
        return create_cpu_rows(product, program, &at);
    TRY(gr_launch_create_in(program, "gemm_cpu_depth", at.items, 1,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(depth), ARGUMENT(b->outputs), ARGUMENT(b->samples),
                                      ARGUMENT(product->scratch)),
                            &product->main));
    TRY(create_sum(device, product, program, at.items * at.room, at.items));
cleanup:
    return status;
}

/* ---- gemm_gpu.cl ---- */

static size_t gpu_tiles(const gemm_shape *shape, const gemm_candidate *c)
{
    const gemm_extents e = gr_gemm_extents(shape);
    return gr_divide_up(e.m, c->m) * gr_divide_up(e.n, c->n);
}

/* Only a weight gradient is split: the others have as many tiles as there are samples. */
static depth_split split_gpu(const gradus_device *device, const gemm_shape *shape, const gemm_candidate *c)
{
    const gemm_extents e = gr_gemm_extents(shape);
    const size_t groups = GROUPS_PER_UNIT * device->info.compute_units;
    if (shape->kind != GEMM_WEIGHT_GRADIENT)
        return (depth_split){1, e.k};
    return split_depth(e.k, gr_divide_up(groups, gpu_tiles(shape, c)), c->k);
}

static gradus_status build_gpu(gradus_device *device, const gemm *product, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const gemm_candidate *c = &product->candidate;
    const gemm_kind kind = product->shape.kind;
    const bool pixels = product->shape.pixels;
    char *options = NULL;
    TRY(gr_format_text(&options,
                       "-D TILE_M=%zu -D TILE_N=%zu -D TILE_K=%zu -D ITEM_M=%zu -D ITEM_N=%zu -D A_TRANSPOSED=%d "
                       "-D B_TRANSPOSED=%d -D A_BYTES=%d -D B_BYTES=%d",
                       c->m, c->n, c->k, c->item_m, c->item_n, kind == GEMM_WEIGHT_GRADIENT, kind == GEMM_FORWARD,
                       pixels && kind == GEMM_FORWARD, pixels && kind == GEMM_WEIGHT_GRADIENT));
    TRY(gr_program_share(device, "product/gemm_gpu.cl", options, out));
cleanup:
    free(options);
    return status;
}

static gradus_status create_gpu(gradus_device *device, gemm *product)
{
    gradus_status status = GRADUS_OK;
    const gemm_shape *shape = &product->shape;
    const gemm_buffers *buffers = &product->buffers;
    const gemm_candidate *candidate = &product->candidate;
    const gemm_extents e = gr_gemm_extents(shape);
    const depth_split split = split_gpu(device, shape, candidate);
    const bool summed = shape->kind == GEMM_WEIGHT_GRADIENT;
    const cl_mem weights = buffers->parameters;
    const cl_mem a = shape->kind == GEMM_FORWARD ? buffers->samples : buffers->outputs;
    const cl_mem b = summed ? buffers->samples : weights;
    const cl_mem c = summed ? product->scratch : shape->kind == GEMM_FORWARD ? buffers->outputs : buffers->below;
    const product_samples all = {0, (u32)shape->samples};
    const gpu_shape extents = {
        .weights_at = buffers->weights_at,
        .bias_at = buffers->bias_at,
        .m = (u32)e.m,
        .n = (u32)e.n,
        .k = (u32)e.k,
        .share = (u32)split.share,
        .epilogue = epilogue_of(shape),
        .alpha = summed ? 1 : product->pixel_factor,
    };
    const size_t group = candidate->m / candidate->item_m * (candidate->n / candidate->item_n);
    cl_program program = NULL;

    TRY(build_gpu(device, product, &program));
    TRY(gr_launch_create_in(program, "gemm_gpu", gpu_tiles(shape, candidate) * split.splits * group, group,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(a), ARGUMENT(b), ARGUMENT(weights),
                                      ARGUMENT(buffers->samples), ARGUMENT(c)),
                            &product->main));
    if (summed)
        TRY(create_sum(device, product, program, 0, split.splits));
cleanup:
    return status;
}

/* ---- For gemm.c ---- */

size_t gr_gemm_own_scratch_size(const gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate)
{
    const gemm_extents e = gr_gemm_extents(shape);
    const bool summed = shape->kind == GEMM_WEIGHT_GRADIENT;
    if (candidate->family == GEMM_GPU)
        return summed ? split_gpu(device, shape, candidate).splits * e.m * e.n * sizeof(cl_float) : 0;
    const cpu_layout at = lay_out_cpu(device, shape, candidate);
    return (at.panels + at.items * (at.room + (summed ? e.m * e.n : 0))) * sizeof(cl_float);
}

gradus_status gr_gemm_own_create(gradus_device *device, gemm *product)
{
    return product->candidate.family == GEMM_CPU ? create_cpu(device, product) : create_gpu(device, product);
}

gradus_status gr_gemm_own_set_samples(gemm *product, size_t first, size_t samples)
{
    const product_samples of = {first, (u32)samples};
    return gr_launch_vary(&product->main, sizeof of, &of);
}
