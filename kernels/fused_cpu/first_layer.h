// SPDX-License-Identifier: Apache-2.0
// Constants of first_dense.cl and first_wide.cl that the host needs to pad X and the units.

#pragma once

// first_dense.cl: groups of a sample that are processed together.
#define DENSE_GROUPS 2

// first_wide.cl computes blocks of WIDE_ROWS rows by two vectors of columns, with the sums in 12 vector registers. The
// rows are units in Z1 and pixels in dW1, the columns samples in Z1 and units in dW1.
#define WIDE_ROWS 6
#define WIDE_COLUMNS(lanes) (2 * (lanes))
