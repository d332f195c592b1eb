/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine holds a data set and a network's parameters, and answers two questions about a range of the samples: what
 * is the gradient of the loss (with the summed loss and the number correct), and what are the probabilities. The
 * training loop knows nothing else of how it is computed.
 */
#ifndef GRADUS_ENGINE_ENGINE_H
#define GRADUS_ENGINE_ENGINE_H

#include "data/dataset.h"
#include "net/network.h"

/* Sums over the samples of one gradient() call. */
typedef struct batch_sums {
    double loss;    /* sum of the cross-entropies */
    double correct; /* number of samples classified correctly */
} batch_sums;

/* gradient() writes its sums to one of so many slots, which are read together once somebody wants them. */
#define METRIC_SLOTS 256

typedef struct engine engine;

typedef struct engine_type {
    const char *name;
    bool needs_device;
    gradus_status (*create)(const engine *base, gradus_device *device, engine **out);

    /* Parameters (layout.length floats) in and out. */
    gradus_status (*write_parameters)(engine *e, const float *parameters);
    gradus_status (*read_parameters)(engine *e, float *parameters);

    /* Computes the mean gradient over samples first .. first + count - 1 and their sums into slot `slot`. Returns when
     * the work is queued, which may be before it is done. */
    gradus_status (*gradient)(engine *e, size_t first, size_t count, unsigned slot);
    gradus_status (*update)(engine *e, float learning_rate);

    /* The sums alone. The gradient is undefined afterwards. */
    gradus_status (*evaluate)(engine *e, size_t first, size_t count, unsigned slot);

    /* Sets the parameters aside, and brings back what was set aside last. */
    gradus_status (*keep_parameters)(engine *e);
    gradus_status (*restore_parameters)(engine *e);

    /* Returns when all queued work is done. */
    gradus_status (*finish)(engine *e);

    /* Waits, then gives slots 0 .. count - 1, or the gradient (layout.length floats). */
    gradus_status (*read_sums)(engine *e, unsigned count, batch_sums *sums);
    gradus_status (*read_gradient)(engine *e, float *gradient);

    /* Probabilities (C x B) of all samples; a data set without labels will do. */
    gradus_status (*probabilities)(engine *e, float *out);
    void (*destroy)(engine *e);
} engine_type;

/* What all engines begin with. The data set must outlive the engine. */
struct engine {
    const engine_type *type;
    gradus_network network;
    parameter_layout layout;
    const gradus_dataset *dataset;
};

extern const engine_type gr_engine_reference;
extern const engine_type gr_engine_layered;
extern const engine_type gr_engine_fused;
extern const engine_type gr_engine_blas; /* in builds with OpenBLAS only */

/* The engine of this name; "auto", or NULL, takes fused on a device, without one blas, or reference where there is no
 * BLAS. ARGUMENT for other names and for an engine that needs a device and gets none. */
gradus_status gr_engine_find(const char *name, const gradus_device *device, const engine_type **out);

/* Creates an engine for samples that fit the network: as many features, no label without a class. DATA if not. */
gradus_status gr_engine_create(const engine_type *type, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset, engine **out);

/* Both in one. "auto" makes do with layered where fused needs more memory than there is, and on GPUs takes it for wide
 * layers. */
gradus_status gr_engine_open(const char *name, gradus_device *device, const gradus_network *network,
                             const gradus_dataset *dataset, engine **out);

/* NULL-safe. */
void gr_engine_destroy(engine *e);

#endif
