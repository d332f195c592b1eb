// SPDX-License-Identifier: Apache-2.0
// Integers of a known size, by names that mean the same in C on the host and in OpenCL C: for the headers that both include.

#pragma once

#ifdef __OPENCL_C_VERSION__
typedef uint u32;
typedef ulong u64;
#else
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
#endif
