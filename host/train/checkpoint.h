/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of a run: written at its halts, and a run put back to where one was. */
#ifndef GRADUS_TRAIN_CHECKPOINT_H
#define GRADUS_TRAIN_CHECKPOINT_H

#include "engine/common/engine.h"
#include "train/checkpoint_file.h"
#include "train/checkpoint_folder.h"
#include "train/course.h"

typedef struct run run;

typedef struct checkpoints {
    const gradus_checkpoints *options;
    checkpoint_folder folder; /* without a path there are no checkpoints */
    json_t *recipe;           /* recipe.h */
    checkpoint_file found;    /* that the run goes on from; without bytes: none */
    char *machine;            /* what beside the recipe the last bits depend on, as text */
    char *notes;              /* for gradus_train_start; NULL: none */
    engine_state state;       /* room for the engine's */
    size_t saved;             /* iterations of the last one that was written or taken */
} checkpoints;

/* Opens the folder and, to resume, finds the newest checkpoint that is not damaged. ARGUMENT if it is of another run. After
 * a failure, too, close must follow. */
gradus_status gr_checkpoints_open(checkpoints *c, const gradus_train_options *options, const course *plan,
                                  const gradus_model *model, const gradus_dataset *dataset);
void gr_checkpoints_close(checkpoints *c);

/* Who computes: as asked for, but in place of "auto" who has done so before. */
gradus_status gr_checkpoints_engine(const checkpoints *c, const char *asked, const char **name);

/* Puts a run that has an engine and a judge, but no step behind it, to where the checkpoint is that was found, if one was, and
 * tells options->start. device is that of the engine, or NULL. */
gradus_status gr_checkpoints_resume(checkpoints *c, run *r, const gradus_device *device);

/* Writes a checkpoint of the run, of which nothing may be queued that was not looked at, unless there is one already. None
 * is written of parameters that are not finite, with which the next step ends the run. */
gradus_status gr_checkpoints_save(checkpoints *c, run *r);

#endif
