/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" on a full batch with kernels for CPUs, any width and depth: one pass over X computes Z1 through dZ1 and
 * accumulates all gradients, a tile of samples at a time, each core on its own share; then one launch adds up the shares and
 * one updates. The kernels and how they divide the work are in kernels/fused_cpu/fused_cpu.clh.
 */
#ifndef GRADUS_ENGINE_FUSED_CPU_H
#define GRADUS_ENGINE_FUSED_CPU_H

#include "engine/common/engine.h"

/* With the first layer in the form that should be fastest. */
extern const engine_type gr_fused_cpu;

/* In one form (first_forms.h), whatever would be fastest. */
extern const engine_type gr_fused_groups;
extern const engine_type gr_fused_elements;
extern const engine_type gr_fused_dense;
extern const engine_type gr_fused_wide;

#endif
