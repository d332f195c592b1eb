/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a run's checkpoints: step-000000000500.safetensors for each number of steps. */
#ifndef GRADUS_TRAIN_CHECKPOINT_FOLDER_H
#define GRADUS_TRAIN_CHECKPOINT_FOLDER_H

#include "core/status.h"

typedef struct checkpoint_folder {
    const char *path; /* the caller's; NULL: no folder */
    int lock;         /* descriptor that holds the folder's lock while it is open */
} checkpoint_folder;

/* Creates the folder if it does not exist, locks it, and removes unfinished files of a process that was killed. OUTPUT if
 * that fails or another process still holds the lock after 2 seconds. */
gradus_status gr_checkpoint_folder_open(const char *path, checkpoint_folder *out);
void gr_checkpoint_folder_close(checkpoint_folder *folder);

/* The steps of its checkpoints, whole or damaged, the newest first; the caller frees the list, NULL if there are none. */
gradus_status gr_checkpoint_folder_list(const checkpoint_folder *folder, size_t **steps, size_t *count);

/* The path of the checkpoint of so many steps, which the caller frees. */
gradus_status gr_checkpoint_folder_name(const checkpoint_folder *folder, size_t steps, char **path);

/* Of the checkpoints with at most `steps` steps, removes all but the newest `keep`; 0 keeps all. Checkpoints of more steps are
 * damaged ones that were skipped, and do not count. */
gradus_status gr_checkpoint_folder_prune(const checkpoint_folder *folder, size_t steps, size_t keep);

#endif
