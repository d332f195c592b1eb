/* SPDX-License-Identifier: Apache-2.0 */
/* Products by product_gpu.cl, for GPUs. */
#include "device/gpu_model.h"
#include "engine/product/own_product.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The kernel's TILE_ and ITEM_ constants. */
typedef struct gpu_tiles {
    size_t m, n, k;        /* a work-group's tile of C, and of the depth at a time */
    size_t item_m, item_n; /* a work-item's sums */
} gpu_tiles;

/* In the order in which equals are tried. All work-groups have at least 64 work-items: a GPU's
 * wave, or two. */
static const gpu_tiles all_tiles[] = {
    {GPU_TILE_M, GPU_TILE_N, GPU_TILE_K, GPU_ITEM_M, GPU_ITEM_N},
    {64, 64, 16, 4, 4},
    {64, 128, 16, 8, 4},
    {128, 128, 16, 8, 8},
    {128, 128, 8, 8, 8},
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
    {64, 16, 16, 4, 4},
    {16, 64, 16, 4, 4},
};
#define TILES (sizeof all_tiles / sizeof *all_tiles)
static_assert(TILES + 1 <= PRODUCT_CANDIDATES, "all tiles, and CLBlast, fit a list of candidates");

#define QUICK_CANDIDATES 2

/* The largest number of work-groups per compute unit of a split product: enough to hide the latency of memory. A weight
 * gradient has to be added up in any case; other products are split only if their tiles do not fill the device. */
#define SUMMED_GROUPS_PER_UNIT 4
#define JOINED_GROUPS_PER_UNIT 2

/* See registers_of(). Iris Xe, which cannot have more than 128, keeps sums in memory if fewer are to spare. */
#define OTHER_REGISTERS 32
#define WIDE_OTHER_REGISTERS 40
#define WIDE_LOAD_REGISTERS 4 /* a value, its address, whether it exists */
#define SPARE_REGISTERS 16

/* Work-items of a work-group of product_sum and product_join. */
#define SUM_GROUP 64

/* ---- Sizes ---- */

static size_t count_tiles(const product_shape *shape, const gpu_tiles *t)
{
    const product_extents e = gr_product_extents(shape);
    return gr_divide_up(e.m, t->m) * gr_divide_up(e.n, t->n);
}

static size_t group_size(const gpu_tiles *t)
{
    return t->m / t->item_m * (t->n / t->item_n);
}

/* Bytes that the kernel loads in vectors (its A_VECTORS). */
static bool loads_vectors(const product_shape *shape, const gpu_tiles *t)
{
    return shape->pixels && shape->kind == PRODUCT_FORWARD && shape->inputs % BYTE_VECTOR == 0 &&
           t->k % BYTE_VECTOR == 0;
}

/* Registers of a work-item, for Intel's compiler only: the sums, a column and a row of the tiles, the values that are
 * loaded ahead, and addresses, which have 64 bits on Max GPUs alone. The constants are those with which no program spills
 * in tests/gpu/gpu_compile.py. */
static size_t registers_of(const gpu_model *model, const product_shape *shape, const gpu_tiles *t)
{
    const bool wide = model->wave_least > 8;
    const size_t a = loads_vectors(shape, t) ? BYTE_VECTOR / sizeof(cl_float) * gr_divide_up(t->m * t->k, BYTE_VECTOR)
                                             : t->m * t->k;
    const size_t loads = gr_divide_up(a, group_size(t)) + gr_divide_up(t->n * t->k, group_size(t));
    return t->item_m * t->item_n + t->item_m + t->item_n + (wide ? WIDE_LOAD_REGISTERS * loads : loads) +
           (wide ? WIDE_OTHER_REGISTERS : OTHER_REGISTERS);
}

/* Whether the compiler has enough registers. NVIDIA's and AMD's have for all tiles. */
static bool fits(const gpu_model *model, const product_shape *shape, const gpu_tiles *t)
{
    return model->vendor != GPU_INTEL ||
           registers_of(model, shape, t) + SPARE_REGISTERS <= gr_gpu_registers_most(model);
}

/* The number of groups is rounded down, since one more than the device can run takes as long as twice as many. */
static depth_split split_of(const gradus_device *device, const product_shape *shape, const gpu_tiles *t)
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

static gradus_status gpu_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                      size_t *bytes)
{
    *bytes = (size_t)parts_bytes(shape, split_of(device, shape, tiles));
    return GRADUS_OK;
}

/* ---- Candidates ---- */

/* A compute unit, for the order of the candidates: that of recent GPUs, within a factor of two. Not measured. */
#define UNIT_LANES 128.0       /* multiply-adds in a cycle */
#define UNIT_LOCAL_FLOATS 32.0 /* from local memory in a cycle */
#define UNIT_GLOBAL_BYTES 64.0 /* from the second-level cache in a cycle */
#define UNIT_GROUPS 2.0        /* work-groups that hide each other's latency, */
#define STEP_LATENCY 700.0     /* in cycles: of a load from global memory, and two barriers */
#define LAUNCH_LATENCY 3000.0

