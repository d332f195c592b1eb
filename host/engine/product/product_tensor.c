/* SPDX-License-Identifier: Apache-2.0 */
/* Products by product_tensor.cl, on the tensor cores of NVIDIA's GPUs. */
#include "engine/product/tiled_product.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The kernel's TILE_ and WAVE_ constants. */
typedef struct tensor_tiles {
    size_t m, n;           /* a work-group's tile of C */
    size_t wave_m, wave_n; /* a wave's part of it */
} tensor_tiles;

#define WAVE 32

/* In the order in which equals are tried. All work-groups have four waves, two of which fit on a multiprocessor even if
 * the compiler takes all registers that a work-item can have. */
static const tensor_tiles all_tiles[] = {
    {TENSOR_TILE_M, TENSOR_TILE_N, TENSOR_WAVE_M, TENSOR_WAVE_N},
    {64, 128, 32, 64},
    {64, 64, 32, 32},
    {64, 32, 32, 16},
    {32, 64, 16, 32},
    {32, 32, 16, 16},
};
#define TILES (sizeof all_tiles / sizeof *all_tiles)
static_assert(TILES <= TENSOR_CANDIDATES, "all tiles fit a list of candidates");

/* A wave's largest part of C if both operands are floats: more sums than these and six parts do not fit into registers. */
#define FLOATS_SUMS 1024

static bool has_bytes(const product_shape *shape)
{
    return shape->pixels && shape->kind != PRODUCT_INPUT_GRADIENT;
}

static product_tile tile_of(const tensor_tiles *t)
{
    return (product_tile){t->m, t->n, TENSOR_K, t->m / t->wave_m * (t->n / t->wave_n) * WAVE};
}

static gradus_status tensor_scratch_size(gradus_device *device, const product_shape *shape, const void *tiles,
                                         size_t *bytes)
{
    const product_tile tile = tile_of(tiles);
    return gr_tiled_scratch_size(device, shape, &tile, bytes);
}

/* ---- Candidates ---- */

/* A compute unit's rates, and operations of a number that is stored: for the order of the candidates, as those of
 * tiled_product.h. */
#define UNIT_TENSOR_PRODUCTS 1024.0 /* multiply-adds of bf16 in a cycle */
#define FLOAT_OPERATIONS 8.0
#define BYTE_OPERATIONS 3.0

/* Estimated cycles of a product, by those of TENSOR_K of the depth in a work-group. */
static double estimate(const gradus_device *device, const product_shape *shape, const tensor_tiles *t)
{
    const product_tile tile = tile_of(t);
    const bool bytes = has_bytes(shape), a_bytes = bytes && shape->kind == PRODUCT_FORWARD,
               b_bytes = bytes && !a_bytes;
    const double m = (double)t->m, n = (double)t->n, waves = (double)tile.group / WAVE;
    const double a_parts = a_bytes ? 1 : 3, b_parts = b_bytes ? 1 : 3, k = TENSOR_K;
    const double products = m * n * k * (bytes ? 3 : 6) / UNIT_TENSOR_PRODUCTS;
    const double operations = (2 * m * n + k * (m * (a_bytes ? BYTE_OPERATIONS : FLOAT_OPERATIONS) +
                                                n * (b_bytes ? BYTE_OPERATIONS : FLOAT_OPERATIONS))) /
                              UNIT_LANES;
    const double local =
        waves * k / 2 * ((double)t->wave_m * a_parts + (double)t->wave_n * b_parts) / UNIT_LOCAL_FLOATS;
    const double global = k * (m * (a_bytes ? 1 : 4) + n * (b_bytes ? 1 : 4)) / UNIT_GLOBAL_BYTES;
    return gr_tiled_cycles(device, shape, &tile, fmax(products, operations + local) + global);
}

/* Offsets in a tile have 32 bits in the kernel. */
#define EXTENT_MOST ((size_t)1 << 24)

