/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a checkpoint: safetensors, with sets of parameters under prefixes of their own (fc1.weight, kept.fc1.weight),
 * texts as its metadata, and as the last tensor a checksum: XXH3 of all bytes before it.
 */
#ifndef GRADUS_TRAIN_CHECKPOINT_FILE_H
#define GRADUS_TRAIN_CHECKPOINT_FILE_H

#include "model/model.h"

/* An array of a network's parameters, or of other numbers in the same layout. */
typedef struct parameter_set {
    const char *prefix;
    bool in_double; /* float64 instead of float32 */
    void *values;   /* (layout.length); NULL: this set is not part of the file */
} parameter_set;

typedef struct parameter_sets {
    const gradus_network *network;
    const parameter_set *sets;
    size_t count;
} parameter_sets;

/* Writes the file, completely or not at all. metadata: texts by key. */
gradus_status gr_checkpoint_file_write(const char *path, const json_t *metadata, const parameter_sets *sets);

/* A file that was read and is not damaged. */
typedef struct checkpoint_file {
    char *path;
    unsigned char *bytes; /* (size); NULL: no file */
    size_t size, data_start;
    json_t *header;
} checkpoint_file;

/* DATA if the file is damaged or incomplete. */
gradus_status gr_checkpoint_file_read(const char *path, checkpoint_file *out);
void gr_checkpoint_file_release(checkpoint_file *file);

/* The text under this key, which the file owns; DATA if there is none. */
gradus_status gr_checkpoint_file_text(const checkpoint_file *file, const char *key, const char **out);

/* The object whose JSON text is under this key; the caller releases it. */
gradus_status gr_checkpoint_file_object(const checkpoint_file *file, const char *key, json_t **out);

/* Copies the values of these sets. The file must have no others. */
gradus_status gr_checkpoint_file_take(const checkpoint_file *file, const parameter_sets *sets);

#endif
