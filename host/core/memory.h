/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory whose size is checked before it is multiplied. */
#ifndef GRADUS_CORE_MEMORY_H
#define GRADUS_CORE_MEMORY_H

#include "core/status.h"

/* a / b, rounded up. */
static inline size_t gr_divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* a, rounded up to a multiple of `step`. */
static inline size_t gr_round_up(size_t a, size_t step)
{
    return gr_divide_up(a, step) * step;
}

/* *out = a * b, or ARGUMENT naming `what` if that does not fit into a size_t. */
gradus_status gr_multiply(size_t a, size_t b, const char *what, size_t *out);

/* Zeroed memory for count elements of size bytes each, count > 0. The caller frees *out, a pointer of any type. */
#define gr_allocate(count, out) gr_allocate_bytes((count), sizeof **(out), (void **)(out))
gradus_status gr_allocate_bytes(size_t count, size_t size, void **out);

/* A copy of the text, which the caller frees. */
gradus_status gr_copy_text(const char *text, char **out);

/* printf into a new string, which the caller frees. */
__attribute__((format(printf, 2, 3))) gradus_status gr_format_text(char **out, const char *format, ...);

#endif
