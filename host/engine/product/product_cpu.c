/* SPDX-License-Identifier: Apache-2.0 */
/* Products by product_cpu.cl, for CPUs. */
#include "engine/product/own_product.h"

#include <stdio.h>
#include <stdlib.h>

/* The kernels' constants of the same names. */
typedef struct cpu_tiles {
    size_t chunk, depth;  /* rows of A, and elements of a row, that stay in the second-level cache */
    size_t rows, vectors; /* of sums in registers */
} cpu_tiles;

/* rows x vectors of sums, with their operands, fill 16 registers (6 x 2, 4 x 3) or 32. The first is the default of
 * devices with vectors of 8, the second of 16. */
static const cpu_tiles all_tiles[] = {
    {CPU_CHUNK, CPU_DEPTH, CPU_ROWS, CPU_VECTORS},
    {96, 256, 12, 2},
    {192, 256, 6, 2},
    {96, 128, 6, 2},
    {192, 128, 6, 2},
    {48, 512, 6, 2},
    {96, 256, 4, 3},
    {96, 256, 12, 1},
    {96, 256, 8, 1},
    {96, 256, 5, 2},
    {96, 512, 6, 2},
    {192, 256, 12, 2},
};
#define TILES (sizeof all_tiles / sizeof *all_tiles)

/* Shares of work per core: with several, no core waits long for another that began late. */
#define SHARES_PER_CORE 4

/* Work-items of a work-group of product_sum; each computes one element. */
#define SUM_GROUP 256

static size_t cpu_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                             product_candidate *out)
{
    const size_t first = device->lanes == 16 ? 1 : 0;
    size_t count = 0;
    (void)shape;
    out[count++] = (product_candidate){&gr_product_cpu, &all_tiles[first]};
    for (size_t i = 0; i < TILES && effort == EFFORT_THOROUGH; i++)
        if (i != first)
            out[count++] = (product_candidate){&gr_product_cpu, &all_tiles[i]};
    return count;
}

static void cpu_name(const void *tiles, char name[PRODUCT_NAME])
{
    const cpu_tiles *t = tiles;
    snprintf(name, PRODUCT_NAME, "own cpu %zux%zu %zux%zu", t->rows, t->vectors, t->chunk, t->depth);
}

/* ---- The layout of a product in the scratch memory; sizes in floats ---- */

typedef struct cpu_layout {
    size_t items, columns; /* work-items; columns of a panel */
    size_t panels;         /* W in panels (all columns x depth); 0 for a weight gradient */
    size_t room;           /* memory of each work-item */
    depth_split split;     /* of a weight gradient */
} cpu_layout;

static cpu_layout lay_out_rows(const gradus_device *device, const product_shape *shape, const cpu_tiles *t)
{
    const product_extents e = gr_product_extents(shape);
    const size_t columns = t->vectors * device->lanes, shares = SHARES_PER_CORE * device->info.compute_units;
    const size_t chunks = gr_divide_up(e.m, t->chunk);
    return (cpu_layout){.items = chunks < shares ? chunks : shares,
                        .columns = columns,
                        .panels = panel_floats(e.n, columns, e.k),
                        .room = shape->pixels ? t->chunk * t->depth : 0};
}

static cpu_layout lay_out_depth(const gradus_device *device, const product_shape *shape, const cpu_tiles *t)
{
    const product_extents e = gr_product_extents(shape);
    const size_t columns = t->vectors * device->lanes;
    const depth_split split = gr_split_depth(e.k, SHARES_PER_CORE * device->info.compute_units, 1);
    const size_t depth = split.share < t->depth ? split.share : t->depth;
    return (cpu_layout){.items = split.splits,
                        .columns = columns,
                        .room = packed_units_floats(e.m, t->rows, columns, depth) + panel_floats(e.n, columns, depth),
                        .split = split};
}

static gradus_status cpu_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                      size_t *bytes)
{
    const bool summed = shape->kind == PRODUCT_WEIGHT_GRADIENT;
    const cpu_layout at = summed ? lay_out_depth(device, shape, tiles) : lay_out_rows(device, shape, tiles);
    const size_t partial = summed ? shape->outputs * shape->inputs : 0;
    *bytes = (at.panels + at.items * (at.room + partial)) * sizeof(cl_float);
    return GRADUS_OK;
}

