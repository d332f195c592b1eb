// SPDX-License-Identifier: Apache-2.0
// What limits.cl shares with its launchers: the sums that a work-item makes at a time.

#pragma once

#define LIMIT_SUMS 12     // of limit_fma
#define LIMIT_READ_SUMS 4 // of limit_read, of whose vectors the number is a multiple
