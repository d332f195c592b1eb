/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a run's checkpoints: step-000000000500.safetensors for each number of steps. */
#ifndef GRADUS_TRAIN_CHECKPOINT_FOLDER_H
#define GRADUS_TRAIN_CHECKPOINT_FOLDER_H

#include "core/status.h"

typedef struct checkpoint_folder {
    const char *path; /* owned by the caller; NULL: no folder */
    int lock;         /* descriptor that holds the folder's lock while it is open */
} checkpoint_folder;

/* Creates the folder if it does not exist, locks it, and removes unfinished files of a process that was killed. OUTPUT if
 * that fails or another process still holds the lock after 2 seconds. */
gradus_status gr_checkpoint_folder_open(const char *path, checkpoint_folder *out);
void gr_checkpoint_folder_close(checkpoint_folder *folder);

/* The steps of its checkpoints, complete or damaged, the newest first. The caller frees the list; NULL if there are
 * none. */
gradus_status gr_checkpoint_folder_list(const checkpoint_folder *folder, size_t **steps, size_t *count);

/* The path of the checkpoint after `steps` steps, which the caller frees. */
gradus_status gr_checkpoint_folder_name(const checkpoint_folder *folder, size_t steps, char **path);

/* Removes all but the newest `keep` of the checkpoints with at most `steps` steps; 0 keeps all. Checkpoints with more
 * steps are damaged ones that were skipped, and do not count. */
gradus_status gr_checkpoint_folder_prune(const checkpoint_folder *folder, size_t steps, size_t keep);

#endif
