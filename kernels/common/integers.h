// SPDX-License-Identifier: Apache-2.0
// Integers with the same size and name in C and in OpenCL C, for the headers that both include.

#pragma once

#ifdef __OPENCL_C_VERSION__
typedef uint u32;
typedef ulong u64;
#else
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
#endif
