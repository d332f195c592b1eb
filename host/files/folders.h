/* SPDX-License-Identifier: Apache-2.0 */
/* Creates the folders above a new file or folder. */
#ifndef GRADUS_FILES_FOLDERS_H
#define GRADUS_FILES_FOLDERS_H

#include "core/status.h"

/* Creates the missing folders of a path, except its last part; mode as for mkdir(). A folder that cannot be created is
 * not reported here: the caller notices when it creates the last part. */
gradus_status gr_make_folders(const char *path, unsigned mode);

#endif
