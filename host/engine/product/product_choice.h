/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the candidate for a product on a device: measured once, stored in the user's cache. */
#ifndef GRADUS_ENGINE_PRODUCT_CHOOSE_H
#define GRADUS_ENGINE_PRODUCT_CHOOSE_H

#include "engine/product/product.h"

/* The family of gradus's own kernels for the device's kind of kernels. */
const product_family *gr_product_own(const gradus_device *device);

/* Its candidates, the probably best first, those for tensor cores, and CLBlast as the last. Returns their number. */
size_t gr_product_list(const gradus_device *device, const product_shape *shape, product_effort effort,
                       product_candidate out[PRODUCT_CANDIDATES]);

typedef struct product_choice {
    product_candidate candidate;
    double seconds;       /* its time; 0: it was not measured */
    double other_seconds; /* the time of the best of the other kind, own kernels or CLBlast; 0: not measured */
} product_choice;

/*
 * Chooses by device->products: the default of gradus's own kernels, or CLBlast, or the fastest. The fastest is an entry
 * of the cache; without one, promising candidates are measured and the result is written there.
 */
gradus_status gr_product_choose(gradus_device *device, const product_shape *shape, product_choice *out);

/* How thorough a measurement is. */
typedef struct product_measure_limits {
    double operations; /* floating-point operations; for larger products fewer samples are used */
    double seconds;    /* a product that takes longer is run only once */
} product_measure_limits;

/* Time of the product with the candidate: the shortest of a few runs after one for the compiler. Infinite for a
 * candidate that the device refuses, or computes wrongly (gr_product_prove()). */
gradus_status gr_product_measure(gradus_device *device, const product_shape *shape, const product_candidate *candidate,
                                 const product_measure_limits *limits, double *seconds);

/* Keeps the faster one in *best, and the time of the slower one if it is of the other kind. */
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
