/* SPDX-License-Identifier: Apache-2.0 */
/* Products by product_gpu.cl, for GPUs. */
#include "device/gpu_model.h"
#include "engine/product/tiled_product.h"

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
static_assert(TILES <= GPU_CANDIDATES, "all tiles fit a list of candidates");

/* See registers_of(). Iris Xe, which cannot have more than 128, keeps sums in memory if fewer are to spare. */
#define OTHER_REGISTERS 32
#define WIDE_OTHER_REGISTERS 40
#define WIDE_LOAD_REGISTERS 4 /* a value, its address, whether it exists */
#define SPARE_REGISTERS 16

/* ---- Sizes ---- */

static size_t group_size(const gpu_tiles *t)
{
    return t->m / t->item_m * (t->n / t->item_n);
}

static product_tile tile_of(const gpu_tiles *t)
{
    return (product_tile){t->m, t->n, t->k, group_size(t)};
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

static gradus_status gpu_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                      size_t *bytes)
{
    const product_tile tile = tile_of(tiles);
    return gr_tiled_scratch_size(device, shape, &tile, bytes);
}

/* ---- Candidates ---- */

/* Estimated cycles of a product, by those of TILE_K of the depth in a work-group. */
static double estimate(const gradus_device *device, const product_shape *shape, const gpu_tiles *t)
{
    const product_tile tile = tile_of(t);
    const double sums = (double)(t->m * t->n);
    const double local = sums * (1 / (double)t->item_m + 1 / (double)t->item_n) / UNIT_LOCAL_FLOATS;
    const double global = (double)(t->m + t->n) * sizeof(cl_float) / UNIT_GLOBAL_BYTES;
    return gr_tiled_cycles(device, shape, &tile, (double)t->k * (sums / UNIT_LANES + local + global));
}

static size_t gpu_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                             product_candidate *out)
{
    const gpu_model model = gr_gpu_model_of(device);
    double cycles[TILES];
    for (size_t i = 0; i < TILES; i++)
        cycles[i] = fits(&model, shape, &all_tiles[i]) ? estimate(device, shape, &all_tiles[i]) : INFINITY;
    return gr_tiled_candidates(&gr_product_gpu, all_tiles, sizeof *all_tiles, TILES, cycles,
                               gr_tiled_candidates_most(effort, TILES), out);
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

static gradus_status gpu_create(gradus_device *device, const product *base, const void *tiles,
                                const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    const product_tile tile = tile_of(tiles);
    cl_program program = NULL;
    TRY(build(device, &base->shape, tiles, &program));
    TRY(gr_tiled_create(device, base, &tile, program, "product_gpu", buffers, out));
cleanup:
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
