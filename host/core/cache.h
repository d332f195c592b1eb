/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that spare work the next time, in $XDG_CACHE_HOME/gradus (or ~/.cache/gradus): results of measurements, program
 * binaries. Whoever reads an entry must be able to tell a broken one, and make it anew.
 */
#ifndef GRADUS_CORE_CACHE_H
#define GRADUS_CORE_CACHE_H

#include "core/status.h"

/* The entry's bytes, followed by a zero that *size does not count; the caller frees them. *bytes is NULL if there is no
 * such entry, or none that can be read, which is no error. The name may have folders: "programs/1f". MEMORY. */
gradus_status gr_cache_read(const char *name, void **bytes, size_t *size);

/* Writes or replaces an entry, whole or not at all. That it could not be written is no error either: everything works
 * without a cache. */
void gr_cache_write(const char *name, const void *bytes, size_t size);

#endif
