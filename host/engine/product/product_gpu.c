/* SPDX-License-Identifier: Apache-2.0 */
/* Products by product_gpu.cl, for GPUs. */
#include "engine/product/own_product.h"

#include <stdio.h>
#include <stdlib.h>

/* The kernel's TILE_ and ITEM_ constants. */
typedef struct gpu_tiles {
    size_t m, n, k;        /* a work-group's tile of C, and of the depth at a time */
    size_t item_m, item_n; /* a work-item's sums */
} gpu_tiles;

/* From large to small: the larger a tile, the fewer bytes a multiplication needs. */
static const gpu_tiles all_tiles[] = {
    {GPU_TILE_M, GPU_TILE_N, GPU_TILE_K, GPU_ITEM_M, GPU_ITEM_N},
    {128, 128, 8, 8, 8},
    {64, 64, 16, 4, 4},
    {64, 128, 16, 8, 4},
    {128, 128, 16, 8, 8},
    {64, 64, 32, 4, 4},
    {128, 64, 16, 8, 8},
    {64, 64, 16, 8, 4},
    {128, 32, 16, 4, 4},
    {32, 128, 16, 4, 4},
    {256, 32, 16, 8, 4},
    {128, 16, 16, 4, 4},
    {16, 128, 16, 4, 4},
    {256, 16, 16, 4, 4},
    {16, 256, 16, 4, 4},
    {32, 32, 16, 4, 4},
    {16, 16, 16, 4, 4},
};
#define TILES (sizeof all_tiles / sizeof *all_tiles)

#define QUICK_CANDIDATES 2

/* Work-groups per compute unit of a split product: enough to hide the latency of memory. */
#define GROUPS_PER_UNIT 4

/* Work-items of a work-group of product_sum. */
#define SUM_GROUP 64

/* ---- Candidates ---- */

/* Number of elements of C that are computed, including the padding of tiles. */
static double padded_elements(const gpu_tiles *t, const product_extents *e)
{
    return (double)gr_round_up(e->m, t->m) * (double)gr_round_up(e->n, t->n);
}

/* Without candidates that compute too much padding: more than 1.5 times the elements of the best tile for this C. */
static size_t gpu_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                             product_candidate *out)
{
    const product_extents e = gr_product_extents(shape);
    const size_t most = effort == EFFORT_DEFAULT ? 1 : effort == EFFORT_QUICK ? QUICK_CANDIDATES : PRODUCT_CANDIDATES;
    double least = padded_elements(&all_tiles[0], &e);
    size_t count = 0;
    (void)device;
    for (size_t i = 1; i < TILES; i++)
        least = least < padded_elements(&all_tiles[i], &e) ? least : padded_elements(&all_tiles[i], &e);
    for (size_t i = 0; i < TILES && count < most; i++)
        if (padded_elements(&all_tiles[i], &e) <= 1.5 * least)
            out[count++] = (product_candidate){&gr_product_gpu, &all_tiles[i]};
    return count;
}

static void gpu_name(const void *tiles, char name[PRODUCT_NAME])
{
    const gpu_tiles *t = tiles;
    snprintf(name, PRODUCT_NAME, "own gpu %zux%zux%zu %zux%zu", t->m, t->n, t->k, t->item_m, t->item_n);
}

/* ---- Sizes ---- */

static size_t count_tiles(const product_shape *shape, const gpu_tiles *t)
{
    const product_extents e = gr_product_extents(shape);
    return gr_divide_up(e.m, t->m) * gr_divide_up(e.n, t->n);
}

/* Only a weight gradient is split: the others have as many tiles as there are samples. */
static depth_split split_of(const gradus_device *device, const product_shape *shape, const gpu_tiles *t)
{
    const product_extents e = gr_product_extents(shape);
    const size_t groups = GROUPS_PER_UNIT * device->info.compute_units;
    if (shape->kind != PRODUCT_WEIGHT_GRADIENT)
        return (depth_split){1, e.k};
    return gr_split_depth(e.k, gr_divide_up(groups, count_tiles(shape, t)), t->k);
}

static gradus_status gpu_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                      size_t *bytes)
{
    const size_t partial = shape->outputs * shape->inputs * sizeof(cl_float);
    *bytes = shape->kind == PRODUCT_WEIGHT_GRADIENT ? split_of(device, shape, tiles).splits * partial : 0;
    return GRADUS_OK;
}

/* ---- Launches ---- */

static gradus_status build(gradus_device *device, const product_shape *shape, const gpu_tiles *t, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const bool forward = shape->kind == PRODUCT_FORWARD, summed = shape->kind == PRODUCT_WEIGHT_GRADIENT;
    char *options = NULL;
    TRY(gr_format_text(&options,
                       "-D TILE_M=%zu -D TILE_N=%zu -D TILE_K=%zu -D ITEM_M=%zu -D ITEM_N=%zu -D A_TRANSPOSED=%d "
                       "-D B_TRANSPOSED=%d -D A_BYTES=%d -D B_BYTES=%d",
                       t->m, t->n, t->k, t->item_m, t->item_n, summed, forward, shape->pixels && forward,
                       shape->pixels && summed));
    TRY(gr_program_share(device, "product/product_gpu.cl", options, out));
cleanup:
    free(options);
    return status;
}

static gradus_status create_main(own_product *p, cl_program program, const gpu_tiles *t, depth_split split,
                                 const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const product_extents e = gr_product_extents(shape);
    const bool forward = shape->kind == PRODUCT_FORWARD, summed = shape->kind == PRODUCT_WEIGHT_GRADIENT;
    const cl_mem a = forward ? buffers->samples : buffers->outputs;
    const cl_mem b = summed ? buffers->samples : buffers->parameters;
    const cl_mem c = summed ? buffers->scratch : forward ? buffers->outputs : buffers->below;
    const product_samples all = {0, (u32)shape->samples};
    const product_gpu_shape extents = {
        .weights_at = buffers->weights_at,
        .bias_at = buffers->bias_at,
        .m = (u32)e.m,
        .n = (u32)e.n,
        .k = (u32)e.k,
        .share = (u32)split.share,
        .epilogue = gr_own_product_epilogue(shape),
        .factor = summed ? 1 : p->base.factor,
    };
    const size_t group = t->m / t->item_m * (t->n / t->item_n);
    return gr_launch_create_in(program, "product_gpu", count_tiles(shape, t) * split.splits * group, group,
                               ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(a), ARGUMENT(b),
                                         ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
                               p->main);
}

static gradus_status gpu_create(gradus_device *device, const product *base, const void *tiles,
                                const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    const depth_split split = split_of(device, &base->shape, tiles);
    own_product *p = NULL;
    cl_program program = NULL;

    TRY(gr_own_product_create(base, &p));
    TRY(build(device, &base->shape, tiles, &program));
    TRY(create_main(p, program, tiles, split, buffers));
    if (base->shape.kind == PRODUCT_WEIGHT_GRADIENT)
        TRY(gr_own_product_sum(p, 1, program, SUM_GROUP, buffers, 0, split.splits));
    *out = &p->base;
    p = NULL;
cleanup:
    if (p != NULL)
        gr_own_product_destroy(&p->base);
    return status;
}

const product_family gr_product_gpu = {
    .takes_bytes = true,
    .candidates = gpu_candidates,
    .name = gpu_name,
    .scratch_size = gpu_scratch_size,
    .create = gpu_create,
    .set_scale = gr_own_product_set_scale,
    .set_samples = gr_own_product_set_samples,
    .enqueue = gr_own_product_enqueue,
    .destroy = gr_own_product_destroy,
};
