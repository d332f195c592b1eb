/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenCL that computes nothing: its devices are the described GPUs of gpu_model.h. It stands in for the real one in
 * a test program that links it, and records what a host asks for: the programs that it builds, with their options, and
 * the launches. So the very programs that a GPU's driver would get are known without the GPU.
 */
#ifndef GRADUS_TESTS_FAKE_OPENCL_H
#define GRADUS_TESTS_FAKE_OPENCL_H

#include "device/gpu_model.h"
#include <stdio.h>

/* The compilers' name for a described GPU: "sm_90", "gfx90a", "dg2". */
const char *fake_target(const char *key);

/* From now on each new program is a file in this folder, <number>.cl. The numbers count from 0; a program that was built
 * before with the same options for the same device keeps its number. */
void fake_programs_to(const char *folder);

typedef struct fake_program {
    const gpu_description *gpu;
    char *source, *options;
} fake_program;

/* Program `number`; NULL after the last. */
const fake_program *fake_program_at(size_t number);

typedef struct fake_launch {
    size_t program; /* its number */
    char kernel[64];
    size_t items, groups; /* work-items of a work-group, work-groups */
    size_t count;         /* of launches like this */
} fake_launch;

/* Forgets all launches; and the launches since then, NULL after the last. Like ones are one entry. */
void fake_launches_clear(void);
const fake_launch *fake_launch_at(size_t index);

#endif
