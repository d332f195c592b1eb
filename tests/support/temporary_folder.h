/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for a test that writes files, and what the test leaves in it. */
#ifndef GRADUS_TESTS_TEMPORARY_FOLDER_H
#define GRADUS_TESTS_TEMPORARY_FOLDER_H

#include "assert_close.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Makes a folder whose path stands in *state; for cmocka_unit_test_setup_teardown(). */
static inline int make_folder(void **state)
{
    char *folder = strdup(P_tmpdir "/gradus-test-XXXXXX");
    *state = folder;
    return folder == NULL || mkdtemp(folder) == NULL ? -1 : 0;
}

/* The path of a file in the folder. The text is valid until the next call. */
static inline const char *path_in(void *const *state, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    return path;
}

static inline size_t count_files(void *const *state)
{
    size_t count = 0;
    DIR *folder = opendir(*state);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Removes the folder and the files in it. */
static inline int remove_folder(void **state)
{
    DIR *folder = opendir(*state);
    if (folder == NULL)
        return -1;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            unlink(path_in(state, entry->d_name));
    closedir(folder);
    int failed = rmdir(*state);
    free(*state);
    return failed;
}

#endif