/* Estimated cycles of a product: those of TILE_K of the depth in a work-group, for all groups of a compute unit. */
static double estimate(const gradus_device *device, const product_shape *shape, const gpu_tiles *t)
{
    const depth_split split = split_of(device, shape, t);
    const double units = device->info.compute_units, sums = (double)(t->m * t->n), k = (double)t->k;
    const double local = sums * (1 / (double)t->item_m + 1 / (double)t->item_n) / UNIT_LOCAL_FLOATS;
    const double global = (double)(t->m + t->n) * sizeof(cl_float) / UNIT_GLOBAL_BYTES;
    const double step = k * (sums / UNIT_LANES + local + global);
    const double groups = (double)gr_divide_up(count_tiles(shape, t) * split.splits, device->info.compute_units);
    const double at_once = groups < UNIT_GROUPS ? groups : UNIT_GROUPS;
    const double steps = (double)gr_divide_up(split.share, t->k) * groups / at_once;
    const double parts = parts_bytes(shape, split);
    return steps * (step * at_once > STEP_LATENCY ? step * at_once : STEP_LATENCY) +
           (parts > 0 ? LAUNCH_LATENCY + 2 * parts / (UNIT_GLOBAL_BYTES * units) : 0);
}

/* The fastest by the estimate first; without those that it considers twice as slow. */
static size_t gpu_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                             product_candidate *out)
{
    const size_t most = effort == EFFORT_DEFAULT ? 1 : effort == EFFORT_QUICK ? QUICK_CANDIDATES : TILES;
    const gpu_model model = gr_gpu_model_of(device);
    double cycles[TILES], last = 0;
    size_t count = 0;
    for (size_t i = 0; i < TILES; i++)
        cycles[i] = fits(&model, shape, &all_tiles[i]) ? estimate(device, shape, &all_tiles[i]) : INFINITY;
    while (count < most) {
        size_t best = 0;
        for (size_t i = 1; i < TILES; i++)
            best = cycles[i] < cycles[best] ? i : best;
        if (count > 0 && !(cycles[best] <= 2 * last))
            break;
        last = count == 0 ? cycles[best] : last;
        cycles[best] = INFINITY;
        out[count++] = (product_candidate){&gr_product_gpu, &all_tiles[best]};
    }
    return count;
}

static void gpu_name(const void *tiles, char name[PRODUCT_NAME])
{
    const gpu_tiles *t = tiles;
    snprintf(name, PRODUCT_NAME, "own gpu %zux%zux%zu %zux%zu", t->m, t->n, t->k, t->item_m, t->item_n);
}

/* ---- Launches ---- */

static gradus_status build(gradus_device *device, const product_shape *shape, const gpu_tiles *t, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const bool forward = shape->kind == PRODUCT_FORWARD, summed = shape->kind == PRODUCT_WEIGHT_GRADIENT;
    const bool bytes = shape->pixels && forward, vectors = loads_vectors(shape, t);
    const gpu_model model = gr_gpu_model_of(device);
    char *options = NULL, wave[GPU_OPTIONS_SIZE];
    gr_gpu_wave_options(&model, registers_of(&model, shape, t), wave);
    TRY(gr_format_text(&options,
                       "-D TILE_M=%zu -D TILE_N=%zu -D TILE_K=%zu -D ITEM_M=%zu -D ITEM_N=%zu -D A_TRANSPOSED=%d "
                       "-D B_TRANSPOSED=%d -D A_BYTES=%d -D A_VECTORS=%d -D B_BYTES=%d%s",
                       t->m, t->n, t->k, t->item_m, t->item_n, summed, forward, bytes, vectors,
                       shape->pixels && summed, wave));
    TRY(gr_program_share(device, "product/product_gpu.cl", options, out));
cleanup:
    free(options);
    return status;
}

/* The shape for the kernel that finishes the sums. */
static product_gpu_shape whole_shape(const own_product *p, depth_split split, const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const product_extents e = gr_product_extents(shape);
    return (product_gpu_shape){
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

static gradus_status create_main(own_product *p, cl_program program, const gpu_tiles *t, depth_split split,
                                 const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const bool forward = shape->kind == PRODUCT_FORWARD, parts = has_parts(shape, split);
    const cl_mem a = forward ? buffers->samples : buffers->outputs;
    const cl_mem b = shape->kind == PRODUCT_WEIGHT_GRADIENT ? buffers->samples : buffers->parameters;
    const cl_mem c = parts ? buffers->scratch : result_of(shape, buffers);
    const product_samples all = {0, (u32)shape->samples, 0};
    const size_t group = group_size(t);
    product_gpu_shape extents = whole_shape(p, split, buffers);
    if (parts) {
        extents.epilogue = 0;
        extents.factor = 1;
    }
    return gr_launch_create_in(program, "product_gpu", count_tiles(shape, t) * split.splits * group, group,
                               ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(a), ARGUMENT(b),
                                         ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
                               p->main);
}

static gradus_status create_join(own_product *p, cl_program program, depth_split split, const product_buffers *buffers)
{
    const product_shape *shape = &p->base.shape;
    const product_samples all = {0, (u32)shape->samples, 0};
    const product_gpu_shape extents = whole_shape(p, split, buffers);
    const cl_uint splits = (cl_uint)split.splits;
    const cl_mem c = result_of(shape, buffers);
    p->join = &p->steps[1];
    return gr_launch_create_in(
        program, "product_join", gr_round_up((size_t)extents.m * extents.n, SUM_GROUP), SUM_GROUP,
        ARGUMENTS(ARGUMENT(all), ARGUMENT(extents), ARGUMENT(splits), ARGUMENT(buffers->scratch),
                  ARGUMENT(buffers->parameters), ARGUMENT(buffers->samples), ARGUMENT(c)),
        p->join);
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
    else if (has_parts(&base->shape, split))
        TRY(create_join(p, program, split, buffers));
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
