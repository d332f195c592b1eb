/* SPDX-License-Identifier: Apache-2.0 */
/* Which candidate serves a product on a device: measured once, remembered in the user's cache. */
#ifndef GRADUS_ENGINE_PRODUCT_CHOOSE_H
#define GRADUS_ENGINE_PRODUCT_CHOOSE_H

#include "engine/product/product.h"

/* The family of our own kernels for the device's kind of kernels. */
const product_family *gr_product_own(const gradus_device *device);

/* Its candidates, the likely best first, and CLBlast as the last. Returns their number. */
size_t gr_product_list(const gradus_device *device, const product_shape *shape, product_effort effort,
                       product_candidate out[PRODUCT_CANDIDATES]);

typedef struct product_choice {
    product_candidate candidate;
    double seconds;       /* that it took; 0: it was not measured */
    double other_seconds; /* that the best of the other kind took, own kernels or CLBlast; 0: not measured */
} product_choice;

/*
 * What device->products asks for: our own kernels' default, or CLBlast, or the fastest. For the latter, an entry in the
 * cache is taken as it is; without one, the candidates that are worth it are measured and the result written there.
 */
gradus_status gr_product_choose(gradus_device *device, const product_shape *shape, product_choice *out);

/* How thorough a measurement is. */
typedef struct product_measure_limits {
    double operations; /* floating-point operations; for products that have more, fewer samples are taken */
    double seconds;    /* if the product would take longer, it is run but once */
} product_measure_limits;

/* Seconds that the product takes with the candidate: the shortest of a few runs after one for the compiler. Infinite for
 * a candidate that the device refuses. */
gradus_status gr_product_measure(gradus_device *device, const product_shape *shape, const product_candidate *candidate,
                                 const product_measure_limits *limits, double *seconds);

/* Keeps in *best the faster one, of which the time is known, and the loser's time if it is of the other kind. */
void gr_product_compete(product_choice *best, const product_candidate *candidate, double seconds);

/* Writes a choice to the cache. */
gradus_status gr_product_remember(gradus_device *device, const product_shape *shape, const product_choice *choice);

/* "weight gradient 784-128, 41000 samples, pixels": a product's name, in the cache too. */
#define PRODUCT_KEY 96
void gr_product_key(const product_shape *shape, char key[PRODUCT_KEY]);

/* "forward 784-128, 41000 samples, pixels, relu: own gpu 64x64x16 4x4 (1.90 ms; clblast 44.0 ms)" */
#define PRODUCT_CHOICE_TEXT 160
void gr_product_describe(const product_shape *shape, const product_choice *choice, char text[PRODUCT_CHOICE_TEXT]);

#endif
