// SPDX-License-Identifier: Apache-2.0
// Products for CPU devices, C (M x N) = op(A) op(B), all row after row; a work-item is a core's share, without
// barriers.
//
//   product_cpu_pack    B, or a factor times it, into panels of VECTORS vectors of columns: (panels x K x COLUMNS)
//   product_cpu_rows    C = A B + bias for many rows of C, B in panels; ReLU, or relu' of a mask, on the way out
//   product_cpu_depth   partial sums of C = A^T B for large K, each work-item its share of K; product_sum.clh adds them
//
// ROWS x VECTORS vectors of sums stay in registers while A and B come from the caches: a panel's DEPTH rows fit the
// first-level cache, CHUNK rows of A of this depth fit the second. The matrix of samples (A of rows, B of depth) has
// bytes with BYTES; a work-item expands them just before use. NDRange: any number of work-items, work-groups of one.

#include "common/vectors.clh"
#include "product/product_arguments.h"
#include "product/product_sum.clh"

#ifndef ROWS
#define ROWS CPU_ROWS
#define VECTORS CPU_VECTORS
#define CHUNK CPU_CHUNK
#define DEPTH CPU_DEPTH
#define BYTES 0
#endif

#define COLUMNS (VECTORS * LANES)
#define VLOAD JOIN(vload, LANES)
#define VSTORE JOIN(vstore, LANES)

#if BYTES
typedef uchar sample_value;
#else
typedef float sample_value;
#endif

// ---- Panels ----

// Columns from N on are zero. A work-item packs one panel.
kernel void product_cpu_pack(product_pack_shape shape, global const float *b, global float *packed)
{
    const size_t panel = get_global_id(0);
    const uint n = shape.n, k = shape.k;
    packed += panel * k * COLUMNS;
    b += shape.at;
    for (uint j = 0; j < COLUMNS; j++) {
        const size_t column = panel * COLUMNS + j;
        for (uint i = 0; i < k; i++)
            packed[i * COLUMNS + j] =
                column >= n ? 0 : shape.factor * (shape.transposed ? b[column * k + i] : b[(size_t)i * n + column]);
    }
}

// ---- Sums in registers ----

// sum += A B, where A's element (r, i) is a[row[r] + i * step] and b is `depth` rows of a panel.
__attribute__((always_inline)) static void multiply(uint depth, global const float *a, const size_t row[ROWS],
                                                    size_t step, global const floatv *b, floatv sum[ROWS][VECTORS])
{
    for (uint i = 0; i < depth; i++) {
        floatv column[VECTORS];
#pragma unroll
        for (uint v = 0; v < VECTORS; v++)
            column[v] = b[i * VECTORS + v];
#pragma unroll
        for (uint r = 0; r < ROWS; r++) {
            const floatv x = (floatv)(a[row[r] + i * step]);
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                sum[r][v] = fma(x, column[v], sum[r][v]);
        }
    }
}

// Loads `rows` x `columns` elements into the tile, and zeros elsewhere.
__attribute__((always_inline)) static void load_tile(global const float *c, size_t stride, uint rows, uint columns,
                                                     floatv sum[ROWS][VECTORS])
{
#pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        float edge[COLUMNS];
        if (columns >= COLUMNS && r < rows) {
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                sum[r][v] = VLOAD(v, c + r * stride);
            continue;
        }
        for (uint j = 0; j < COLUMNS; j++)
            edge[j] = r < rows && j < columns ? c[r * stride + j] : 0;
#pragma unroll
        for (uint v = 0; v < VECTORS; v++)
            sum[r][v] = VLOAD(v, edge);
    }
}

__attribute__((always_inline)) static void store_tile(floatv sum[ROWS][VECTORS], global float *c, size_t stride,
                                                      uint rows, uint columns)
{
#pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        float edge[COLUMNS];
        if (r >= rows)
            continue;
        if (columns >= COLUMNS) {
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                VSTORE(sum[r][v], v, c + r * stride);
            continue;
        }
#pragma unroll
        for (uint v = 0; v < VECTORS; v++)
            VSTORE(sum[r][v], v, edge);
        for (uint j = 0; j < columns; j++)
            c[r * stride + j] = edge[j];
    }
}

// ---- C = A B + bias ----

// Converts at most CHUNK rows of the samples' matrix, elements first .. first + depth - 1, to floats.
static void expand_rows(global const uchar *a, size_t stride, uint rows, uint depth, global float *out)
{
    for (uint r = 0; r < rows; r++) {
        uint i = 0;
        for (; i + LANES <= depth; i += LANES)
            VSTORE(TO_FLOATV(VLOAD(0, a + r * stride + i)), 0, out + r * DEPTH + i);
        for (; i < depth; i++)
            out[r * DEPTH + i] = a[r * stride + i];
    }
}

// One tile: rows of A from `a` on (row stride `stride`), one panel, one block of the depth.
static void rows_tile(global const float *a, size_t stride, uint depth, global const float *panel, bool is_first,
                      bool is_last, uint epilogue, global const float *bias, global const float *mask, global float *c,
                      size_t n, uint rows, uint columns)
{
    floatv sum[ROWS][VECTORS];
    size_t row[ROWS];
#pragma unroll
    for (uint r = 0; r < ROWS; r++)
        row[r] = min(r, rows - 1) * stride;
    if (!is_first)
        load_tile(c, n, rows, columns, sum);
    else if (epilogue & EPILOGUE_BIAS)
        load_tile(bias, 0, ROWS, columns, sum);
    else {
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                sum[r][v] = 0;
    }
    multiply(depth, a, row, 1, (global const floatv *)panel, sum);
    if (is_last && (epilogue & EPILOGUE_RELU)) {
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                sum[r][v] = select(sum[r][v], (floatv)(0), sum[r][v] <= 0);
    }
    if (is_last && (epilogue & EPILOGUE_MASK)) {
        floatv activation[ROWS][VECTORS];
        load_tile(mask, n, rows, columns, activation);
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
#pragma unroll
            for (uint v = 0; v < VECTORS; v++)
                sum[r][v] = select((floatv)(0), sum[r][v], activation[r][v] > 0);
    }
    store_tile(sum, c, n, rows, columns);
}

