/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine has a data set and a network's parameters, and computes two things for a range of the samples: the gradient
 * of the loss (with the summed loss and the number correct), and the probabilities. The training loop does not depend
 * on how they are computed.
 */
#ifndef GRADUS_ENGINE_ENGINE_H
#define GRADUS_ENGINE_ENGINE_H

#include "common/step_progress.h"
#include "core/permutation.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "engine/common/dropout.h"
#include "engine/common/optimizer.h"

/* Sums over the samples of one gradient() call. */
typedef struct batch_sums {
    double loss;    /* sum of the cross-entropies */
    double correct; /* number of samples classified correctly */
} batch_sums;

/* Contiguous slots of the ring of METRIC_SLOTS in which update() stores the sums that belong to its gradient; step 0 is
 * the first since write_parameters(). */
typedef struct sums_range {
    unsigned first, count;
} sums_range;

/* The largest number of ranges that may be in transfer to the host. */
#define SUMS_UNDER_WAY 4

typedef struct engine engine;

/* The state that a training continues from. The arrays (layout.length) have the layout of the network and the engine's
 * own precision, so nothing is lost; one that is NULL is ignored. */
typedef enum state_array {
    STATE_PARAMETERS,
    STATE_KEPT,  /* kept parameters */
    STATE_FIRST, /* moments; NULL if the optimizer has none */
    STATE_SECOND,
    STATE_ARRAYS,
} state_array;

typedef struct engine_state {
    size_t steps; /* done since write_parameters(), in a state that is written; reading does not set it */
    void *arrays[STATE_ARRAYS];
} engine_state;

/* Steps with the engine's batch size over samples first .. end - 1 of the order; the last one may be shorter. Without
 * batches each step is over all of these samples. */
typedef struct step_run {
    size_t first, end;
    const update_step *steps; /* one each, at most METRIC_SLOTS */
    size_t count;
    bool keep; /* keeps the parameters before the last update, as keep_parameters() does */
} step_run;

typedef struct engine_type {
    const char *name;
    bool needs_device;
    bool in_double; /* the state consists of doubles, not floats */

    /* Names what the engine does not support of the training that `base` describes, as in "max-norm with mini-batches";
     * NULL if it supports everything. Without this member an engine supports every training. */
    const char *(*unsupported)(const engine *base, const gradus_device *device);
    gradus_status (*create)(const engine *base, gradus_device *device, engine **out);

    /* Parameters (layout.length floats) in and out. */
    gradus_status (*write_parameters)(engine *e, const float *parameters);
    gradus_status (*read_parameters)(engine *e, float *parameters);

    /* Reading waits for all queued work. After writing, the engine continues as if it had done the steps itself. The
     * order of samples is not part of the state. */
    gradus_status (*read_state)(engine *e, const engine_state *state);
    gradus_status (*write_state)(engine *e, const engine_state *state);

    /* For engines that were created for batches: from now on sample i of a range is element i of the permutation.
     * gradient() augments it, as in the epoch of the order. With the identity, the initial order, and in evaluate(),
     * samples are not augmented. NULL: this engine supports only full batches. */
    gradus_status (*shuffle)(engine *e, const permutation *order);

    /* These return when the work is queued, which may be before it is done. gradient() computes the mean gradient over
     * samples first .. first + count - 1 and their sums; update() does a step with it, and may change it. evaluate()
     * computes only the sums, without dropout and label smoothing; the gradient is undefined afterwards. */
    gradus_status (*gradient)(engine *e, size_t first, size_t count);
    gradus_status (*update)(engine *e, const update_step *step);
    gradus_status (*evaluate)(engine *e, size_t first, size_t count);

    /* gr_engine_take_steps() in few launches; NULL: that would not be faster. A training does
     * all its steps in this way or none, because the order of sums may differ. */
    gradus_status (*take_steps)(engine *e, const step_run *run);

    /* Between gradient() and update(): keeps a copy of the parameters, unless the current loss or that of an earlier
     * step is not finite; and restores the kept copy. Both are queued. */
    gradus_status (*keep_parameters)(engine *e);
    gradus_status (*restore_parameters)(engine *e);

    /* Queues the transfer of the steps' sums in `range`; and waits until they have arrived. Several ranges may be in
     * transfer, each with its own `place` below SUMS_UNDER_WAY. Steps queued in the meantime must not use these
     * slots. */
    gradus_status (*send_sums)(engine *e, unsigned place, sums_range range);
    gradus_status (*await_sums)(engine *e, unsigned place, sums_range range, batch_sums *sums);

    /* Waits, then returns the sums of the last gradient() or evaluate(), or the gradient (layout.length floats). */
    gradus_status (*read_sums)(engine *e, batch_sums *sums);
    gradus_status (*read_gradient)(engine *e, float *gradient);

    /* Probabilities (C x B) of all samples; needs no labels. Not for engines that were created for batches. */
    gradus_status (*probabilities)(engine *e, float *out);

    /* For gr_engine_describe(); NULL: the engine had nothing to decide. */
    void (*describe)(const engine *e, char *text, size_t size);
    void (*destroy)(engine *e);
} engine_type;

