/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a run's checkpoints: step-000000000500.safetensors for each number of steps. */
#ifndef GRADUS_TRAIN_CHECKPOINT_FOLDER_H
#define GRADUS_TRAIN_CHECKPOINT_FOLDER_H

#include "core/status.h"

typedef struct checkpoint_folder {
    const char *path; /* the caller's; NULL: no folder */
    int lock;         /* descriptor; as long as it is open, the folder is ours */
} checkpoint_folder;

/* Makes the folder if need be, takes it for this process, and removes what a killed one had begun to write. OUTPUT if that
 * cannot be, or if another process still has it after 2 seconds. */
gradus_status gr_checkpoint_folder_open(const char *path, checkpoint_folder *out);
void gr_checkpoint_folder_close(checkpoint_folder *folder);

/* The steps of its checkpoints, whole or damaged, the newest first; the caller frees the list, NULL if there are none. */
gradus_status gr_checkpoint_folder_list(const checkpoint_folder *folder, size_t **steps, size_t *count);

/* The path of the checkpoint of so many steps, which the caller frees. */
gradus_status gr_checkpoint_folder_name(const checkpoint_folder *folder, size_t steps, char **path);

/* Removes all but the newest `keep` checkpoints, 0: none, of those with at most so many steps: others would be damaged ones,
 * and must not count. */
gradus_status gr_checkpoint_folder_prune(const checkpoint_folder *folder, size_t steps, size_t keep);

#endif
