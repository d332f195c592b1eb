/* SPDX-License-Identifier: Apache-2.0 */
/* Finds data sets: the usual names of IDX files, and the folders that are searched for a named set. */
#include "core/memory.h"
#include "data/dataset.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_file(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && !S_ISDIR(found.st_mode);
}

static bool exists(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

/* ---- The files of a folder ---- */

/* The spelling on the original web page, and the one that unpacking under Windows left behind. */
static const char *const idx_names[4][2] = {
    [IDX_TRAIN_IMAGES] = {"train-images-idx3-ubyte", "train-images.idx3-ubyte"},
    [IDX_TRAIN_LABELS] = {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"},
    [IDX_TEST_IMAGES] = {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
    [IDX_TEST_LABELS] = {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"},
};

const char *gr_idx_name(idx_file which)
{
    return idx_names[which][0];
}

gradus_status gr_idx_find(const char *folder, idx_file which, char **path)
{
    static const char *const endings[] = {"", ".gz"};
    gradus_status status = GRADUS_OK;
    char *candidate = NULL;

    *path = NULL;
    for (size_t i = 0; i < 4; i++) {
        TRY(gr_format_text(&candidate, "%s/%s%s", folder, idx_names[which][i / 2], endings[i % 2]));
        if (is_file(candidate)) {
            *path = candidate;
            return GRADUS_OK;
        }
        free(candidate);
    }
cleanup:
    return status;
}

/* Whether a folder is a data set: it has the training images. The reader checks for the other files. */
static bool holds_images(const char *folder)
{
    char *path = NULL;
    if (gr_idx_find(folder, IDX_TRAIN_IMAGES, &path) != GRADUS_OK)
        return false;
    free(path);
    return path != NULL;
}

/* ---- The folders that are searched ---- */

typedef struct folder_list {
    char **paths;
    size_t count;
} folder_list;

static void free_folders(folder_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
}

/* Adds the folder base[0..size) + rest unless it is in the list. */
static gradus_status add_folder(folder_list *list, const char *base, size_t size, const char *rest)
{
    gradus_status status = GRADUS_OK;
    char *path = NULL;

    TRY(gr_format_text(&path, "%.*s%s", (int)size, base, rest));
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->paths[i], path) == 0)
            goto cleanup;
    }
    char **paths = realloc(list->paths, (list->count + 1) * sizeof *paths);
    if (paths == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: a list of folders");
    list->paths = paths;
    list->paths[list->count++] = path;
    path = NULL;
cleanup:
    free(path);
    return status;
}

/* $GRADUS_DATA_DIR: one folder, or several with ':' between them. */
static gradus_status add_environment_folders(folder_list *list)
{
    gradus_status status = GRADUS_OK;
    const char *rest = getenv("GRADUS_DATA_DIR");
    while (rest != NULL && *rest != '\0') {
        const size_t size = strcspn(rest, ":");
        if (size > 0)
            TRY(add_folder(list, rest, size, ""));
        rest += size + (rest[size] == ':');
    }
cleanup:
    return status;
}

/* The user's data folder, by the XDG base directory specification. */
static gradus_status add_user_folder(folder_list *list)
{
    const char *data_home = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data_home != NULL && data_home[0] == '/')
        return add_folder(list, data_home, strlen(data_home), "/gradus");
    if (home != NULL && home[0] == '/')
        return add_folder(list, home, strlen(home), "/.local/share/gradus");
    return GRADUS_OK;
}

/* <prefix>/share/gradus of a program <prefix>/bin/name, so that both can be moved together. */
static gradus_status add_program_folder(folder_list *list)
{
    char program[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", program, sizeof program);
    const char *bin_end = size > 0 ? memrchr(program, '/', (size_t)size) : NULL;
    const char *prefix_end = bin_end != NULL ? memrchr(program, '/', (size_t)(bin_end - program)) : NULL;
    if (prefix_end == NULL)
        return GRADUS_OK;
    return add_folder(list, program, (size_t)(prefix_end - program), "/share/gradus");
}

static gradus_status collect_folders(const char *data_dir, folder_list *list)
{
    static const char *const system_folders[] = {
        GRADUS_SHARE_DIR, "/usr/local/share/gradus", "/usr/share/gradus",
        "/usr/share/datasets", /* Debian's packages dataset-... */
    };
    gradus_status status = GRADUS_OK;
    if (data_dir != NULL)
        TRY(add_folder(list, data_dir, strlen(data_dir), ""));
    TRY(add_environment_folders(list));
    TRY(add_user_folder(list));
    TRY(add_program_folder(list));
    for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++)
        TRY(add_folder(list, system_folders[i], strlen(system_folders[i]), ""));
cleanup:
    return status;
}

/* ---- Search ---- */

/* Whether the folder's last component is `name`, with or without a slash after it. */
static bool is_called(const char *folder, const char *name)
{
    size_t end = strlen(folder), size = strlen(name);
    while (end > 0 && folder[end - 1] == '/')
        end--;
    return end >= size && strncmp(folder + end - size, name, size) == 0 &&
           (end == size || folder[end - size - 1] == '/');
}

/* *path = the data set `name` in a searched folder: folder/name, or the folder itself if that is its name. */
static gradus_status find_in_folder(const char *folder, const char *name, char **path)
{
    gradus_status status = GRADUS_OK;
    char *inner = NULL;

    TRY(gr_format_text(&inner, "%s/%s", folder, name));
    if (holds_images(inner)) {
        *path = inner;
        inner = NULL;
    } else if (is_called(folder, name) && holds_images(folder)) {
        TRY(gr_copy_text(folder, path));
    }
cleanup:
    free(inner);
    return status;
}

/* Fails. The message gives hints before the list of places, because its length is limited. */
static gradus_status not_found(const char *name, const folder_list *list)
{
    const bool public_set = strcmp(name, "mnist") == 0 || strcmp(name, "fashion-mnist") == 0;
    char hint[256] = "", places[1024] = "";
    size_t used = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (hint[0] == '\0' && holds_images(list->paths[i]))
            snprintf(hint, sizeof hint, "; %.150s holds a data set itself: give that path instead of a name",
                     list->paths[i]);
        if (used < sizeof places)
            used += (size_t)snprintf(places + used, sizeof places - used, "%s%s/%s", i > 0 ? ", " : "", list->paths[i],
                                     name);
    }
    return gr_fail(GRADUS_ERROR_NO_INPUT, "%s: no file and no data set of this name%s%s%s; looked for %s", name,
                   public_set ? "; to download it: data/fetch " : "", public_set ? name : "", hint, places);
}

gradus_status gr_dataset_find(const char *name, const char *data_dir, char **path, bool *is_folder)
{
    gradus_status status = GRADUS_OK;
    folder_list folders = {0};
    char *found = NULL;

    const bool is_path = strchr(name, '/') != NULL;
    if (!is_path && data_dir != NULL) /* data_dir takes precedence over the current folder */
        TRY(find_in_folder(data_dir, name, &found));
    if (found == NULL && (is_path || is_file(name) || holds_images(name)))
        TRY(gr_copy_text(name, &found));
    if (found == NULL)
        TRY(collect_folders(data_dir, &folders));
    for (size_t i = 0; found == NULL && i < folders.count; i++)
        TRY(find_in_folder(folders.paths[i], name, &found));
    if (found == NULL && exists(name))
        TRY(gr_copy_text(name, &found));
    if (found == NULL)
        TRY(not_found(name, &folders));
    *is_folder = !is_file(found) && exists(found);
    *path = found;
    found = NULL;
cleanup:
    free(found);
    free_folders(&folders);
    return status;
}
