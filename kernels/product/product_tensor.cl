// SPDX-License-Identifier: Apache-2.0
// Products on NVIDIA's tensor cores, C (M x N) = op(A) op(B), as accurate as those of product_gpu.cl, whose arguments and
// NDRange they have; work-groups of GROUP.
//
// The tensor cores multiply bf16 numbers, with 8 bits, exactly. A byte is one; a float, with 24 bits, is the sum of three,
// each the nearest to what the larger ones leave. So a byte times a float is three products, and a float times a float is
// nine, of which the three below 2^-24 are left out.
//
// They add less exactly: whatever is below the largest term's last bit is cut off, as are the sums, always towards zero.
// See Note [sums on tensor cores] in docs/engines.md. So they add only TENSOR_K terms, and the largest products apart from
// the others, which are 2^-8 of them or less; what is cut off from these does not matter. All longer sums are floats in
// registers, added and rounded as usual.
//
// A work-group computes a tile of TILE_M x TILE_N, and each of its waves one of WAVE_M x WAVE_N of it, TENSOR_K of the
// depth at a time: both operands' tiles are stored in local memory (tensor_operand.clh), while the next ones are already
// loaded into registers. Products may take the depths in any order, if A and B take the same: lane t of four reads the
// 8 numbers of chunk t of a row at once, and they are its numbers in two mma_bf16.
//
// Infinity: a row or column with one becomes NaN, as infinity - infinity is in the sum of its parts; so do numbers above
// 2^128 (1 - 2^-9), which are rounded to infinity. NaN remains NaN. Of numbers below 2^-109, what is below 2^-133 is lost.

#include "common/work_group.clh"
#include "product/product_tiles.clh"

#ifndef TILE_M
#define TILE_M TENSOR_TILE_M
#define TILE_N TENSOR_TILE_N
#define WAVE_M TENSOR_WAVE_M
#define WAVE_N TENSOR_WAVE_N
#endif
#ifndef A_TRANSPOSED
#define A_TRANSPOSED 0
#define B_TRANSPOSED 0
#define A_BYTES 0
#define A_VECTORS 0
#define B_BYTES 0
#define B_VECTORS 0
#endif

#define WAVES_N (TILE_N / WAVE_N)
#define GROUP (TILE_M / WAVE_M * WAVES_N * MMA_WAVE)
#define CHUNKS (TENSOR_K / TENSOR_CHUNK)
#define FLOAT_PARTS 3
#define A_PARTS (A_BYTES ? 1 : FLOAT_PARTS)
#define B_PARTS (B_BYTES ? 1 : FLOAT_PARTS)

// Blocks of C that an mma_bf16 computes.
#define BLOCK_M 16
#define BLOCK_N 8
#define BLOCKS_M (WAVE_M / BLOCK_M)
#define BLOCKS_N (WAVE_N / BLOCK_N)

#include "product/mma_bf16.clh"

// ---- Parts of numbers ----

// convert_float(byte), by an addition: 2^23 + byte has it in its last bits. GPUs convert slowly.
static float byte_value(uchar byte)
{
    return as_float(0x4b000000u | byte) - 0x1p23f;
}

// The bf16 numbers `first` and `second`, floats whose lower halves are ignored, in a word.
static uint pair_of(float first, float second)
{
    return as_uint(first) >> 16 | (as_uint(second) & 0xffff0000);
}

// The bf16 numbers that are nearest to a chunk's floats, which are reduced to what is left. The last part is not
// rounded: it has no more than 8 bits, and the rounding would turn a NaN with all bits set into zero.
static uint4 take_part(float rest[TENSOR_CHUNK], bool is_last)
{
    float part[TENSOR_CHUNK];
#pragma unroll
    for (uint j = 0; j < TENSOR_CHUNK; j++) {
        part[j] = as_float((as_uint(rest[j]) + (is_last ? 0 : 0x8000)) & 0xffff0000);
        rest[j] -= part[j];
    }
    return (uint4)(pair_of(part[0], part[1]), pair_of(part[2], part[3]), pair_of(part[4], part[5]),
                   pair_of(part[6], part[7]));
}

// ---- Tiles in local memory ----

// A tile has, for each part and pair of neighbouring rows, 2 x CHUNKS uint4s. Those that are read or stored at the same
// time, by 8 neighbours, are in different banks.
static uint slot_of(uint pair, uint chunk, uint half_of_it)
{
    return pair * (2 * CHUNKS) + (chunk ^ pair / 2 % CHUNKS) + CHUNKS * (half_of_it ^ pair % 2);
}

