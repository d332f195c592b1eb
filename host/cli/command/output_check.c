/* SPDX-License-Identifier: Apache-2.0 */
/* Early checks of output paths. They create nothing. */
#include "command/output_check.h"
#include "text/failure.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checks that a file can be created in the folder. */
static int check_is_folder(const char *option, const char *path, const char *folder)
{
    struct stat found;
    if (stat(folder, &found) != 0)
        return fail(EX_CANTCREAT, "%s %s: folder %s: %s", option, path, folder, strerror(errno));
    if (!S_ISDIR(found.st_mode))
        return fail(EX_CANTCREAT, "%s %s: %s is not a folder", option, path, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return fail(EX_CANTCREAT, "%s %s: folder %s: %s", option, path, folder, strerror(errno));
    return EX_OK;
}

/* Checks the folder of a path. */
static int check_folder(const char *option, const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return fail(EX_OSERR, "out of memory: a path");
    const int code = check_is_folder(option, path, dirname(copy));
    free(copy);
    return code;
}

/* An existing file is replaced in its own folder, which need not be that of a symbolic link to it. */
static int check_folder_of_target(const char *option, const char *path)
{
    char *target = realpath(path, NULL);
    if (target == NULL)
        return fail(EX_CANTCREAT, "%s %s: %s", option, path, strerror(errno));
    int code = check_folder(option, target);
    free(target);
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
    return in_place ? EX_OK : check_folder_of_target(option, path);
}

/* Checks the nearest existing folder above the one that will be created. */
static int check_ancestor(const char *option, const char *path)
{
    struct stat found;
    char *copy = strdup(path);
    if (copy == NULL)
        return fail(EX_OSERR, "out of memory: a path");
    const char *folder = dirname(copy);
    while (stat(folder, &found) != 0 && (errno == ENOENT || errno == ENOTDIR) && strcmp(folder, ".") != 0)
        folder = dirname(copy); /* of the rest of the copy */
    const int code = check_is_folder(option, path, folder);
    free(copy);
    return code;
}

int output_check_folder(const char *option, const char *path)
{
    struct stat found;
    if (path == NULL)
        return EX_OK;
    if (stat(path, &found) != 0)
        return check_ancestor(option, path);
    if (!S_ISDIR(found.st_mode))
        return fail(EX_CANTCREAT, "%s %s: is not a folder", option, path);
    if (access(path, W_OK | X_OK) != 0)
        return fail(EX_CANTCREAT, "%s %s: %s", option, path, strerror(errno));
    return EX_OK;
}

/* Whether both paths are the same name in the same folder: for a file that does not exist yet. */
static bool is_same_entry(const char *a, const char *b)
{
    struct stat folder_a, folder_b;
    char *copies[] = {strdup(a), strdup(b), strdup(a), strdup(b)}; /* dirname and basename modify their argument */
    bool same = copies[0] != NULL && copies[1] != NULL && copies[2] != NULL && copies[3] != NULL &&
                stat(dirname(copies[0]), &folder_a) == 0 && stat(dirname(copies[1]), &folder_b) == 0 &&
                folder_a.st_dev == folder_b.st_dev && folder_a.st_ino == folder_b.st_ino &&
                strcmp(basename(copies[2]), basename(copies[3])) == 0;
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
        free(copies[i]);
    return same;
}

bool output_is_same_file(const char *a, const char *b)
{
    struct stat found_a, found_b;
    if (a == NULL || b == NULL)
        return false;
    bool a_exists = stat(a, &found_a) == 0, b_exists = stat(b, &found_b) == 0;
    if (a_exists && b_exists)
        return found_a.st_dev == found_b.st_dev && found_a.st_ino == found_b.st_ino;
    return !a_exists && !b_exists && is_same_entry(a, b);
}
