/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the products by tiles. */
#include "engine/product/tiled_product.h"

#include <math.h>

/* The largest number of work-groups per compute unit of a split product: enough to hide the latency of memory. A weight
 * gradient has to be added up in any case; other products are split only if their tiles do not fill the device. */
#define SUMMED_GROUPS_PER_UNIT 4
#define JOINED_GROUPS_PER_UNIT 2

/* Work-items of a work-group of product_sum and product_join. */
#define SUM_GROUP 64

/* ---- Sizes ---- */

static size_t count_tiles(const product_shape *shape, const product_tile *t)
{
    const product_extents e = gr_product_extents(shape);
    return gr_divide_up(e.m, t->m) * gr_divide_up(e.n, t->n);
}

/* The number of groups is rounded down, since one more than the device can run takes as long as twice as many. */
static depth_split split_of(const gradus_device *device, const product_shape *shape, const product_tile *t)
{
    const size_t depth = gr_product_extents(shape).k, units = device->info.compute_units;
    const size_t tiles = count_tiles(shape, t);
    if (shape->kind == PRODUCT_WEIGHT_GRADIENT)
        return gr_split_depth(depth, SUMMED_GROUPS_PER_UNIT * units / tiles, t->k);
    return gr_split_depth(depth, tiles < units ? JOINED_GROUPS_PER_UNIT * units / tiles : 1, t->k);
}

/* Whether the parts are written to the scratch memory, and then added up. */
static bool has_parts(const product_shape *shape, depth_split split)
{
    return shape->kind == PRODUCT_WEIGHT_GRADIENT || split.splits > 1;
}

static double parts_bytes(const product_shape *shape, depth_split split)
{
    const product_extents e = gr_product_extents(shape);
    return has_parts(shape, split) ? (double)split.splits * (double)e.m * (double)e.n * sizeof(cl_float) : 0;
}

gradus_status gr_tiled_scratch_size(const gradus_device *device, const product_shape *shape, const product_tile *tile,
                                    size_t *bytes)
{
    *bytes = (size_t)parts_bytes(shape, split_of(device, shape, tile));
    return GRADUS_OK;
}

/* ---- Candidates ---- */

#define QUICK_CANDIDATES 2

#define UNIT_GROUPS 2.0    /* work-groups that hide each other's latency, */
#define STEP_LATENCY 700.0 /* in cycles: of a load from global memory, and two barriers */
#define LAUNCH_LATENCY 3000.0

double gr_tiled_cycles(const gradus_device *device, const product_shape *shape, const product_tile *tile, double step)
{
    const depth_split split = split_of(device, shape, tile);
    const double units = device->info.compute_units;
    const double groups = (double)gr_divide_up(count_tiles(shape, tile) * split.splits, device->info.compute_units);
    const double at_once = groups < UNIT_GROUPS ? groups : UNIT_GROUPS;
    const double steps = (double)gr_divide_up(split.share, tile->k) * groups / at_once;
    const double parts = parts_bytes(shape, split);
    return steps * (step * at_once > STEP_LATENCY ? step * at_once : STEP_LATENCY) +
           (parts > 0 ? LAUNCH_LATENCY + 2 * parts / (UNIT_GLOBAL_BYTES * units) : 0);
}

size_t gr_tiled_candidates(const product_family *family, const void *tiles, size_t size, size_t count, double *cycles,
                           size_t most, product_candidate *out)
{
    double first = INFINITY;
    size_t found = 0;
    while (found < most) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            best = cycles[i] < cycles[best] ? i : best;
        if (!isfinite(cycles[best]) || (found > 0 && cycles[best] > 2 * first))
            break;
        first = found == 0 ? cycles[best] : first;
        cycles[best] = INFINITY;
        out[found++] = (product_candidate){family, (const char *)tiles + best * size};
    }
    return found;
}

size_t gr_tiled_candidates_most(product_effort effort, size_t all)
{
    return effort == EFFORT_DEFAULT ? 1 : effort == EFFORT_QUICK ? QUICK_CANDIDATES : all;
}

/* ---- Launches ---- */

/* The shape for the kernel that finishes the sums. */
static product_tiles_shape whole_shape(const own_product *p, depth_split split, const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const product_extents e = gr_product_extents(shape);
    return (product_tiles_shape){
        .weights_at = buffers->weights_at,
        .bias_at = buffers->bias_at,
        .m = (u32)e.m,
        .n = (u32)e.n,
        .k = (u32)e.k,
        .share = (u32)split.share,
        .epilogue = gr_own_product_epilogue(shape),
        .factor = p->base.factor,
    };
}

static cl_mem result_of(const product_shape *shape, const product_buffers *buffers)
{
    return shape->kind == PRODUCT_FORWARD ? buffers->outputs : buffers->below;
}

static gradus_status create_main(own_product *p, cl_program program, const char *kernel, const product_tile *tile,
                                 depth_split split, const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const bool forward = shape->kind == PRODUCT_FORWARD, parts = has_parts(shape, split);
    const cl_mem a = forward ? buffers->samples : buffers->outputs;
    const cl_mem b = shape->kind == PRODUCT_WEIGHT_GRADIENT ? buffers->samples : buffers->parameters;
    const cl_mem c = parts ? buffers->scratch : result_of(shape, buffers);
    const product_samples all = {0, (u32)shape->samples, 0};
    product_tiles_shape extents = whole_shape(p, split, buffers);
    if (parts) {
        extents.epilogue = 0;
        extents.factor = 1;
    }
    return gr_launch_create_in(program, kernel, count_tiles(shape, tile) * split.splits * tile->group, tile->group,
                               ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(a), ARGUMENT(b),
                                         ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
                               p->main);
}

static gradus_status create_join(own_product *p, cl_program program, depth_split split, const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const product_samples all = {0, (u32)shape->samples, 0};
    const product_tiles_shape extents = whole_shape(p, split, buffers);
    const cl_uint splits = (cl_uint)split.splits;
    const cl_mem c = result_of(shape, buffers);
    p->join = &p->steps[1];
    return gr_launch_create_in(
        program, "product_join", gr_round_up((size_t)extents.m * extents.n, SUM_GROUP), SUM_GROUP,
        ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(splits), ARGUMENT(buffers->scratch),
                  ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
        p->join);
}

gradus_status gr_tiled_create(gradus_device *device, const product *base, const product_tile *tile, cl_program program,
                              const char *kernel, const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    const depth_split split = split_of(device, &base->shape, tile);
    own_product *p = NULL;

    TRY(gr_own_product_create(base, &p));
    TRY(create_main(p, program, kernel, tile, split, buffers));
    if (base->shape.kind == PRODUCT_WEIGHT_GRADIENT)
        TRY(gr_own_product_sum(p, 1, program, SUM_GROUP, buffers, 0, split.splits));
    else if (has_parts(&base->shape, split))
        TRY(create_join(p, program, split, buffers));
    *out = &p->base;
    p = NULL;
cleanup:
    if (p != NULL)
        gr_own_product_destroy(&p->base);
    return status;
}
