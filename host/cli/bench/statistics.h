/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a few repeated measurements. */
#ifndef GRADUS_CLI_STATISTICS_H
#define GRADUS_CLI_STATISTICS_H

#include <stddef.h>

/* Quartiles between two values are interpolated (type 7 of Hyndman and Fan 1996, as NumPy and R do). */
typedef struct sample_summary {
    double smallest, lower_quartile, median, upper_quartile, largest;
} sample_summary;

/* Summarises count > 0 values, which are sorted in place. */
sample_summary summarise(double *values, size_t count);

/*
 * The share of all pairs of a value of a and a value of b in which that of b is larger; equal ones count half. 0.5: no
 * difference; 0 and 1: the two do not overlap. This is Mann and Whitney's U divided by the number of pairs.
 */
double share_larger(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
