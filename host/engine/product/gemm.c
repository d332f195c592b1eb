/* SPDX-License-Identifier: Apache-2.0 */
/* The candidates of a product, and what they have in common. */
#include "engine/product/gemm.h"
#include "core/memory.h"

#include <stdio.h>

#define PIXEL_FACTOR (1.0f / 255)

gemm_extents gr_gemm_extents(const gemm_shape *shape)
{
    switch (shape->kind) {
    case GEMM_FORWARD:
        return (gemm_extents){shape->samples, shape->outputs, shape->inputs};
    case GEMM_WEIGHT_GRADIENT:
        return (gemm_extents){shape->outputs, shape->inputs, shape->samples};
    default:
        return (gemm_extents){shape->samples, shape->inputs, shape->outputs};
    }
}

gemm_shape gr_gemm_layer_shape(const gradus_network *network, size_t layer, gemm_kind kind, size_t samples)
{
    const bool relu = kind == GEMM_FORWARD ? layer + 1 < network->layers : kind == GEMM_INPUT_GRADIENT;
    const bool pixels = layer == 0 && !network->floats;
    return (gemm_shape){kind, network->sizes[layer + 1], network->sizes[layer], samples, pixels, relu};
}

/* ---- Candidates ---- */

/* Rows x vectors of sums, and what they are made of, fill 16 registers (6 x 2, 4 x 3) or 32. The first is the default of
 * devices with vectors of 8, the second of 16. */
static const gemm_candidate cpu_candidates[] = {
    {GEMM_CPU, 96, 0, 256, 6, 2}, {GEMM_CPU, 96, 0, 256, 12, 2}, {GEMM_CPU, 192, 0, 256, 6, 2},
    {GEMM_CPU, 96, 0, 128, 6, 2}, {GEMM_CPU, 192, 0, 128, 6, 2}, {GEMM_CPU, 48, 0, 512, 6, 2},
    {GEMM_CPU, 96, 0, 256, 4, 3}, {GEMM_CPU, 96, 0, 256, 12, 1}, {GEMM_CPU, 96, 0, 256, 8, 1},
    {GEMM_CPU, 96, 0, 256, 5, 2}, {GEMM_CPU, 96, 0, 512, 6, 2},  {GEMM_CPU, 192, 0, 256, 12, 2},
};

