/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" for full batches with kernels for CPUs, any width and depth: one pass over X computes Z1 to dZ1 and
 * accumulates all gradients, a tile of samples at a time, each core on its own share; then one launch adds up the
 * shares and one updates. kernels/fused_cpu/fused_cpu.clh describes the kernels and the division of the work.
 */
#ifndef GRADUS_ENGINE_FUSED_CPU_H
#define GRADUS_ENGINE_FUSED_CPU_H

#include "engine/common/engine.h"

/* With the form of the first layer that should be fastest. */
extern const engine_type gr_fused_cpu;

/* With one form (first_forms.h), even if another one should be faster. */
extern const engine_type gr_fused_groups;
extern const engine_type gr_fused_elements;
extern const engine_type gr_fused_dense;
extern const engine_type gr_fused_wide;

#endif
