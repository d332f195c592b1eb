/* SPDX-License-Identifier: Apache-2.0 */
/* Order statistics. */
#include "bench/statistics.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *ordered, size_t count, double share)
{
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    if (below + 1 == count)
        return ordered[below];
    return ordered[below] + (place - (double)below) * (ordered[below + 1] - ordered[below]);
}

sample_summary summarise(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return (sample_summary){values[0], quantile(values, count, 0.25), quantile(values, count, 0.5),
                            quantile(values, count, 0.75), values[count - 1]};
}

double share_larger(const double *a, size_t a_count, const double *b, size_t b_count)
{
    double larger = 0;
    for (size_t i = 0; i < a_count; i++)
        for (size_t j = 0; j < b_count; j++)
            larger += b[j] > a[i] ? 1 : b[j] < a[i] ? 0 : 0.5;
    return larger / ((double)a_count * (double)b_count);
}
