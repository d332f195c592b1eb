/* SPDX-License-Identifier: Apache-2.0 */
/* The first layer by sparse products: sizes, kernels, launches. */
#include "engine/sparse/sparse_products.h"
#include "core/memory.h"
#include "engine/compressed/compressed.h"

#include <stdlib.h>

#include "sparse/sparse_arguments.h"

typedef struct sparse_products {
    first_products base;
    size_t slice;                          /* S: samples that Z1 and dZ1 have room for */
    size_t lanes, unit_block, unit_blocks; /* of packed W1: vectors of units in blocks */
    size_t forward_items;                  /* work-items of sparse_forward, on a CPU */
    size_t shares;                         /* of the sum over samples, added up at the end */
    group_shape shape;
    compressed x;
    cl_mem packed;  /* W1, packed (F x padded H) */
    cl_mem partial; /* packed dW1 of each share (F x padded H x shares) */
    cl_mem scratch; /* memory of each work-item on a CPU; NULL on a GPU */
    cl_mem z;       /* (H x S), owned by the engine */
    cl_program program;
    launch sparse_pack_weights, sparse_forward, sparse_weight_gradient, sparse_add_shares;
    sparse_samples samples; /* of the current slice; none before the first slice */
} sparse_products;

/* On a GPU a vector has 4 units, and this number of vectors is one line of memory. */
#define GPU_LANES 4
#define GPU_VECTORS 8

/* Samples of a tile on a GPU: as many as the indices allow, for long lists. */
#define GPU_TILE TILE_SAMPLES_MAX

/* Work-items that keep a GPU's compute unit busy. From this follows how many per pixel and vector share the sum over
 * samples. */
#define GPU_ITEMS 2048

/* More shares than cores in Z1, so that a core that is busy with other work delays less. In dW1 a share needs
 * memory. */
#define FORWARD_SHARES 4

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t packed_floats(const sparse_products *p)
{
    return p->unit_blocks * p->unit_block * p->lanes * p->shape.groups;
}

/* ---- Sizes ---- */

static gradus_status measure_cpu(sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    const gradus_device *device = p->base.engine->device;
    const size_t units = p->base.engine->base.network.sizes[1], cores = device->info.compute_units;
    p->lanes = device->lanes;
    const unit_blocks division = gr_element_units(units, p->lanes);
    p->unit_block = division.block;
    p->unit_blocks = division.blocks;
    TRY(gr_groups_measure_elements(p->base.engine->base.dataset, units, p->lanes, &p->shape));
    p->shares = minimum(cores, p->shape.tiles);
    p->forward_items = minimum(FORWARD_SHARES * cores, p->shape.tiles);
cleanup:
    return status;
}

static gradus_status measure_gpu(sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    const size_t units = p->base.engine->base.network.sizes[1];
    p->lanes = GPU_LANES;
    gr_divide_blocks(gr_divide_up(units, p->lanes), GPU_VECTORS, &p->unit_block, &p->unit_blocks);
    TRY(gr_groups_measure(p->base.engine->base.dataset, 1, GPU_TILE, SIZE_MAX, &p->shape));
    const size_t items = GPU_ITEMS * (size_t)p->base.engine->device->info.compute_units;
    p->shares = minimum(gr_divide_up(items * p->lanes, packed_floats(p)), p->shape.tiles);
cleanup:
    return status;
}

static size_t partial_bytes(const sparse_products *p)
{
    return p->shares * packed_floats(p) * sizeof(cl_float);
}

/* Bytes of a tile's Z1 or dZ1 of one block of units, for each work-item; 0 on a GPU. */
static size_t scratch_bytes(const sparse_products *p)
{
    const size_t items = p->forward_items > p->shares ? p->forward_items : p->shares;
    return p->forward_items == 0 ? 0 : items * p->shape.tile * p->unit_block * p->lanes * sizeof(cl_float);
}

static gradus_status sparse_measure(first_products *base, size_t slice, first_products_sizes *out)
{
    const sparse_products *p = (const sparse_products *)base;
    const size_t partial = partial_bytes(p), scratch = scratch_bytes(p);
    (void)slice;
    *out = (first_products_sizes){.rest = packed_floats(p) * sizeof(cl_float) + partial + scratch,
                                  .largest_rest = partial > scratch ? partial : scratch};
    out->x = gr_compressed_bytes(&p->shape, &out->largest_x);
    return GRADUS_OK;
}