// A (samples x K), B (K x N) in panels, bias (N) or mask (samples x N), C (samples x N). With BYTES, memory of
// (work-items x CHUNK x DEPTH) floats follows the panels.
kernel void product_cpu_rows(product_samples samples, product_rows_shape shape, global const sample_value *a,
                             global float *packed, global const float *bias, global const float *mask, global float *c)
{
    const uint m = samples.count, n = shape.n, k = shape.k, epilogue = shape.epilogue;
    const uint chunks = (m + CHUNK - 1) / CHUNK;
    a += samples.first;
    bias += shape.bias_at;
#if BYTES
    global float *room = packed + panel_floats(n, COLUMNS, k) + get_global_id(0) * CHUNK * DEPTH;
#endif
    for (uint chunk = get_global_id(0); chunk < chunks; chunk += get_global_size(0)) {
        const uint begin = chunk * CHUNK, end = min(begin + CHUNK, m);
        for (uint first = 0; first < k; first += DEPTH) {
            const uint depth = min((uint)DEPTH, k - first);
#if BYTES
            const size_t stride = DEPTH;
            expand_rows(a + (size_t)begin * k + first, k, end - begin, depth, room);
            global const float *block = room;
#else
            const size_t stride = k;
            global const float *block = a + (size_t)begin * k + first;
#endif
            for (uint column = 0; column < n; column += COLUMNS)
                for (uint row = begin; row < end; row += ROWS) {
                    const size_t at = (size_t)row * n + column;
                    rows_tile(block + (row - begin) * stride, stride, depth,
                              packed + (size_t)column * k + first * COLUMNS, first == 0, first + depth == k, epilogue,
                              bias + column, mask + at, c + at, n, min(end - row, (uint)ROWS), n - column);
                }
        }
    }
}

// ---- C = A^T B ----

// `depth` rows of A (K x M) into panels of ROWS columns: (panels x depth x ROWS), zeros from column M on.
static void pack_units(global const float *a, uint m, uint depth, global float *out)
{
    for (uint unit = 0; unit < m; unit += ROWS)
        for (uint i = 0; i < depth; i++, out += ROWS)
#pragma unroll
            for (uint r = 0; r < ROWS; r++)
                out[r] = unit + r < m ? a[(size_t)i * m + unit + r] : 0;
}

// `depth` rows of `columns` columns of B (row stride `stride`) as floats in panels, zeros after the last column.
static void pack_samples(global const sample_value *b, size_t stride, uint columns, uint depth, global float *out)
{
    for (uint column = 0; column < columns; column += COLUMNS)
        for (uint i = 0; i < depth; i++, out += COLUMNS) {
            global const sample_value *from = b + i * stride + column;
            if (column + COLUMNS <= columns) {
#pragma unroll
                for (uint v = 0; v < VECTORS; v++)
                    VSTORE(TO_FLOATV(VLOAD(v, from)), v, out);
            } else
                for (uint j = 0; j < COLUMNS; j++)
                    out[j] = column + j < columns ? from[j] : 0;
        }
}

// A (samples x M), B (samples x N). Each work-item has memory for DEPTH packed rows of A and B, or for shape.share if
// that is less; the partial sums follow, (M x N) of each work-item over the rows from id * share on.
kernel void product_cpu_depth(product_samples samples, product_depth_shape shape, global const float *a,
                              global const sample_value *b, global float *rooms)
{
    const uint m = shape.m, n = shape.n, k = samples.count, share = shape.share;
    const uint split = get_global_id(0), begin = min(split * share, k), end = min(begin + share, k);
    global float *units = rooms + split * shape.room;
    global float *columns = units + packed_units_floats(m, ROWS, COLUMNS, min(share, (uint)DEPTH));
    global float *partial = rooms + get_global_size(0) * shape.room + (size_t)split * m * n;
    size_t row[ROWS];
    b += samples.first;
#pragma unroll
    for (uint r = 0; r < ROWS; r++)
        row[r] = r;
    if (begin == end)
        for (size_t i = 0; i < (size_t)m * n; i++)
            partial[i] = 0;
    for (uint first = begin; first < end; first += DEPTH) {
        const uint depth = min((uint)DEPTH, end - first);
        pack_units(a + (size_t)first * m, m, depth, units);
        pack_samples(b + (size_t)first * n, n, n, depth, columns);
        for (uint column = 0; column < n; column += COLUMNS)
            for (uint unit = 0; unit < m; unit += ROWS) {
                global float *c = partial + (size_t)unit * n + column;
                floatv sum[ROWS][VECTORS];
                if (first > begin)
                    load_tile(c, n, min(m - unit, (uint)ROWS), n - column, sum);
                else {
#pragma unroll
                    for (uint r = 0; r < ROWS; r++)
#pragma unroll
                        for (uint v = 0; v < VECTORS; v++)
                            sum[r][v] = 0;
                }
                multiply(depth, units + (size_t)unit * depth, row, ROWS,
                         (global const floatv *)(columns + (size_t)column * depth), sum);
                store_tile(sum, c, n, min(m - unit, (uint)ROWS), n - column);
            }
    }
}
