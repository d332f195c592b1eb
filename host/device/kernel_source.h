/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a kernel file, complete with the files that it includes. */
#ifndef GRADUS_DEVICE_KERNEL_SOURCE_H
#define GRADUS_DEVICE_KERNEL_SOURCE_H

#include "core/status.h"

/*
 * The text of kernels/<file>, "layered/softmax.cl", in which each line `#include "common/philox.h"` is replaced by
 * that file; a file with the line `#pragma once` is included once. #line directives keep file names and line numbers in
 * build logs right. The caller frees *out.
 *
 * The texts are inside the library. For development, the environment variable GRADUS_KERNEL_DIR names a folder whose
 * files replace them.
 */
gradus_status gr_kernel_source(const char *file, char **out);

/* Identifies the kernels that are built: a hash of all texts in the library and of the environment variables that change
 * them or the compiler's options. */
uint64_t gr_kernel_fingerprint(void);

#endif
