/* SPDX-License-Identifier: Apache-2.0 */
/* Creates folders. */
#include "files/folders.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

gradus_status gr_make_folders(const char *path, unsigned mode)
{
    gradus_status status = GRADUS_OK;
    char *copy = NULL;
    TRY(gr_copy_text(path, &copy));
    for (char *slash = *copy == '\0' ? NULL : strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(copy, (mode_t)mode);
        *slash = '/';
    }
cleanup:
    free(copy);
    return status;
}
