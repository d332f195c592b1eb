// SPDX-License-Identifier: Apache-2.0
// Work-items of the work-groups that add up by group_sum.clh: what every GPU allows, and a wave or two of it.

#pragma once

#define GROUP_SUM_ITEMS 64
