/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels that measure a device's limits must do all operations that they are timed for. All numbers are integers
 * that a float can represent, so the results are exact. */
#include "bench/limits.h"
#include "check/check.h"

#include <float.h>
#include <math.h>

/* Half a unit in the last place: only the exact number passes. */
#define EXACT (0.5 * (double)FLT_EPSILON)

static const char *kind_name(kernel_kind kind)
{
    return kind == KERNELS_CPU ? "cpu" : "gpu";
}

static gradus_status check_multiply_add(check *c, const check_shape *shape, kernel_kind kind, const char *function)
{
    gradus_status status = GRADUS_OK;
    const float ones[2] = {1, 1};
    cl_uint rounds = (cl_uint)shape->rows;
    limit_program p = {0};
    double *expected = NULL;
    cl_mem factor = NULL, out = NULL;
    launch prepared = {0};

    TRY(gr_limit_program_create(c->device, kind, function, &p));
    if (c->timer == NULL)
        p.items = shape->columns * p.local;
    else
        rounds = gr_limit_rounds(&p);
    gr_check_name_shape(c, "%u x %zu", (unsigned)rounds, p.items);
    gr_check_name_way(c, "%s, %s", kind_name(kind), function);
    const size_t lanes = p.items * p.lanes;
    TRY(gr_check_doubles(c, lanes, &expected));
    for (size_t i = 0; i < lanes; i++)
        expected[i] = LIMIT_SUMS * ((double)rounds + 0.5 * (LIMIT_SUMS - 1));
    TRY(gr_check_upload(c, ones, sizeof ones, &factor));
    TRY(gr_check_space(c, lanes, &out));
    TRY(gr_limit_fma(&p, factor, out, rounds, &prepared));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "limit_fma", out, expected, lanes, EXACT, 0));
    TRY(gr_check_time_launch(c, &prepared,
                             (gradus_work){2.0 * LIMIT_SUMS * (double)rounds * (double)lanes, 4.0 * (double)lanes}));
cleanup:
    gr_launch_destroy(&prepared);
    gr_limit_program_release(&p);
    gr_check_end_case(c);
    return status;
}

/* rows: rounds; columns: work-groups */
gradus_status gr_check_limit_fma(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_multiply_add(c, shape, KERNELS_CPU, "fma"));
    TRY(check_multiply_add(c, shape, KERNELS_CPU, "mad"));
    TRY(check_multiply_add(c, shape, KERNELS_GPU, "fma"));
    TRY(check_multiply_add(c, shape, KERNELS_GPU, "mad"));
cleanup:
    return status;
}

/* The sums of x (lanes x vectors x items on CPUs, lanes x items x vectors on GPUs). */
static void expect_sums(const limit_program *p, const float *x, size_t vectors, double *expected)
{
    const bool pieces = p->kind == KERNELS_CPU;
    for (size_t i = 0; i < p->items; i++)
        for (size_t v = 0; v < vectors; v++)
            for (size_t lane = 0; lane < p->read_lanes; lane++) {
                const size_t vector = pieces ? i * vectors + v : v * p->items + i;
                expected[i * p->read_lanes + lane] += (double)x[vector * p->read_lanes + lane];
            }
}

/* The bound of the numbers, at most 256, so small that their sum is exact in a float; if there are very many, some are
 * 1. */
static double number_bound(size_t vectors)
{
    return fmax(1.1, fmin(256, 0x1p24 / (double)vectors));
}

static gradus_status check_read(check *c, const check_shape *shape, kernel_kind kind)
{
    gradus_status status = GRADUS_OK;
    size_t vectors = shape->rows;
    limit_program p = {0};
    float *numbers = NULL;
    double *expected = NULL;
    cl_mem x = NULL, out = NULL;
    launch prepared = {0};

    TRY(gr_limit_program_create(c->device, kind, "fma", &p));
    if (c->timer == NULL)
        p.items = shape->columns * p.local;
    else
        vectors = gr_limit_vectors(c->device, &p);
    gr_check_name_shape(c, "%zu x %zu", vectors, p.items);
    gr_check_name_way(c, "%s", kind_name(kind));
    const size_t sums = p.items * p.read_lanes, count = sums * vectors;
    TRY(gr_check_random(c, count, 0, number_bound(vectors), &numbers));
    for (size_t i = 0; i < count; i++)
        numbers[i] = floorf(numbers[i]);
    TRY(gr_check_doubles(c, sums, &expected));
    expect_sums(&p, numbers, vectors, expected);
    TRY(gr_check_upload(c, numbers, count * sizeof *numbers, &x));
    TRY(gr_check_space(c, sums, &out));
    TRY(gr_limit_read(&p, x, out, vectors, &prepared));
    TRY(gr_launch_enqueue(c->device, &prepared));
    TRY(gr_check_compare(c, "limit_read", out, expected, sums, EXACT, 0));
    TRY(gr_check_time_launch(c, &prepared, (gradus_work){(double)count, 4.0 * (double)(count + sums)}));
cleanup:
    gr_launch_destroy(&prepared);
    gr_limit_program_release(&p);
    gr_check_end_case(c);
    return status;
}

/* rows: vectors of a work-item; columns: work-groups */
gradus_status gr_check_limit_read(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    TRY(check_read(c, shape, KERNELS_CPU));
    TRY(check_read(c, shape, KERNELS_GPU));
cleanup:
    return status;
}
