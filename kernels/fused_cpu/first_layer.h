// SPDX-License-Identifier: Apache-2.0
// Which of the files first_*.clh computes the products that touch X; fused_cpu.cl and the host, which chooses, read this.

#pragma once

#define FIRST_GROUPS 0
#define FIRST_ELEMENTS 1
#define FIRST_DENSE 2
#define FIRST_WIDE 3
#define FIRST_CPU_LAYERS 4