static void sparse_destroy(first_products *base)
{
    sparse_products *p = (sparse_products *)base;
    gr_launch_destroy(&p->sparse_pack_weights);
    gr_launch_destroy(&p->sparse_forward);
    gr_launch_destroy(&p->sparse_weight_gradient);
    gr_launch_destroy(&p->sparse_add_shares);
    gr_compressed_release(&p->x);
    gr_buffer_release(&p->packed);
    gr_buffer_release(&p->partial);
    gr_buffer_release(&p->scratch);
    gr_program_release(&p->program);
    free(p);
}

/* ARGUMENT if X has too many entries for the indices. */
static gradus_status sparse_create(const device_engine *e, size_t most_samples, first_products **out)
{
    gradus_status status = GRADUS_OK;
    sparse_products *p = NULL;
    (void)most_samples;
    TRY(gr_allocate(1, &p));
    p->base = (first_products){&gr_sparse_products, e, ""};
    TRY(e->device->kernels == KERNELS_CPU ? measure_cpu(p) : measure_gpu(p));
    *out = &p->base;
    p = NULL;
cleanup:
    if (p != NULL)
        sparse_destroy(&p->base);
    return status;
}

/* ---- Kernels and launches ---- */

static gradus_status build_program(sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    const bool cpu = p->base.engine->device->kernels == KERNELS_CPU;
    const gradus_network *net = &p->base.engine->base.network;
    const gradus_device *device = p->base.engine->device;
    char *options = NULL;

    TRY(gr_format_text(&options,
                       "-D LANES=%zu -D TILE=%zu -D GROUPS=%zu -D BLOCKS=%zu -D UNIT_BLOCK=%zu -D UNIT_BLOCKS=%zu "
                       "-D UNITS=%zu -D RELU=%d",
                       p->lanes, p->shape.tile, p->shape.groups, p->shape.blocks, p->unit_block, p->unit_blocks,
                       net->sizes[1], net->layers > 1 && gr_engine_is_plain(&p->base.engine->base)));
    TRY(gr_program_build(device, cpu ? "sparse/sparse_cpu.cl" : "sparse/sparse_gpu.cl", options, &p->program));
cleanup:
    free(options);
    return status;
}

/* A launch with a work-item per element, in work-groups for a GPU. */
static gradus_status plan_elements(sparse_products *p, const char *kernel, size_t items,
                                   const kernel_argument *arguments, size_t argument_count, launch *out)
{
    const size_t local = 64;
    return gr_launch_create_in(p->program, kernel, gr_divide_up(items, local) * local, local, arguments,
                               argument_count, out);
}

/* A launch with a work-item per share on a CPU, per vector on a GPU. */
static gradus_status plan_product(sparse_products *p, const char *kernel, size_t shares, size_t vectors,
                                  const kernel_argument *arguments, size_t argument_count, launch *out)
{
    if (p->base.engine->device->kernels == KERNELS_CPU)
        return gr_launch_create_in(p->program, kernel, shares, 1, arguments, argument_count, out);
    return plan_elements(p, kernel, vectors, arguments, argument_count, out);
}

static gradus_status plan_launches(sparse_products *p, cl_mem dz)
{
    gradus_status status = GRADUS_OK;
    const device_engine *e = p->base.engine;
    const cl_ulong weights = e->base.layout.weights[0], bias = e->base.layout.bias[0];
    const sparse_samples all = {0, (u32)p->slice};
    const scaled_sum plain = {1.0f / 255, 0};
    const cl_uint shares = (cl_uint)p->shares;
    const size_t vectors = p->unit_blocks * p->unit_block;

    TRY(plan_elements(p, "sparse_pack_weights", packed_floats(p),
                      ARGUMENTS(ARGUMENT(e->parameters), ARGUMENT(weights), ARGUMENT(p->packed)),
                      &p->sparse_pack_weights));
    TRY(plan_product(p, "sparse_forward", p->forward_items, vectors * p->slice,
                     ARGUMENTS(ARGUMENT(all), ARGUMENT(p->x.values), ARGUMENT(p->x.places),
                               ARGUMENT(p->x.sample_offsets), ARGUMENT(p->packed), ARGUMENT(e->parameters),
                               ARGUMENT(bias), ARGUMENT(p->scratch), ARGUMENT(p->z)),
                     &p->sparse_forward));
    TRY(plan_product(p, "sparse_weight_gradient", p->shares, p->shares * packed_floats(p) / p->lanes,
                     ARGUMENTS(ARGUMENT(all), ARGUMENT(p->x.lists), ARGUMENT(p->x.list_offsets), ARGUMENT(dz),
                               ARGUMENT(p->scratch), ARGUMENT(p->partial), ARGUMENT(shares)),
                     &p->sparse_weight_gradient));
    TRY(plan_elements(
        p, "sparse_add_shares", packed_floats(p),
        ARGUMENTS(ARGUMENT(plain), ARGUMENT(p->partial), ARGUMENT(e->gradient), ARGUMENT(weights), ARGUMENT(shares)),
        &p->sparse_add_shares));
cleanup:
    return status;
}

