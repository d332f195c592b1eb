// SPDX-License-Identifier: Apache-2.0
// Products for GPUs, C (M x N) = op(A) op(B), all row after row. A work-group computes a tile of TILE_M x TILE_N,
// TILE_K of the depth at a time: both operands' tiles are stored in local memory, while the next ones are already
// loaded into registers. A work-item has ITEM_M x ITEM_N sums in registers, in blocks of 4 x 4 that are TILE / (ITEM /
// 4) apart, so that neighbours read neighbouring float4s.
//
// op(A) is M x K, stored so or, with A_TRANSPOSED, as K x M; op(B) is K x N, stored so or, with B_TRANSPOSED, as N x
// K. A_BYTES or B_BYTES: the matrix has bytes. A_VECTORS: the rows of A are BYTE_VECTOR bytes times a whole number, and
// begin at such addresses; they are loaded so. The number of valid samples limits M, or the depth of a weight gradient
// (A_TRANSPOSED). With splits > 1 each group sums over its `share` of the depth, a multiple of TILE_K, and writes to its
// part of C (splits x M x N); product_sum adds up those of a weight gradient, product_join the others. NDRange:
// splits times the tiles of all samples, work-groups of GROUP, N's tiles first.

#include "common/work_group.clh"
#include "product/product_tiles.clh"

#ifndef TILE_M
#define TILE_M GPU_TILE_M
#define TILE_N GPU_TILE_N
#define TILE_K GPU_TILE_K
#define ITEM_M GPU_ITEM_M
#define ITEM_N GPU_ITEM_N
#endif
#ifndef A_TRANSPOSED
#define A_TRANSPOSED 0
#define B_TRANSPOSED 0
#define A_BYTES 0
#define A_VECTORS 0
#define B_BYTES 0
#endif

#if A_BYTES
typedef uchar a_value;
#else
typedef float a_value;
#endif
#if B_BYTES
typedef uchar b_value;
#else
typedef float b_value;
#endif

#define ITEMS_M (TILE_M / ITEM_M)
#define ITEMS_N (TILE_N / ITEM_N)
#define GROUP (ITEMS_M * ITEMS_N)
#if A_VECTORS
#define A_LOADS ((TILE_M * TILE_K / BYTE_VECTOR + GROUP - 1) / GROUP)
typedef uint4 a_load; // BYTE_VECTOR bytes
#else
#define A_LOADS ((TILE_M * TILE_K + GROUP - 1) / GROUP)
typedef float a_load;
#endif
#define B_LOADS ((TILE_N * TILE_K + GROUP - 1) / GROUP)
#define STRIDE_M (TILE_M + 4) // of local memory: the padding spreads a column over the banks
#define STRIDE_N (TILE_N + 4)

// The position of load `i` of a work-item in a tile: neighbours read neighbouring addresses.
#define PLACE(i, item, extent, along_depth, outer, depth)                                                             \
    const uint place = (i)*GROUP + (item);                                                                            \
    const uint outer = (along_depth) ? place / TILE_K : place % (extent);                                             \
    const uint depth = (along_depth) ? place % TILE_K : place / (extent);

#if A_VECTORS

// The position of load `i` of a work-item in a tile: neighbours store neighbouring rows.
#define VECTOR_PLACE(i, item, r, d)                                                                                   \
    const uint place = (i)*GROUP + (item), r = place % TILE_M, d = place / TILE_M * BYTE_VECTOR;

static void fetch_a(global const a_value *a, uint row, uint first, uint m, uint k, uint end, uint item,
                    a_load next[A_LOADS])
{
#pragma unroll
    for (uint i = 0; i < A_LOADS; i++) {
        VECTOR_PLACE(i, item, r, d)
        const bool inside = d < TILE_K && row + r < m && first + d < end;
        next[i] = inside ? *(global const uint4 *)(a + ((size_t)(row + r) * k + first + d)) : (uint4)(0);
    }
}

static void put_a(const a_load next[A_LOADS], uint item, local float *tile)
{
#pragma unroll
    for (uint i = 0; i < A_LOADS; i++) {
        VECTOR_PLACE(i, item, r, d)
        float bytes[BYTE_VECTOR];
        vstore16(convert_float16(as_uchar16(next[i])), 0, bytes);
        if (d < TILE_K)
#pragma unroll
            for (uint j = 0; j < BYTE_VECTOR; j++)
                tile[(d + j) * STRIDE_M + r] = bytes[j];
    }
}

#else

static void fetch_a(global const a_value *a, uint row, uint first, uint m, uint k, uint end, uint item,
                    a_load next[A_LOADS])
{
#pragma unroll
    for (uint i = 0; i < A_LOADS; i++) {
        PLACE(i, item, TILE_M, !A_TRANSPOSED, r, d)
        const bool inside = d < TILE_K && r < TILE_M && row + r < m && first + d < end;
        next[i] = inside ? a[A_TRANSPOSED ? (size_t)(first + d) * m + row + r : (size_t)(row + r) * k + first + d] : 0;
    }
}

