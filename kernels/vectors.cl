// SPDX-License-Identifier: Apache-2.0
// What the kernels on compressed X share: vectors of LANES floats, and X itself.

#ifndef LANES
#define LANES 8
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
typedef JOIN(float, LANES) floatv;
typedef JOIN(int, LANES) intv;
typedef JOIN(uchar, LANES) ucharv;
#define TO_FLOATV JOIN(convert_float, LANES)
#define TO_INTV JOIN(convert_int, LANES)

// X, as host/engine/groups.h describes it; first_dense.cl uses only the values.
typedef struct pixels {
    global const uchar *values;
    global const ushort *places;
    global const uint *sample_offsets, *lists, *list_offsets;
} pixels;
