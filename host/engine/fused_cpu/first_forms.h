/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of the first layer of engine "fused" on a CPU: kernels/fused_cpu/first_*.cl differ in the contents of a
 * vector in the products with X. Each form has one row with the host's functions and constants.
 */
#ifndef GRADUS_ENGINE_FIRST_FORMS_H
#define GRADUS_ENGINE_FIRST_FORMS_H

#include "engine/compressed/compressed.h"

typedef struct first_form {
    const char *file; /* the program, in kernels/ */

    /* The shape of X, for a first layer of `units` units and vectors of `lanes` floats. */
    gradus_status (*measure)(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out);

    /* Cycles of a core for one direction, as measured with AVX2. */
    double (*cost)(const gradus_dataset_info *info, const group_shape *x, size_t units, size_t lanes);

    unit_blocks (*divide_units)(size_t units, size_t lanes);
    bool keeps_floats; /* a tile of X is converted to floats once */

    /* Bytes of X: in total, and of the largest buffer; and its upload to the device. */
    size_t (*bytes)(const group_shape *x, size_t *largest);
    gradus_status (*upload)(gradus_device *device, const gradus_dataset *dataset, const group_shape *x,
                            compressed *out);
} first_form;

extern const first_form gr_first_groups;   /* a vector is a rectangle of pixels: narrow layers on images */
extern const first_form gr_first_elements; /* units, for one pixel: wide layers on images */
extern const first_form gr_first_dense;    /* pixels of every sample: narrow layers on data without many zeros */
extern const first_form gr_first_wide;     /* samples or pixels, as in a GEMM: wide layers on such data */

/* The form that should be fastest for these data and this network, by its number of operations, and its shape of X. */
gradus_status gr_first_form_choose(const gradus_dataset *dataset, size_t units, size_t lanes, const first_form **out,
                                   group_shape *x);

#endif
