/* SPDX-License-Identifier: Apache-2.0 */
/* Early checks of output paths. They create nothing. */
#include "output_check.h"
#include "failure.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_folder(const char *option, const char *path)
{
    int code = EX_OK;
    struct stat found;
    char *copy = strdup(path);
    if (copy == NULL)
        return fail(EX_OSERR, "out of memory: a path");
    const char *folder = dirname(copy);
    if (stat(folder, &found) != 0)
        TRY(fail(EX_CANTCREAT, "%s %s: folder %s: %s", option, path, folder, strerror(errno)));
    if (!S_ISDIR(found.st_mode))
        TRY(fail(EX_CANTCREAT, "%s %s: %s is not a folder", option, path, folder));
    if (access(folder, W_OK | X_OK) != 0)
        TRY(fail(EX_CANTCREAT, "%s %s: folder %s: %s", option, path, folder, strerror(errno)));
cleanup:
    free(copy);
    return code;
}

int output_check(const char *option, const char *path, bool in_place)
{
    struct stat found;
    if (path == NULL)
        return EX_OK;
    if (path[strlen(path) - 1] == '/')
        return fail(EX_CANTCREAT, "%s %s: is a folder, expected the name of a file", option, path);
    if (stat(path, &found) != 0)
        return check_folder(option, path);
    if (S_ISDIR(found.st_mode))
        return fail(EX_CANTCREAT, "%s %s: is a folder, expected the name of a file", option, path);
    if (!S_ISREG(found.st_mode) && !in_place)
        return fail(EX_CANTCREAT, "%s %s: exists and is not a regular file", option, path);
    if (access(path, W_OK) != 0)
        return fail(EX_CANTCREAT, "%s %s: %s", option, path, strerror(errno));
    return in_place ? EX_OK : check_folder(option, path);
}
