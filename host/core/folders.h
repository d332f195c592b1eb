/* SPDX-License-Identifier: Apache-2.0 */
/* The folders on the way to a file that is to be made. */
#ifndef GRADUS_CORE_FOLDERS_H
#define GRADUS_CORE_FOLDERS_H

#include "core/status.h"

/* Makes the folders that the path goes through, its last part not included, where they do not exist; mode as for mkdir().
 * One that cannot be made is no failure here: the caller notices when it makes the last part. */
gradus_status gr_make_folders(const char *path, unsigned mode);

#endif
