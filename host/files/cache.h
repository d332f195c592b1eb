/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that save work later, in $XDG_CACHE_HOME/gradus (or ~/.cache/gradus): results of measurements, program
 * binaries. A reader must recognise a broken entry and create it again.
 */
#ifndef GRADUS_FILES_CACHE_H
#define GRADUS_FILES_CACHE_H

#include "core/status.h"

/* The entry's bytes, followed by a zero that *size does not count; the caller frees them. *bytes is NULL if there is no
 * such entry or it cannot be read, neither of which is an error. The name may have folders: "programs/1f". MEMORY. */
gradus_status gr_cache_read(const char *name, void **bytes, size_t *size);

/* Writes or replaces an entry, completely or not at all. A failure is not reported: everything works without a
 * cache. */
void gr_cache_write(const char *name, const void *bytes, size_t size);

#endif