static bool fits(const product_shape *shape, const tensor_tiles *t)
{
    return (has_bytes(shape) || t->wave_m * t->wave_n <= FLOATS_SUMS) && shape->inputs <= EXTENT_MOST &&
           shape->outputs <= EXTENT_MOST;
}

/* None without tensor cores. */
static size_t tensor_candidates(const gradus_device *device, const product_shape *shape, product_effort effort,
                                product_candidate *out)
{
    double cycles[TILES];
    if (device->tensor == TENSOR_NONE)
        return 0;
    for (size_t i = 0; i < TILES; i++)
        cycles[i] = fits(shape, &all_tiles[i]) ? estimate(device, shape, &all_tiles[i]) : INFINITY;
    return gr_tiled_candidates(&gr_product_tensor, all_tiles, sizeof *all_tiles, TILES, cycles,
                               gr_tiled_candidates_most(effort, TILES), out);
}

static void tensor_name(const void *tiles, char name[PRODUCT_NAME])
{
    const tensor_tiles *t = tiles;
    snprintf(name, PRODUCT_NAME, "own tensor %zux%zux%d %zux%zu", t->m, t->n, TENSOR_K, t->wave_m, t->wave_n);
}

/* ---- Products ---- */

/* PoCL 3.1 optimises kernels with that many barriers wrongly. */
#define EMULATION " -D MMA_EMULATED -cl-opt-disable"

/* Whether the operands can be loaded in vectors, which begin at multiples of their length. */
typedef struct operand_vectors {
    bool a, b;
} operand_vectors;

static operand_vectors find_vectors(const product_shape *shape, size_t weights_at)
{
    const size_t o = shape->outputs, i = shape->inputs;
    switch (shape->kind) {
    case PRODUCT_FORWARD:
        return (operand_vectors){i % (shape->pixels ? 8 : 4) == 0, i % 4 == 0 && weights_at % 4 == 0};
    case PRODUCT_WEIGHT_GRADIENT:
        return (operand_vectors){o % 2 == 0, i % 2 == 0};
    default:
        return (operand_vectors){o % 4 == 0, i % 2 == 0 && weights_at % 2 == 0};
    }
}

static gradus_status build(gradus_device *device, const product_shape *shape, const tensor_tiles *t, size_t weights_at,
                           cl_program *out)
{
    gradus_status status = GRADUS_OK;
    const bool forward = shape->kind == PRODUCT_FORWARD, summed = shape->kind == PRODUCT_WEIGHT_GRADIENT;
    const operand_vectors vectors = find_vectors(shape, weights_at);
    char *options = NULL;
    TRY(gr_format_text(&options,
                       "-D TILE_M=%zu -D TILE_N=%zu -D WAVE_M=%zu -D WAVE_N=%zu -D A_TRANSPOSED=%d -D B_TRANSPOSED=%d "
                       "-D A_BYTES=%d -D A_VECTORS=%d -D B_BYTES=%d -D B_VECTORS=%d%s",
                       t->m, t->n, t->wave_m, t->wave_n, summed, forward, shape->pixels && forward, vectors.a,
                       shape->pixels && summed, vectors.b, device->emulates_tensor ? EMULATION : ""));
    TRY(gr_program_share(device, "product/product_tensor.cl", options, out));
cleanup:
    free(options);
    return status;
}

static gradus_status tensor_create(gradus_device *device, const product *base, const void *tiles,
                                   const product_buffers *buffers, product **out)
{
    gradus_status status = GRADUS_OK;
    const product_tile tile = tile_of(tiles);
    cl_program program = NULL;
    TRY(build(device, &base->shape, tiles, buffers->weights_at, &program));
    TRY(gr_tiled_create(device, base, &tile, program, "product_tensor", buffers, out));
cleanup:
    return status;
}

/* ---- The proof ---- */

/* A product with several tiles, each with something missing; the factors need all 24 bits. */
#define PROOF_SAMPLES 70
#define PROOF_INPUTS 45
#define PROOF_OUTPUTS 67

