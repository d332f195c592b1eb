/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products in the three transpositions that a layer needs. */
#include "check/check.h"
#include "engine/gemm.h"

#include <float.h>
#include <math.h>

/* Element (row, column) of op(A) for a rows x columns op(A). */
static double element(const float *values, bool transposed, size_t rows, size_t columns, size_t row, size_t column)
{
    return (double)(transposed ? values[row * columns + column] : values[column * rows + row]);
}

static void expect_product(const gemm *p, const float *a, const float *b, const float *c, double *expected)
{
    for (size_t j = 0; j < p->n; j++) {
        for (size_t i = 0; i < p->m; i++) {
            double sum = 0;
            for (size_t k = 0; k < p->k; k++)
                sum += element(a, p->a.transposed, p->m, p->k, i, k) * element(b, p->b.transposed, p->k, p->n, k, j);
            expected[j * p->m + i] = (double)p->alpha * sum + (double)p->beta * (double)c[j * p->m + i];
        }
    }
}

static gradus_status check_product(check *c, const check_shape *shape, bool a_transposed, bool b_transposed,
                                   float beta)
{
    gradus_status status = GRADUS_OK;
    const size_t m = shape->rows, n = shape->columns, k = shape->inner;
    gemm product = {m, n, k, 0.5f, beta, {NULL, 0, a_transposed}, {NULL, 0, b_transposed}, {NULL, 0, false}};
    float *a = NULL, *b = NULL, *old = NULL;
    double *expected = NULL;
    cl_mem scratch = NULL;
    size_t scratch_bytes = 0;

    TRY(gr_check_random(c, m * k, -1, 1, &a));
    TRY(gr_check_random(c, k * n, -1, 1, &b));
    TRY(gr_check_random(c, m * n, -1, 1, &old));
    TRY(gr_check_doubles(c, m * n, &expected));
    expect_product(&product, a, b, old, expected);
    TRY(gr_check_upload(c, a, m * k * sizeof *a, &product.a.buffer));
    TRY(gr_check_upload(c, b, k * n * sizeof *b, &product.b.buffer));
    TRY(gr_check_upload(c, old, m * n * sizeof *old, &product.c.buffer));
    TRY(gr_gemm_scratch_size(c->device, &product, &scratch_bytes));
    if (scratch_bytes > 0)
        TRY(gr_check_upload(c, NULL, scratch_bytes, &scratch));
    TRY(gr_gemm_enqueue(c->device, &product, scratch));
    /* See row_sums: k terms below 1. */
    TRY(gr_check_compare(c, "gemm", product.c.buffer, expected, m * n, 8 * (double)FLT_EPSILON, sqrt((double)k)));
cleanup:
    return status;
}

gradus_status gr_check_gemm(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_product(c, shape, true, false, 1));  /* Z = W A + b */
    TRY(check_product(c, shape, false, true, 0));  /* dW = dZ A^T */
    TRY(check_product(c, shape, false, false, 0)); /* dA = W^T dZ */
cleanup:
    return status;
}
