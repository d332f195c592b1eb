/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine holds a data set and a network's parameters, and answers two questions about a range of the samples: what
 * is the gradient of the loss (with the summed loss and the number correct), and what are the probabilities. The
 * training loop knows nothing else of how it is computed.
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

/* Slots that lie side by side, of the ring of METRIC_SLOTS in which update() notes the sums that belong to its gradient; step
 * 0 is the first since write_parameters(). */
typedef struct sums_range {
    unsigned first, count;
} sums_range;

/* How many ranges may be on their way to the host. */
#define SUMS_UNDER_WAY 4

typedef struct engine engine;

/* What a training goes on from. The arrays (layout.length) have the layout of the network and the engine's own precision, so
 * nothing is lost; one that is NULL is left alone. */
typedef enum state_array {
    STATE_PARAMETERS,
    STATE_KEPT,  /* parameters set aside */
    STATE_FIRST, /* moments; NULL where the optimizer has none */
    STATE_SECOND,
    STATE_ARRAYS,
} state_array;

typedef struct engine_state {
    size_t steps; /* taken since write_parameters(), of a state that is written; reading leaves it alone */
    void *arrays[STATE_ARRAYS];
} engine_state;

/* Steps of the engine's batch size over samples first .. end - 1 of the order, of which the last may be shorter. */
typedef struct step_run {
    size_t first, end;
    const update_step *steps; /* one each, at most METRIC_SLOTS */
    size_t count;
    bool keep; /* sets the parameters aside before the last update, as keep_parameters() does */
} step_run;

typedef struct engine_type {
    const char *name;
    bool needs_device;
    bool in_double; /* its state is doubles, not floats */

    /* Names what of a training, which `base` describes, the engine cannot do, "max-norm with mini-batches"; NULL if it can
     * do all of it. No such member: it can do everything. */
    const char *(*unsupported)(const engine *base, const gradus_device *device);
    gradus_status (*create)(const engine *base, gradus_device *device, engine **out);

    /* Parameters (layout.length floats) in and out. */
    gradus_status (*write_parameters)(engine *e, const float *parameters);
    gradus_status (*read_parameters)(engine *e, float *parameters);

    /* Reading waits for what is queued; what was written is gone on from as if the engine had taken the steps itself. The
     * order of samples is no part of it. */
    gradus_status (*read_state)(engine *e, const engine_state *state);
    gradus_status (*write_state)(engine *e, const engine_state *state);

    /* Of engines that were made for batches: from now on sample i of a range is the data set's sample that the
     * permutation sends i to. gradient() takes it augmented, as in the epoch whose order it is; with the identity, as which an
     * engine begins, and in evaluate() samples are as they are. NULL: this engine computes whole data sets only. */
    gradus_status (*shuffle)(engine *e, const permutation *order);

    /* These return when the work is queued, which may be before it is done. gradient() computes the mean gradient over
     * samples first .. first + count - 1 and their sums; update() takes a step with it, and
     * may change it. evaluate() computes the sums alone, of the network as it is: without dropout and label smoothing; the
     * gradient is undefined afterwards. */
    gradus_status (*gradient)(engine *e, size_t first, size_t count);
    gradus_status (*update)(engine *e, const update_step *step);
    gradus_status (*evaluate)(engine *e, size_t first, size_t count);

    /* gradient() and update() for each step of a run, in few launches; NULL: there is nothing to be gained. A training takes
     * all its steps so or none, since the sums' order may differ. */
    gradus_status (*take_steps)(engine *e, const step_run *run);

    /* Between gradient() and update(): sets the parameters aside, unless the loss just computed or that of an earlier
     * step is not finite. And brings back what was set aside last. Both are queued. */
    gradus_status (*keep_parameters)(engine *e);
    gradus_status (*restore_parameters)(engine *e);

    /* Queues the transfer of the steps' sums in `range`; and waits until those have arrived. Several ranges may be on
     * their way, each with a place of its own below SUMS_UNDER_WAY. Steps queued in the meantime must leave the slots
     * alone. */
    gradus_status (*send_sums)(engine *e, unsigned place, sums_range range);
    gradus_status (*await_sums)(engine *e, unsigned place, sums_range range, batch_sums *sums);

    /* Waits, then gives the sums of the last gradient() or evaluate(), or the gradient (layout.length floats). */
    gradus_status (*read_sums)(engine *e, batch_sums *sums);
    gradus_status (*read_gradient)(engine *e, float *gradient);

    /* Probabilities (C x B) of all samples; a data set without labels will do. Not of engines made for batches. */
    gradus_status (*probabilities)(engine *e, float *out);

    /* For gr_engine_describe(); NULL: there was nothing to decide. */
    void (*describe)(const engine *e, char *text, size_t size);
    void (*destroy)(engine *e);
} engine_type;

/* What all engines begin with. The data set must outlive the engine. */
struct engine {
    const engine_type *type;
    gradus_network network;
    parameter_layout layout;
    const gradus_dataset *dataset;
    size_t threads; /* of engines without a device; 0: as many as may be used, which "blas" replaces by their number */
    size_t batch;   /* samples that gradient() is asked for; 0: all, in their order */
    optimizer optimizer;
    regularization regularization;
    augmentation augmentation; /* of the samples of batches */
    char choice[160]; /* how it was found to be the fastest, "fused (0.11 ms; sparse 0.24 ms)"; "": nobody measured */
};

/* Whether nothing but a ReLU stands between two layers; kernels have that built in. */
static inline bool gr_engine_is_plain(const engine *e)
{
    return e->network.activation == GRADUS_RELU && e->regularization.dropout == 0;
}

/* What of the training the engine does not support, NULL if it supports all of it. */
const char *gr_engine_unsupported(const engine_type *type, const engine *base, const gradus_device *device);

/* What a training asks of an engine. All zero: plain gradient descent on the whole data set. */
typedef struct engine_settings {
    size_t threads; /* of engines without a device; 0: as many as may be used */
    size_t batch;   /* samples of a mini-batch; 0: all */
    optimizer optimizer;
    regularization regularization;
    augmentation augmentation; /* checked; only of mini-batches */
} engine_settings;

/* Creates an engine for samples that fit the network: as many features, no label without a class. DATA if not; ARGUMENT for
 * what this engine does not support. */
gradus_status gr_engine_create_with(const engine_type *type, const engine_settings *settings, gradus_device *device,
                                    const gradus_network *network, const gradus_dataset *dataset, engine **out);

/* The same for plain gradient descent on the whole data set. */
gradus_status gr_engine_create(const engine_type *type, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset, engine **out);

/* How the engine, and who chose it, have decided to compute: lines that each end with "\n", or "". */
void gr_engine_describe(const engine *e, char *text, size_t size);

/* NULL-safe. */
void gr_engine_destroy(engine *e);

#endif