/* The first member of all engines. The data set must outlive the engine. */
struct engine {
    const engine_type *type;
    gradus_network network;
    parameter_layout layout;
    const gradus_dataset *dataset;
    size_t threads; /* of engines without a device; 0: as many as may be used, "blas" stores the number here */
    size_t batch;   /* samples of a gradient() call; 0: all, in file order */
    optimizer optimizer;
    regularization regularization;
    augmentation augmentation; /* of the samples of batches */
    const volatile int *stop;  /* creation ends measurements once *stop is not 0; NULL: never */
    char choice[160];   /* the measurements by which it was chosen, "fused (0.11 ms; sparse 0.24 ms)"; "": none */
    char refusals[512]; /* why others could not be created: lines, "engine fused cannot be used: ...", or "" */
};

/* Whether there is only a ReLU between two layers; kernels have it built in. */
static inline bool gr_engine_is_plain(const engine *e)
{
    return e->network.activation == GRADUS_RELU && e->regularization.dropout == 0;
}

/* What the engine does not support of the training; NULL if it supports everything. */
const char *gr_engine_unsupported(const engine_type *type, const engine *base, const gradus_device *device);

/* The settings of an engine for a training. All zero: plain gradient descent with full batches. */
typedef struct engine_settings {
    size_t threads; /* of engines without a device; 0: as many as may be used */
    size_t batch;   /* samples of a mini-batch; 0: all */
    optimizer optimizer;
    regularization regularization;
    augmentation augmentation; /* checked; only for mini-batches */
    const volatile int *stop;  /* ends measurements soon once *stop is not 0; NULL: never */
} engine_settings;

/* The `base` of create() and unsupported(), without a type. DATA unless the samples fit the network, as below. */
gradus_status gr_engine_describe_training(const engine_settings *settings, const gradus_network *network,
                                          const gradus_dataset *dataset, engine *out);

/* Creates an engine. DATA unless the samples fit the network: its number of features, and no label without a class.
 * ARGUMENT for a training that this engine does not support. */
gradus_status gr_engine_create_with(const engine_type *type, const engine_settings *settings, gradus_device *device,
                                    const gradus_network *network, const gradus_dataset *dataset, engine **out);

/* The same for plain gradient descent with full batches. */
gradus_status gr_engine_create(const engine_type *type, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset, engine **out);

typedef struct sample_range {
    size_t first, count;
} sample_range;

/* The samples of step i of a run. */
static inline sample_range gr_step_samples(const engine *e, const step_run *run, size_t i)
{
    const size_t first = run->first + i * e->batch, left = run->end - first;
    return (sample_range){first, e->batch > 0 && e->batch < left ? e->batch : left};
}

/* Queues the steps of a run, by take_steps() if the engine has it. */
gradus_status gr_engine_take_steps(engine *e, const step_run *run);

/* The decisions of the engine, and of its choice: lines that each end with "\n", or "". */
void gr_engine_describe(const engine *e, char *text, size_t size);

/* NULL-safe. */
void gr_engine_destroy(engine *e);

#endif
