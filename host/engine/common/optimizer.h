/* SPDX-License-Identifier: Apache-2.0 */
/* The optimizers of kernels/common/optimizers.h: their coefficients for update(), and their formulas on the host. */
#ifndef GRADUS_ENGINE_OPTIMIZER_H
#define GRADUS_ENGINE_OPTIMIZER_H

#include "common/optimizer_arguments.h"
#include "common/optimizers.h"
#include "net/network.h"

typedef enum optimizer_kind optimizer_kind;

/* ARGUMENT for an unknown name or a number out of its range. NULL is plain sgd. */
gradus_status gr_optimizer_make(const gradus_optimizer *options, optimizer *out);

bool gr_optimizer_has_first_moment(const optimizer *o);
bool gr_optimizer_has_second_moment(const optimizer *o);

/* Whether its formula has these coefficients. */
bool gr_optimizer_has_momentum(const optimizer *o);
bool gr_optimizer_has_decay(const optimizer *o);

/* The coefficients of step t, counted from 1. */
update_step gr_optimizer_step(const optimizer *o, float learning_rate, uint64_t t);

/* One step of all parameters p (layout.length) with their gradient g, which is clipped in place; first and second are
 * the moments, of the same length, or NULL if the optimizer has none. */
void gr_optimizer_update_float(const optimizer *o, const update_step *step, const gradus_network *network,
                               const parameter_layout *layout, float *p, float *g, float *first, float *second);
void gr_optimizer_update_double(const optimizer *o, const update_step *step, const gradus_network *network,
                                const parameter_layout *layout, double *p, double *g, double *first, double *second);

#endif
