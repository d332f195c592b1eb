/* SPDX-License-Identifier: Apache-2.0 */
/* What a few repeated measurements say. */
#ifndef GRADUS_CLI_STATISTICS_H
#define GRADUS_CLI_STATISTICS_H

#include <stddef.h>

/* Quartiles between two values are interpolated (type 7 of Hyndman and Fan 1996, as NumPy and R do). */
typedef struct sample_summary {
    double smallest, lower_quartile, median, upper_quartile, largest;
} sample_summary;

/* Of count > 0 values, which are put in order. */
sample_summary summarise(double *values, size_t count);

/*
 * Of all pairs of one value of a and one of b, the share in which b's is the larger; equal ones count half. 0.5: no
 * difference; 0 and 1: the two do not overlap. It is Mann and Whitney's U over the number of pairs.
 */
double share_larger(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
