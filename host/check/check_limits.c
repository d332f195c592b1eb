/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels that measure a device's limits: they must do all that they are timed for. All numbers are whole ones that a
 * float holds, so the results are exact. */
#include "bench/limits.h"
#include "check/check.h"

#include <float.h>
#include <math.h>

/* Half of the last place: nothing but the very number. */
#define EXACT (0.5 * (double)FLT_EPSILON)

static gradus_status run_once(check *c, launch *prepared)
{
    gradus_status status = gr_launch_enqueue(c->device, prepared);
    gr_launch_destroy(prepared);
    return status;
}

static gradus_status check_multiply_add(check *c, const check_shape *shape, kernel_kind kind, const char *function)
{
    gradus_status status = GRADUS_OK;
    const float ones[2] = {1, 1};
    limit_program p = {0};
    double *expected = NULL;
    cl_mem factor = NULL, out = NULL;
    launch prepared = {0};

    TRY(gr_limit_program_create(c->device, kind, function, &p));
    p.items = shape->columns * p.local;
    const size_t lanes = p.items * p.lanes;
    TRY(gr_check_doubles(c, lanes, &expected));
    for (size_t i = 0; i < lanes; i++)
        expected[i] = LIMIT_SUMS * ((double)shape->rows + 0.5 * (LIMIT_SUMS - 1));
    TRY(gr_check_upload(c, ones, sizeof ones, &factor));
    TRY(gr_check_space(c, lanes, &out));
    TRY(gr_limit_fma(&p, factor, out, (cl_uint)shape->rows, &prepared));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "limit_fma", out, expected, lanes, EXACT, 0));
cleanup:
    gr_launch_destroy(&prepared);
    gr_limit_program_release(&p);
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

static gradus_status check_read(check *c, const check_shape *shape, kernel_kind kind)
{
    gradus_status status = GRADUS_OK;
    limit_program p = {0};
    float *numbers = NULL;
    double *expected = NULL;
    cl_mem x = NULL, out = NULL;
    launch prepared = {0};

    TRY(gr_limit_program_create(c->device, kind, "fma", &p));
    p.items = shape->columns * p.local;
    const size_t sums = p.items * p.read_lanes, count = sums * shape->rows;
    TRY(gr_check_random(c, count, 0, 256, &numbers));
    for (size_t i = 0; i < count; i++)
        numbers[i] = floorf(numbers[i]);
    TRY(gr_check_doubles(c, sums, &expected));
    expect_sums(&p, numbers, shape->rows, expected);
    TRY(gr_check_upload(c, numbers, count * sizeof *numbers, &x));
    TRY(gr_check_space(c, sums, &out));
    TRY(gr_limit_read(&p, x, out, shape->rows, &prepared));
    TRY(run_once(c, &prepared));
    TRY(gr_check_compare(c, "limit_read", out, expected, sums, EXACT, 0));
cleanup:
    gr_launch_destroy(&prepared);
    gr_limit_program_release(&p);
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
