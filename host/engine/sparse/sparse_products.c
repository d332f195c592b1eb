/* SPDX-License-Identifier: Apache-2.0 */
/* The sparse products: sizes, kernels, launches. */
#include "engine/sparse/sparse_products.h"
#include "core/memory.h"

#include <stdlib.h>

/* On a GPU a vector has 4 units, and so many vectors are one line of memory. */
#define GPU_LANES 4
#define GPU_VECTORS 8

/* Samples of a tile on a GPU: all that 8 bits can number, for long lists. */
#define GPU_TILE 256

/* Work-items that keep a GPU's compute unit busy, of which so many per pixel and vector share the sum over samples. */
#define GPU_ITEMS 2048

/* More shares than cores in Z1, so that a core that is busy elsewhere holds up less. In dW1 a share needs memory. */
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
    const gradus_device *device = p->engine->device;
    const size_t units = p->engine->base.network.sizes[1], cores = device->info.compute_units;
    p->lanes = device->lanes;
    gr_divide_blocks(gr_divide_up(units, p->lanes), ELEMENT_VECTORS, &p->unit_block, &p->unit_blocks);
    TRY(gr_groups_measure_elements(p->engine->base.dataset, units, p->lanes, &p->shape));
    p->shares = minimum(cores, p->shape.tiles);
    p->forward_items = minimum(FORWARD_SHARES * cores, p->shape.tiles);
cleanup:
    return status;
}

static gradus_status measure_gpu(sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    const size_t units = p->engine->base.network.sizes[1];
    p->lanes = GPU_LANES;
    gr_divide_blocks(gr_divide_up(units, p->lanes), GPU_VECTORS, &p->unit_block, &p->unit_blocks);
    TRY(gr_groups_measure(p->engine->base.dataset, 1, GPU_TILE, SIZE_MAX, &p->shape));
    const size_t items = GPU_ITEMS * (size_t)p->engine->device->info.compute_units;
    p->shares = minimum(gr_divide_up(items * p->lanes, packed_floats(p)), p->shape.tiles);
cleanup:
    return status;
}

static size_t partial_bytes(const sparse_products *p)
{
    return p->shares * packed_floats(p) * sizeof(cl_float);
}

/* A tile's Z1 or dZ1 of one block of units, for each work-item; none on a GPU. */
static size_t scratch_bytes(const sparse_products *p)
{
    const size_t items = p->forward_items > p->shares ? p->forward_items : p->shares;
    return p->forward_items == 0 ? 0 : items * p->shape.tile * p->unit_block * p->lanes * sizeof(cl_float);
}

size_t gr_sparse_products_bytes(const sparse_products *p, size_t *largest)
{
    *largest = partial_bytes(p) > scratch_bytes(p) ? partial_bytes(p) : scratch_bytes(p);
    return packed_floats(p) * sizeof(cl_float) + partial_bytes(p) + scratch_bytes(p);
}

gradus_status gr_sparse_products_create(const device_engine *e, sparse_products **out)
{
    gradus_status status = GRADUS_OK;
    sparse_products *p = NULL;
    TRY(gr_allocate(1, &p));
    p->engine = e;
    TRY(e->device->kernels == KERNELS_CPU ? measure_cpu(p) : measure_gpu(p));
    *out = p;
    p = NULL;
cleanup:
    gr_sparse_products_destroy(p);
    return status;
}

/* ---- Kernels and launches ---- */

static gradus_status build_program(sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    const bool cpu = p->engine->device->kernels == KERNELS_CPU;
    const gradus_network *net = &p->engine->base.network;
    const gradus_device *device = p->engine->device;
    char *options = NULL;

    TRY(gr_format_text(&options,
                       "-D LANES=%zu -D TILE=%zu -D GROUPS=%zu -D BLOCKS=%zu -D UNIT_BLOCK=%zu -D UNIT_BLOCKS=%zu "
                       "-D UNITS=%zu -D RELU=%d",
                       p->lanes, p->shape.tile, p->shape.groups, p->shape.blocks, p->unit_block, p->unit_blocks,
                       net->sizes[1], net->layers > 1 && gr_engine_is_plain(&p->engine->base)));
    TRY(gr_program_build(device, cpu ? "sparse/sparse_cpu.cl" : "sparse/sparse_gpu.cl", options, &p->program));
cleanup:
    free(options);
    return status;
}

/* A launch with a work-item per element, in work-groups that suit a GPU. */
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
    if (p->engine->device->kernels == KERNELS_CPU)
        return gr_launch_create_in(p->program, kernel, shares, 1, arguments, argument_count, out);
    return plan_elements(p, kernel, vectors, arguments, argument_count, out);
}

static gradus_status plan_launches(sparse_products *p, cl_mem dz)
{
    gradus_status status = GRADUS_OK;
    const device_engine *e = p->engine;
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

gradus_status gr_sparse_products_plan(sparse_products *p, size_t slice, cl_mem z, cl_mem dz)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = p->engine->device;
    p->slice = slice;
    p->z = z;
    TRY(build_program(p));
    TRY(gr_buffer_create(device, packed_floats(p) * sizeof(cl_float), "packed weights", &p->packed));
    TRY(gr_buffer_create(device, partial_bytes(p), "shares of the weights' gradient", &p->partial));
    if (scratch_bytes(p) > 0)
        TRY(gr_buffer_create(device, scratch_bytes(p), "scratch", &p->scratch));
    TRY(gr_compressed_upload(device, p->engine->base.dataset, &p->shape, &p->x));
    TRY(plan_launches(p, dz));
cleanup:
    return status;
}

/* ---- At work ---- */

gradus_status gr_sparse_products_select(sparse_products *p, size_t first, size_t count)
{
    gradus_status status = GRADUS_OK;
    const sparse_samples samples = {(u32)first, (u32)count};
    TRY(gr_launch_vary(&p->sparse_forward, sizeof samples, &samples));
    TRY(gr_launch_vary(&p->sparse_weight_gradient, sizeof samples, &samples));
    if (count < p->slice)
        TRY(gr_buffer_clear(p->engine->device, p->z, p->slice * p->engine->base.network.sizes[1] * sizeof(cl_float)));
cleanup:
    return status;
}

gradus_status gr_sparse_products_set_mean(sparse_products *p, scaled_sum mean)
{
    const scaled_sum of_pixels = {mean.scale / 255, mean.accumulate};
    return gr_launch_vary(&p->sparse_add_shares, sizeof of_pixels, &of_pixels);
}

gradus_status gr_sparse_forward(const sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_launch_enqueue(p->engine->device, &p->sparse_pack_weights));
    TRY(gr_launch_enqueue(p->engine->device, &p->sparse_forward));
cleanup:
    return status;
}

gradus_status gr_sparse_weight_gradient(const sparse_products *p)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_launch_enqueue(p->engine->device, &p->sparse_weight_gradient));
    TRY(gr_launch_enqueue(p->engine->device, &p->sparse_add_shares));
cleanup:
    return status;
}

void gr_sparse_products_destroy(sparse_products *p)
{
    if (p == NULL)
        return;
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