// Of A, a uint4 has the first or the second half of both rows' chunks, in the order of mma_bf16.
static void a_store(local uint4 *tile, uint pair, uint chunk, uint4 upper, uint4 lower)
{
    tile[slot_of(pair, chunk, 0)] = (uint4)(upper.x, lower.x, upper.y, lower.y);
    tile[slot_of(pair, chunk, 1)] = (uint4)(upper.z, lower.z, upper.w, lower.w);
}

// Of B, it has one row's chunk.
static void b_store(local uint4 *tile, uint pair, uint chunk, uint4 upper, uint4 lower)
{
    tile[slot_of(pair, chunk, 0)] = upper;
    tile[slot_of(pair, chunk, 1)] = lower;
}

#define NAME_OF_(operand, name) operand##_##name
#define NAME_OF(operand, name) NAME_OF_(operand, name)

#define OPERAND a
#define EXTENT TILE_M
#define BYTES A_BYTES
#define ALONG_DEPTH (!A_TRANSPOSED)
#define VECTORS A_VECTORS
#include "product/tensor_operand.clh"

#define OPERAND b
#define EXTENT TILE_N
#define BYTES B_BYTES
#define ALONG_DEPTH B_TRANSPOSED
#define VECTORS B_VECTORS
#include "product/tensor_operand.clh"

// What a lane reads of 16 rows of A: rows 2 g and 2 g + 1 are those that mma_bf16 calls g and g + 8.
typedef struct a_block {
    uint4 part[A_PARTS][2];
} a_block;

static a_block a_read(local const uint4 *tile, uint row, uint g, uint t)
{
    a_block x;
#pragma unroll
    for (uint part = 0; part < A_PARTS; part++)
#pragma unroll
        for (uint i = 0; i < 2; i++)
            x.part[part][i] = tile[(part * TILE_M + row) * CHUNKS + slot_of(g, t, i)];
    return x;
}

// What it reads of 8 columns of B. Of 16 columns, those that mma_bf16 calls 2 t and 2 t + 1 are columns 4 t and 4 t + 1
// for the first block, and columns 4 t + 2 and 4 t + 3 for the second; so a lane has four neighbouring columns of C.
typedef struct b_block {
    uint4 part[B_PARTS];
} b_block;

static b_block b_read(local const uint4 *tile, uint column, uint g, uint t)
{
    const uint first = column / 16 * 16, second = column / 8 % 2;
    b_block y;
#pragma unroll
    for (uint part = 0; part < B_PARTS; part++)
        y.part[part] = tile[(part * TILE_N + first) * CHUNKS + slot_of(g / 2 * 2 + second, t, g % 2)];
    return y;
}

// ---- Sums ----

// c + the products of one part of A and one of B, over TENSOR_K
static float4 add_parts(float4 c, const a_block *x, uint a_part, const b_block *y, uint b_part, local uint *room)
{
    c = mma_bf16(c, x->part[a_part][0], y->part[b_part].xy, room);
    return mma_bf16(c, x->part[a_part][1], y->part[b_part].zw, room);
}

static float4 multiply(const a_block *x, const b_block *y, local uint *room)
{
    float4 small = 0;
#if A_BYTES
    small = add_parts(small, x, 0, y, 2, room);
    small = add_parts(small, x, 0, y, 1, room);
#elif B_BYTES
    small = add_parts(small, x, 2, y, 0, room);
    small = add_parts(small, x, 1, y, 0, room);
#else
    small = add_parts(small, x, 2, y, 0, room);
    small = add_parts(small, x, 1, y, 1, room);
    small = add_parts(small, x, 0, y, 2, room);
    small = add_parts(small, x, 1, y, 0, room);
    small = add_parts(small, x, 0, y, 1, room);
#endif
    return add_parts((float4)(0), x, 0, y, 0, room) + small;
}