static void put_a(const a_load next[A_LOADS], uint item, local float *tile)
{
#pragma unroll
    for (uint i = 0; i < A_LOADS; i++) {
        PLACE(i, item, TILE_M, !A_TRANSPOSED, r, d)
        if (d < TILE_K && r < TILE_M)
            tile[d * STRIDE_M + r] = next[i];
    }
}

#endif

static void fetch_b(global const b_value *b, uint column, uint first, uint n, uint k, uint end, uint item,
                    float next[B_LOADS])
{
#pragma unroll
    for (uint i = 0; i < B_LOADS; i++) {
        PLACE(i, item, TILE_N, B_TRANSPOSED, c, d)
        const bool inside = d < TILE_K && c < TILE_N && column + c < n && first + d < end;
        next[i] =
            inside ? b[B_TRANSPOSED ? (size_t)(column + c) * k + first + d : (size_t)(first + d) * n + column + c] : 0;
    }
}

static void put_b(const float next[B_LOADS], uint item, local float *tile)
{
#pragma unroll
    for (uint i = 0; i < B_LOADS; i++) {
        PLACE(i, item, TILE_N, B_TRANSPOSED, c, d)
        if (d < TILE_K && c < TILE_N)
            tile[d * STRIDE_N + c] = next[i];
    }
}

kernel WORK_GROUP(GROUP) void product_gpu(product_samples samples, product_tiles_shape shape, global const a_value *a,
                                          global const b_value *b, global const float *bias, global const float *mask,
                                          global float *c)
{
    const uint m = A_TRANSPOSED ? shape.m : samples.count, n = shape.n, k = A_TRANSPOSED ? samples.count : shape.k;
    const group_tile tile = find_tile(&shape, TILE_M, TILE_N, k);
    const uint row = tile.row, column = tile.column, end = tile.end;
    local float a_tile[TILE_K * STRIDE_M] __attribute__((aligned(16)));
    local float b_tile[TILE_K * STRIDE_N] __attribute__((aligned(16)));
    const uint item = get_local_id(0), item_n = item % ITEMS_N, item_m = item / ITEMS_N;
    float sum[ITEM_M][ITEM_N], next_b[B_LOADS];
    a_load next_a[A_LOADS];

#pragma unroll
    for (uint r = 0; r < ITEM_M; r++)
#pragma unroll
        for (uint j = 0; j < ITEM_N; j++)
            sum[r][j] = 0;
    a += A_TRANSPOSED ? 0 : samples.first;
    b += A_TRANSPOSED ? samples.first : shape.weights_at;
    fetch_a(a, row, tile.begin, m, k, end, item, next_a);
    fetch_b(b, column, tile.begin, n, k, end, item, next_b);
    for (uint first = tile.begin; first < end; first += TILE_K) {
        barrier(CLK_LOCAL_MEM_FENCE); // all have read the previous tiles
        put_a(next_a, item, a_tile);
        put_b(next_b, item, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
        fetch_a(a, row, first + TILE_K, m, k, end, item, next_a);
        fetch_b(b, column, first + TILE_K, n, k, end, item, next_b);
#pragma unroll 4
        for (uint d = 0; d < TILE_K; d++) {
            float x[ITEM_M], y[ITEM_N];
#pragma unroll
            for (uint r = 0; r < ITEM_M; r += 4)
                vstore4(*(local const float4 *)(a_tile + d * STRIDE_M + r * ITEMS_M + item_m * 4), 0, x + r);
#pragma unroll
            for (uint j = 0; j < ITEM_N; j += 4)
                vstore4(*(local const float4 *)(b_tile + d * STRIDE_N + j * ITEMS_N + item_n * 4), 0, y + j);
#pragma unroll
            for (uint r = 0; r < ITEM_M; r++)
#pragma unroll
                for (uint j = 0; j < ITEM_N; j++)
                    sum[r][j] = fma(x[r], y[j], sum[r][j]);
        }
    }
#pragma unroll
    for (uint r = 0; r < ITEM_M; r++)
#pragma unroll
        for (uint j = 0; j < ITEM_N; j++) {
            const uint at_row = row + r / 4 * 4 * ITEMS_M + item_m * 4 + r % 4;
            const uint at_column = column + j / 4 * 4 * ITEMS_N + item_n * 4 + j % 4;
            if (at_row >= m || at_column >= n)
                continue;
            const size_t at = (size_t)at_row * n + at_column;
            c[(size_t)tile.split * m * n + at] = finish(sum[r][j], &shape, at, at_column, bias, mask);
        }
}

#include "product/product_join.clh"
