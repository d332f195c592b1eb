/* SPDX-License-Identifier: Apache-2.0 */
/* The text of kernels/, embedded at build time. */
#ifndef GRADUS_DEVICE_KERNEL_TABLE_H
#define GRADUS_DEVICE_KERNEL_TABLE_H

#include <stddef.h>

typedef struct kernel_text {
    const char *file; /* "layered/softmax.cl" */
    const char *text; /* with a terminating zero that length does not count */
    size_t length;
} kernel_text;

extern const kernel_text gr_kernel_table[];
extern const size_t gr_kernel_table_length;

#endif