/* From large to small: the larger a tile, the fewer bytes a multiplication needs. */
static const gemm_candidate gpu_candidates[] = {
    {GEMM_GPU, 128, 64, 16, 8, 4}, {GEMM_GPU, 128, 128, 8, 8, 8},  {GEMM_GPU, 64, 64, 16, 4, 4},
    {GEMM_GPU, 64, 128, 16, 8, 4}, {GEMM_GPU, 128, 128, 16, 8, 8}, {GEMM_GPU, 64, 64, 32, 4, 4},
    {GEMM_GPU, 128, 64, 16, 8, 8}, {GEMM_GPU, 64, 64, 16, 8, 4},   {GEMM_GPU, 128, 32, 16, 4, 4},
    {GEMM_GPU, 32, 128, 16, 4, 4}, {GEMM_GPU, 256, 32, 16, 8, 4},  {GEMM_GPU, 128, 16, 16, 4, 4},
    {GEMM_GPU, 16, 128, 16, 4, 4}, {GEMM_GPU, 256, 16, 16, 4, 4},  {GEMM_GPU, 16, 256, 16, 4, 4},
    {GEMM_GPU, 32, 32, 16, 4, 4},  {GEMM_GPU, 16, 16, 16, 4, 4},
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

#define QUICK_CANDIDATES 2

static size_t cpu_list(const gradus_device *device, gemm_effort effort, gemm_candidate *out)
{
    const size_t first = device->lanes == 16 ? 1 : 0;
    out[0] = cpu_candidates[first];
    if (effort != GEMM_THOROUGH)
        return 1;
    size_t count = 1;
    for (size_t i = 0; i < COUNT(cpu_candidates); i++)
        if (i != first)
            out[count++] = cpu_candidates[i];
    return count;
}

static size_t round_up(size_t a, size_t b)
{
    return gr_divide_up(a, b) * b;
}

/* Elements of C that are computed, with those that pad the tiles. */
static double padded_elements(const gemm_candidate *candidate, const gemm_extents *e)
{
    return (double)round_up(e->m, candidate->m) * (double)round_up(e->n, candidate->n);
}

/* Without those that compute much for nothing: more than half as much again as the best tile for this C. */
static size_t gpu_list(const gemm_shape *shape, gemm_effort effort, gemm_candidate *out)
{
    const gemm_extents e = gr_gemm_extents(shape);
    const size_t most = effort == GEMM_DEFAULT ? 1 : effort == GEMM_QUICK ? QUICK_CANDIDATES : GEMM_CANDIDATES;
    double least = padded_elements(&gpu_candidates[0], &e);
    size_t count = 0;
    for (size_t i = 1; i < COUNT(gpu_candidates); i++)
        least = least < padded_elements(&gpu_candidates[i], &e) ? least : padded_elements(&gpu_candidates[i], &e);
    for (size_t i = 0; i < COUNT(gpu_candidates) && count < most; i++)
        if (padded_elements(&gpu_candidates[i], &e) <= 1.5 * least)
            out[count++] = gpu_candidates[i];
    return count;
}

gemm_family gr_gemm_family(const gradus_device *device)
{
    return device->kernels == KERNELS_CPU ? GEMM_CPU : GEMM_GPU;
}

size_t gr_gemm_candidates(const gradus_device *device, gemm_family family, const gemm_shape *shape, gemm_effort effort,
                          gemm_candidate out[GEMM_CANDIDATES])
{
    return family == GEMM_CPU ? cpu_list(device, effort, out) : gpu_list(shape, effort, out);
}

void gr_gemm_name(const gemm_candidate *c, char name[GEMM_NAME])
{
    switch (c->family) {
    case GEMM_CLBLAST:
        snprintf(name, GEMM_NAME, "clblast");
        break;
    case GEMM_CPU:
        snprintf(name, GEMM_NAME, "own cpu %zux%zu %zux%zu", c->item_m, c->item_n, c->m, c->k);
        break;
    case GEMM_GPU:
        snprintf(name, GEMM_NAME, "own gpu %zux%zux%zu %zux%zu", c->m, c->n, c->k, c->item_m, c->item_n);
        break;
    }
}

bool gr_gemm_takes_bytes(const gemm_candidate *candidate)
{
    return candidate->family != GEMM_CLBLAST;
}

/* ---- Products ---- */

gradus_status gr_gemm_scratch_size(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                                   size_t *bytes)
{
    if (candidate->family == GEMM_CLBLAST)
        return gr_gemm_clblast_scratch_size(device, shape, bytes);
    *bytes = gr_gemm_own_scratch_size(device, shape, candidate);
    return GRADUS_OK;
}

gradus_status gr_gemm_create(gradus_device *device, const gemm_shape *shape, const gemm_candidate *candidate,
                             const gemm_buffers *buffers, cl_mem scratch, gemm *out)
{
    gradus_status status = GRADUS_OK;
    gemm product = {.shape = *shape, .candidate = *candidate, .buffers = *buffers, .scratch = scratch};
    product.pixel_factor = shape->pixels ? PIXEL_FACTOR : 1;
    product.by.scale = product.pixel_factor;
    if (candidate->family == GEMM_CLBLAST)
        TRY(gr_gemm_clblast_create(device, &product));
    else
        TRY(gr_gemm_own_create(device, &product));
    *out = product;
    product = (gemm){0};
cleanup:
    gr_gemm_destroy(&product);
    return status;
}

gradus_status gr_gemm_set_scale(gemm *product, scaled_sum by)
{
    product->by = (scaled_sum){by.scale * product->pixel_factor, by.accumulate};
    if (product->candidate.family == GEMM_CLBLAST)
        return GRADUS_OK;
    return gr_launch_vary(&product->after, sizeof product->by, &product->by);
}

gradus_status gr_gemm_set_samples(gemm *product, size_t first, size_t samples)
{
    if (product->candidate.family == GEMM_CLBLAST)
        return GRADUS_OK;
    return gr_gemm_own_set_samples(product, first, samples);
}

gradus_status gr_gemm_enqueue(gradus_device *device, const gemm *product)
{
    gradus_status status = GRADUS_OK;
    if (product->before.kernel != NULL)
        TRY(gr_launch_enqueue(device, &product->before));
    if (product->candidate.family == GEMM_CLBLAST)
        TRY(gr_gemm_clblast_enqueue(device, product));
    else
        TRY(gr_launch_enqueue(device, &product->main));
    if (product->after.kernel != NULL)
        TRY(gr_launch_enqueue(device, &product->after));
cleanup:
    return status;
}

void gr_gemm_destroy(gemm *product)
{
    gr_launch_destroy(&product->before);
    gr_launch_destroy(&product->main);
    gr_launch_destroy(&product->after);
}
