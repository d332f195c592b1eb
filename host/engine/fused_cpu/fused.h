/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused": one pass over X computes Z1 through dZ1 and accumulates all gradients, a tile of samples at a time,
 * each core or work-group on its own share; then one launch adds up the shares and one updates. This is its state;
 * fused.c runs it. There are two sets of kernels, chosen by device->kernels:
 *
 * For CPUs, any width and depth: on compressed X (groups.h), with a work-item per core. fused_plan.c makes it, the
 * kernels and how they divide the work are in kernels/fused_cpu/fused_cpu.cl.
 * For GPUs, narrow layers: on the bytes of X, with work-groups and local memory. fused_gpu.c makes it by the plan of
 * fused_gpu_plan.c; the kernels are in kernels/fused_gpu/fused_gpu.cl.
 */
#ifndef GRADUS_ENGINE_FUSED_H
#define GRADUS_ENGINE_FUSED_H

#include "core/memory.h"
#include "engine/compressed/compressed.h"
#include "engine/opencl/device_engine.h"
#include "fused_cpu/first_layer.h"

/* How the pass goes about the products that touch X: the files first_*.clh. FIRST_GPU is the GPU's, FIRST_BATCH the one
 * of mini-batches (fused_batch.c). */
typedef int first_layer;
#define FIRST_GPU FIRST_CPU_LAYERS
#define FIRST_BATCH (FIRST_GPU + 1)
#define FIRST_LAYERS 6

/* What fused_pass is asked for; the numbers are the kernel's. */
typedef enum fused_mode { FUSED_GRADIENT = 0, FUSED_EVALUATE = 1, FUSED_PROBABILITIES = 2 } fused_mode;

/* And for which samples: first .. end - 1. */
typedef struct fused_range {
    cl_mem probabilities; /* (C x B), for FUSED_PROBABILITIES only, else NULL */
    size_t first, end;
    fused_mode mode;
} fused_range;

typedef struct fused {
    device_engine common;
    fused_range current; /* that the launches are set for; end 0: none */
    first_layer first;
    group_shape shape;    /* of X on a CPU; for FIRST_DENSE and FIRST_WIDE every group of a sample counts */
    size_t work_items;    /* shares of the pass on a CPU */
    compressed x;         /* X; if not compressed its values are all bytes, and the rest is NULL */
    cl_mem place_feature; /* (lanes x groups), CPU */
    cl_mem feature_place; /* (F), CPU */
    cl_mem labels;        /* (B), on a CPU (tiles * tile); NULL for a data set without labels */
    cl_mem scratch;       /* the work-items' own memory and partial sums; of a GPU, partial sums of the work-groups */
    cl_mem kept;          /* dZ1, where the GPU's pass needs it again */
    cl_program program;   /* built for this network */
    launch fused_pass, fused_reduce;
    launch fused_forward; /* a GPU's pass without gradients */
    size_t batch_units;   /* of mini-batches: units of a block of packed W1 */
    cl_mem order;         /* (B), likewise: of the samples */
    cl_mem factors;       /* (3 x METRIC_SLOTS): learning rate and corrections of steps, a ring */
    float *factors_sent;  /* (3 x METRIC_SLOTS), the same on the host, while it is on its way */
    size_t factors_next;  /* step of the ring */
    cl_mem augment_plan;  /* of mini-batches that are augmented, and what they are made of: X (F x B) as bytes */
    cl_mem images;        /* likewise */
    launch shuffle_samples, fused_batch_steps;
} fused;

/* Builds the kernels for the network, uploads the data set, prepares the launches. */
gradus_status gr_fused_create(const engine *base, gradus_device *device, engine **out);
void gr_fused_destroy(engine *e);

/* The engine with one first layer, whatever would be fastest; for checks and tests. Indexed by first_layer. */
extern const engine_type gr_fused_variants[FIRST_LAYERS];
gradus_status gr_fused_create_with(const engine *base, gradus_device *device, first_layer first, engine **out);
gradus_status gr_fused_gpu_create(const engine *base, gradus_device *device, engine **out);

/* ---- The constants of a program for CPUs (fused_plan.c) ---- */

typedef struct fused_constants {
    size_t lanes;                   /* floats of a vector */
    size_t unit_block, unit_blocks; /* how first_*.clh divides the first layer's units */
    size_t packed;                  /* floats of W1 as it packs it */
    size_t activations_at[GRADUS_LAYERS_MAX], dz_at[GRADUS_LAYERS_MAX]; /* floats from the begin of a scratch */
    size_t spare_at, spare_forward_at, pixels_at, numbers_at, input_bias_at, augmented_at;
    size_t scratch; /* floats of a work-item */
} fused_constants;

/* By e's first layer, shape of X, and layout of the parameters. */
fused_constants gr_fused_make_constants(const fused *e, size_t lanes);
gradus_status gr_fused_build_program(fused *e, const fused_constants *plan);

/* ---- Mini-batches (fused_batch.c) ---- */

gradus_status gr_fused_batch_create(const engine *base, gradus_device *device, engine **out);

/* Floats of a work-item's scratch for the samples of a tile. */
size_t gr_fused_batch_floats(const fused *e);

/* ---- Their parameters (fused_packed.c) ---- */

typedef struct packing {
    size_t block_units; /* units of a block */
    size_t padded;      /* units, padded to whole blocks */
} packing;

packing gr_fused_packing(const gradus_network *network, size_t lanes);

/* The usual layout with packed W1 at its begin. */
parameter_layout gr_fused_packed_layout(const engine *base, const packing *p);

/* These serve as members of an engine_type. */
gradus_status gr_fused_packed_write_parameters(engine *base, const float *parameters);
gradus_status gr_fused_packed_read_parameters(engine *base, float *parameters);
gradus_status gr_fused_packed_read_gradient(engine *base, float *gradient);
gradus_status gr_fused_packed_read_state(engine *base, const engine_state *state);
gradus_status gr_fused_packed_write_state(engine *base, const engine_state *state);

/* ---- Their augmentation (fused_images.c); without it these do nothing ---- */

/* Bytes of a sample's image. */
double gr_fused_image_bytes(const fused *e);

/* Floats of a work-item's scratch for the augmented images of a tile. */
size_t gr_fused_augmented_floats(const fused *e);

/* Makes e->augment_plan and e->images. */
gradus_status gr_fused_images_upload(fused *e);

/* Sets the launches for the order's epoch. */
gradus_status gr_fused_images_set_epoch(fused *e, const permutation *order);

/* ---- X (fused_upload.c) ---- */

/* The first layer that should be fastest for these data and this network, by the number of operations it takes. */
gradus_status gr_fused_choose(const gradus_dataset *dataset, size_t units, size_t lanes, first_layer *out);

/* Sets e->shape for e->first and vectors of `lanes` floats. */
gradus_status gr_fused_measure(fused *e, size_t lanes);

/* Bytes that X takes in that shape: in all, and of the largest buffer. */
size_t gr_fused_pixel_bytes(const fused *e, size_t *largest);

/* Uploads X, the order of pixels and the labels. */
gradus_status gr_fused_upload(fused *e);

/* first_wide.clh works on blocks of so many rows by two vectors of columns, which fill 12 vector registers with sums.
 * Units are the rows forward and the columns backward, where so many are needed. */
#define WIDE_ROWS 6
static inline size_t gr_fused_wide_columns(size_t units, size_t lanes)
{
    return gr_divide_up(units, 2 * lanes) * 2 * lanes;
}

#endif