/* ---- Launches ---- */

static gradus_status build(gradus_device *device, const product_shape *shape, const cpu_tiles *t, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    char *options = NULL;
    TRY(gr_format_text(&options, "-D LANES=%u -D ROWS=%zu -D VECTORS=%zu -D CHUNK=%zu -D DEPTH=%zu -D BYTES=%d",
                       device->lanes, t->rows, t->vectors, t->chunk, t->depth, shape->pixels));
    TRY(gr_program_share(device, "product/product_cpu.cl", options, out));
cleanup:
    free(options);
    return status;
}

/* Forward and input gradient: packs W into panels, then computes all rows. */
static gradus_status create_rows(own_product *p, cl_program program, const cpu_layout *at,
                                 const product_buffers *buffers)
{
    gradus_status status = GRADUS_OK;
    const product_shape *shape = &p->base.shape;
    const bool forward = shape->kind == PRODUCT_FORWARD;
    const product_extents e = gr_product_extents(shape);
    const product_samples all = {0, (u32)shape->samples, 0};
    const product_pack_shape pack = {buffers->weights_at, (u32)e.n, (u32)e.k, forward, p->base.factor};
    const product_rows_shape rows = {buffers->bias_at, (u32)e.n, (u32)e.k, gr_own_product_epilogue(shape)};
    const cl_mem a = forward ? buffers->samples : buffers->outputs, c = forward ? buffers->outputs : buffers->below;

    p->main = &p->steps[1];
    TRY(gr_launch_create_in(program, "product_cpu_pack", gr_divide_up(e.n, at->columns), 1,
                            ARGUMENTS(ARGUMENT(pack), ARGUMENT(buffers->parameters), ARGUMENT(buffers->scratch)),
                            &p->steps[0]));
    TRY(gr_launch_create_in(program, "product_cpu_rows", at->items, 1,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(rows), ARGUMENT(a), ARGUMENT(buffers->scratch),
                                      ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
                            p->main));
cleanup:
    return status;
}

/* Weight gradient: computes shares of the samples, then their sum. */
static gradus_status create_depth(own_product *p, cl_program program, const cpu_layout *at,
                                  const product_buffers *buffers)
{
    gradus_status status = GRADUS_OK;
    const product_extents e = gr_product_extents(&p->base.shape);
    const product_samples all = {0, (u32)e.k, 0};
    const product_depth_shape depth = {at->room, (u32)e.m, (u32)e.n, (u32)at->split.share};
    TRY(gr_launch_create_in(program, "product_cpu_depth", at->items, 1,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(depth), ARGUMENT(buffers->outputs),
                                      ARGUMENT(buffers->samples), ARGUMENT(buffers->scratch)),
                            p->main));
    TRY(gr_own_product_sum(p, 1, program, SUM_GROUP, buffers, at->items * at->room, at->items));
cleanup:
    return status;
}

static gradus_status cpu_create(gradus_device *device, const product *base, const void *tiles,
                                const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    const bool summed = base->shape.kind == PRODUCT_WEIGHT_GRADIENT;
    const cpu_layout at =
        summed ? lay_out_depth(device, &base->shape, tiles) : lay_out_rows(device, &base->shape, tiles);
    own_product *p = NULL;
    cl_program program = NULL;

    TRY(gr_own_product_create(base, &p));
    TRY(build(device, &base->shape, tiles, &program));
    TRY(summed ? create_depth(p, program, &at, buffers) : create_rows(p, program, &at, buffers));
    *out = &p->base;
    p = NULL;
cleanup:
    if (p != NULL)
        gr_own_product_destroy(&p->base);
    return status;
}

const product_family gr_product_cpu = {
    .takes_bytes = true,
    .candidates = cpu_candidates,
    .name = cpu_name,
    .scratch_size = cpu_scratch_size,
    .create = cpu_create,
    .set_scale = gr_own_product_set_scale,
    .set_samples = gr_own_product_set_samples,
    .enqueue = gr_own_product_enqueue,
    .destroy = gr_own_product_destroy,
};