typedef struct proof {
    float x[PROOF_SAMPLES][PROOF_INPUTS];
    struct {
        float w[PROOF_OUTPUTS][PROOF_INPUTS], b[PROOF_OUTPUTS];
    } parameters;
    float z[PROOF_SAMPLES][PROOF_OUTPUTS];
} proof;

static void fill(float *values, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(i * step % 997) / 331 - 1;
}

static bool is_right(const proof *p)
{
    for (size_t s = 0; s < PROOF_SAMPLES; s++)
        for (size_t o = 0; o < PROOF_OUTPUTS; o++) {
            double sum = (double)p->parameters.b[o], size = fabs(sum);
            for (size_t i = 0; i < PROOF_INPUTS; i++) {
                const double term = (double)p->x[s][i] * (double)p->parameters.w[o][i];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs((double)p->z[s][o] - sum) <= 4 * (double)FLT_EPSILON * size))
                return false;
        }
    return true;
}

static gradus_status compute(gradus_device *device, proof *p)
{
    gradus_status status = GRADUS_OK;
    const product_shape shape = {PRODUCT_FORWARD, PROOF_OUTPUTS, PROOF_INPUTS, PROOF_SAMPLES, false, false};
    product_buffers buffers = {.bias_at = PROOF_OUTPUTS * PROOF_INPUTS};
    const char *const what = "the proof of tensor cores";
    product_candidate candidate;
    product *made = NULL;
    size_t scratch = 0;

    (void)tensor_candidates(device, &shape, EFFORT_DEFAULT, &candidate);
    TRY(gr_buffer_create(device, sizeof p->x, what, &buffers.samples));
    TRY(gr_buffer_create(device, sizeof p->parameters, what, &buffers.parameters));
    TRY(gr_buffer_create(device, sizeof p->z, what, &buffers.outputs));
    TRY(gr_product_scratch_size(device, &shape, &candidate, &scratch));
    if (scratch > 0)
        TRY(gr_buffer_create(device, scratch, what, &buffers.scratch));
    TRY(gr_buffer_write(device, buffers.samples, 0, sizeof p->x, p->x));
    TRY(gr_buffer_write(device, buffers.parameters, 0, sizeof p->parameters, &p->parameters));
    TRY(gr_product_create(device, &shape, &candidate, &buffers, &made));
    TRY(gr_product_enqueue(device, made));
    TRY(gr_buffer_read(device, buffers.outputs, 0, sizeof p->z, p->z));
cleanup:
    gr_product_destroy(made);
    gr_buffer_release(&buffers.samples);
    gr_buffer_release(&buffers.parameters);
    gr_buffer_release(&buffers.outputs);
    gr_buffer_release(&buffers.scratch);
    return status;
}

/* A compiler that does not take the kernel, or an instruction that does something else, ends the use of tensor cores. */
static gradus_status tensor_prove(gradus_device *device, bool *works)
{
    gradus_status status = GRADUS_OK;
    proof *p = NULL;
    if (device->tensor == TENSOR_UNPROVEN) {
        TRY(gr_allocate(1, &p));
        fill(&p->x[0][0], sizeof p->x / sizeof(float), 17);
        fill(&p->parameters.w[0][0], sizeof p->parameters / sizeof(float), 31);
        status = compute(device, p);
        device->tensor = status == GRADUS_OK && is_right(p) ? TENSOR_PROVEN : TENSOR_NONE;
        if (status == GRADUS_ERROR_DEVICE)
            status = GRADUS_OK;
    }
    *works = device->tensor == TENSOR_PROVEN;
cleanup:
    free(p);
    return status;
}

const product_family gr_product_tensor = {
    .takes_bytes = true,
    .candidates = tensor_candidates,
    .prove = tensor_prove,
    .name = tensor_name,
    .scratch_size = tensor_scratch_size,
    .create = tensor_create,
    .set_scale = gr_own_product_set_scale,
    .set_samples = gr_own_product_set_samples,
    .enqueue = gr_own_product_enqueue,
    .destroy = gr_own_product_destroy,
};