static gradus_status sparse_plan(first_products *base, size_t slice, const first_products_buffers *buffers)
{
    gradus_status status = GRADUS_OK;
    sparse_products *p = (sparse_products *)base;
    gradus_device *device = base->engine->device;
    p->slice = slice;
    p->z = buffers->z;
    TRY(build_program(p));
    TRY(gr_buffer_create(device, packed_floats(p) * sizeof(cl_float), "packed weights", &p->packed));
    TRY(gr_buffer_create(device, partial_bytes(p), "shares of the weights' gradient", &p->partial));
    if (scratch_bytes(p) > 0)
        TRY(gr_buffer_create(device, scratch_bytes(p), "scratch", &p->scratch));
    TRY(gr_compressed_upload(device, base->engine->base.dataset, &p->shape, &p->x));
    TRY(plan_launches(p, buffers->dz));
cleanup:
    return status;
}

/* ---- Computing ---- */

/* The other columns of Z1 become zero. */
static gradus_status sparse_select(first_products *base, const slice_samples *slice)
{
    gradus_status status = GRADUS_OK;
    sparse_products *p = (sparse_products *)base;
    const sparse_samples samples = {(u32)slice->first, (u32)slice->count};
    if (p->samples.first == samples.first && p->samples.count == samples.count)
        return GRADUS_OK;
    TRY(gr_launch_vary(&p->sparse_forward, sizeof samples, &samples));
    TRY(gr_launch_vary(&p->sparse_weight_gradient, sizeof samples, &samples));
    if (slice->count < p->slice)
        TRY(gr_buffer_clear(base->engine->device, p->z,
                            p->slice * base->engine->base.network.sizes[1] * sizeof(cl_float)));
    p->samples = samples;
cleanup:
    return status;
}

static gradus_status sparse_set_mean(first_products *base, scaled_sum mean)
{
    const scaled_sum of_pixels = {mean.scale / 255, mean.accumulate};
    return gr_launch_vary(&((sparse_products *)base)->sparse_add_shares, sizeof of_pixels, &of_pixels);
}

static gradus_status sparse_forward(const first_products *base)
{
    gradus_status status = GRADUS_OK;
    const sparse_products *p = (const sparse_products *)base;
    TRY(gr_launch_enqueue(base->engine->device, &p->sparse_pack_weights));
    TRY(gr_launch_enqueue(base->engine->device, &p->sparse_forward));
cleanup:
    return status;
}

static gradus_status sparse_weight_gradient(const first_products *base)
{
    gradus_status status = GRADUS_OK;
    const sparse_products *p = (const sparse_products *)base;
    TRY(gr_launch_enqueue(base->engine->device, &p->sparse_weight_gradient));
    TRY(gr_launch_enqueue(base->engine->device, &p->sparse_add_shares));
cleanup:
    return status;
}

static size_t sparse_describe(const first_products *base, char *text, size_t size)
{
    (void)base, (void)text, (void)size;
    return 0;
}

const first_products_type gr_sparse_products = {
    .create = sparse_create,
    .measure = sparse_measure,
    .plan = sparse_plan,
    .set_mean = sparse_set_mean,
    .select = sparse_select,
    .forward = sparse_forward,
    .weight_gradient = sparse_weight_gradient,
    .describe = sparse_describe,
    .destroy = sparse_destroy,
};
