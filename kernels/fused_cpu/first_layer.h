// SPDX-License-Identifier: Apache-2.0
// What the host knows of how first_dense.cl and first_wide.cl go through X and the units, which it fills up for them.

#pragma once

// first_dense.cl: groups of a sample that are handled together.
#define DENSE_GROUPS 2

// first_wide.cl works on blocks of so many rows by two vectors of columns, which fill 12 vector registers with sums. The rows
// are units in Z1 and pixels in dW1, the columns samples in Z1 and units in dW1.
#define WIDE_ROWS 6
#define WIDE_COLUMNS(lanes) (2 * (lanes))
