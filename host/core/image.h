/* SPDX-License-Identifier: Apache-2.0 */
/* The size of a sample's image if only its number of features is known. */
#ifndef GRADUS_CORE_IMAGE_H
#define GRADUS_CORE_IMAGE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* A square if F is a square number, as in most image sets; otherwise one row, F x 1. */
static inline void gr_default_image(size_t features, size_t *width, size_t *height)
{
    const size_t side = (size_t)(sqrt((double)features) + 0.5);
    const bool square = side * side == features;
    *width = square ? side : features;
    *height = square ? side : 1;
}

#endif