// Adds the tiles' product to the sums of a wave, whose part of C begins at `row` and `column` of the tile. Each block is
// read once: those of the operand with fewer parts are kept.
static void add_tiles(local const uint4 *a_tile, local const uint4 *b_tile, uint row, uint column, uint lane,
                      float4 sum[BLOCKS_M][BLOCKS_N], local uint *room)
{
    const uint g = lane / 4, t = lane % 4;
#if B_BYTES
    b_block y[BLOCKS_N];
#pragma unroll
    for (uint j = 0; j < BLOCKS_N; j++)
        y[j] = b_read(b_tile, column + j * BLOCK_N, g, t);
#pragma unroll
    for (uint i = 0; i < BLOCKS_M; i++) {
        const a_block x = a_read(a_tile, row + i * BLOCK_M, g, t);
#pragma unroll
        for (uint j = 0; j < BLOCKS_N; j++)
            sum[i][j] += multiply(&x, &y[j], room);
    }
#else
    a_block x[BLOCKS_M];
#pragma unroll
    for (uint i = 0; i < BLOCKS_M; i++)
        x[i] = a_read(a_tile, row + i * BLOCK_M, g, t);
#pragma unroll
    for (uint j = 0; j < BLOCKS_N; j++) {
        const b_block y = b_read(b_tile, column + j * BLOCK_N, g, t);
#pragma unroll
        for (uint i = 0; i < BLOCKS_M; i++)
            sum[i][j] += multiply(&x[i], &y, room);
    }
#endif
}

kernel WORK_GROUP(GROUP) void product_tensor(product_samples samples, product_tiles_shape shape,
                                             global const a_number *a, global const b_number *b,
                                             global const float *bias, global const float *mask, global float *c)
{
    const uint m = A_TRANSPOSED ? shape.m : samples.count, n = shape.n, k = A_TRANSPOSED ? samples.count : shape.k;
    const group_tile tile = find_tile(&shape, TILE_M, TILE_N, k);
    const uint a_rows = m - min(m, tile.row), b_rows = n - tile.column; // from the tile on; 0 without valid samples
    const uint a_stride = A_TRANSPOSED ? m : k, b_stride = B_TRANSPOSED ? k : n;
    const size_t a_step = A_TRANSPOSED ? TENSOR_K * (size_t)m : TENSOR_K,
                 b_step = B_TRANSPOSED ? TENSOR_K : TENSOR_K * (size_t)n;
    local uint4 a_tile[A_PARTS * TILE_M * CHUNKS], b_tile[B_PARTS * TILE_N * CHUNKS];
    local uint room[MMA_ROOM];
    const uint item = get_local_id(0), lane = item % MMA_WAVE, wave = item / MMA_WAVE;
    const uint wave_row = wave / WAVES_N * WAVE_M, wave_column = wave % WAVES_N * WAVE_N;
    float4 sum[BLOCKS_M][BLOCKS_N];
    a_units next_a;
    b_units next_b;

#pragma unroll
    for (uint i = 0; i < BLOCKS_M; i++)
#pragma unroll
        for (uint j = 0; j < BLOCKS_N; j++)
            sum[i][j] = 0;
    a += A_TRANSPOSED ? (size_t)tile.begin * m + tile.row : samples.first + (size_t)tile.row * k + tile.begin;
    b += A_TRANSPOSED ? samples.first : shape.weights_at;
    b += B_TRANSPOSED ? (size_t)tile.column * k + tile.begin : (size_t)tile.begin * n + tile.column;
    uint depths = tile.end - tile.begin;
    a_fetch(a, a_stride, a_rows, depths, item, next_a);
    b_fetch(b, b_stride, b_rows, depths, item, next_b);
    while (depths > 0) {
        barrier(CLK_LOCAL_MEM_FENCE); // all have read the previous tiles
        a_put(next_a, item, a_tile);
        b_put(next_b, item, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
        depths -= min(depths, (uint)TENSOR_K);
        a += a_step;
        b += b_step;
        a_fetch(a, a_stride, a_rows, depths, item, next_a);
        b_fetch(b, b_stride, b_rows, depths, item, next_b);
        add_tiles(a_tile, b_tile, wave_row, wave_column, lane, sum, room);
    }
#pragma unroll
    for (uint i = 0; i < BLOCKS_M; i++)
#pragma unroll
        for (uint j = 0; j < BLOCKS_N; j++) {
            float values[4];
            vstore4(sum[i][j], 0, values);
#pragma unroll
            for (uint e = 0; e < 4; e++) {
                const uint row = tile.row + wave_row + i * BLOCK_M + lane / 4 * 2 + e / 2;
                const uint column = tile.column + wave_column + j / 2 * 16 + lane % 4 * 4 + j % 2 * 2 + e % 2;
                if (row >= m || column >= n)
                    continue;
                const size_t at = (size_t)row * n + column;
                c[(size_t)tile.split * m * n + at] = finish(values[e], &shape, at, column, bias, mask);
            }
        }
}

#include "product/product_join.clh"
