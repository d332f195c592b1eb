/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: writing the state of a run, and resuming a run from it. */
#ifndef GRADUS_TRAIN_CHECKPOINT_H
#define GRADUS_TRAIN_CHECKPOINT_H

#include "engine/common/engine.h"
#include "train/checkpoint_file.h"
#include "train/checkpoint_folder.h"
#include "train/plan/training_plan.h"

typedef struct run run;

typedef struct checkpoints {
    const gradus_checkpoints *options;
    checkpoint_folder folder; /* without a path there are no checkpoints */
    json_t *configuration;    /* of this run; see configuration.h */
    checkpoint_file found;    /* the one to resume from; without bytes: none */
    char *machine;            /* device, driver and threads, on which the last bits depend too */
    char *notes;              /* for gradus_train_start; NULL: none */
    engine_state state;       /* memory for the engine's state */
    size_t saved;             /* iterations of the last one written or resumed from */
} checkpoints;

/* Opens the folder and, to resume, finds the newest checkpoint that is not damaged. ARGUMENT if it belongs to another run.
 * gr_checkpoints_close() must follow in every case. */
gradus_status gr_checkpoints_open(checkpoints *c, const gradus_train_options *options, const training_plan *plan,
                                  const gradus_model *model, const gradus_dataset *dataset);
void gr_checkpoints_close(checkpoints *c);

/* The engine to use: the requested one, or for "auto" the one that the checkpoint names. */
gradus_status gr_checkpoints_engine(const checkpoints *c, const char *asked, const char **name);

/* Sets a run that has done no step to the state of the checkpoint, if one was found, and calls options->start. Engine
 * and early stopping must be set up. device is that of the engine, or NULL. */
gradus_status gr_checkpoints_resume(checkpoints *c, run *r, const gradus_device *device);

/* Writes a checkpoint of the run. All queued iterations must have been recorded. Writes nothing if the last checkpoint
 * is of the same iteration, or if a parameter is not finite: then the next step ends the run. */
gradus_status gr_checkpoints_save(checkpoints *c, run *r);

#endif
