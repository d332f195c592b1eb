/* SPDX-License-Identifier: Apache-2.0 */
/* The files' names and order, and the lock that keeps other processes out. */
#include "train/checkpoint_folder.h"
#include "core/memory.h"
#include "files/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_FORMAT "step-%012zu.safetensors"
#define NAME_MAX_LENGTH 64

/* ---- Names ---- */

gradus_status gr_checkpoint_folder_name(const checkpoint_folder *folder, size_t steps, char **path)
{
    return gr_format_text(path, "%s/" NAME_FORMAT, folder->path, steps);
}

/* The length of the checkpoint's name at the start of `name`, and its number of steps; 0: there is none. */
static size_t parse_name(const char *name, size_t *steps)
{
    char canonical[NAME_MAX_LENGTH];
    if (sscanf(name, "step-%20zu", steps) != 1)
        return 0;
    const size_t length = (size_t)snprintf(canonical, sizeof canonical, NAME_FORMAT, *steps);
    return strncmp(name, canonical, length) == 0 ? length : 0;
}

/* Whether it is the name of a temporary file of files/output.c: eight hexadecimal digits follow the checkpoint's
 * name. */
static bool is_leftover(const char *name)
{
    size_t steps;
    const size_t length = parse_name(name, &steps);
    return length > 0 && name[length] == '.' && strspn(name + length + 1, "0123456789abcdef") == 8 &&
           name[length + 9] == '\0';
}

/* ---- Listing ---- */

static gradus_status open_listing(const checkpoint_folder *folder, DIR **out)
{
    *out = opendir(folder->path);
    if (*out == NULL)
        return gr_fail(GRADUS_ERROR_IO, "%s: cannot be read: %s", folder->path, strerror(errno));
    return GRADUS_OK;
}

static gradus_status remove_leftovers(const checkpoint_folder *folder)
{
    gradus_status status = GRADUS_OK;
    DIR *listing = NULL;
    TRY(open_listing(folder, &listing));
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        if (is_leftover(entry->d_name))
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    closedir(listing);
cleanup:
    return status;
}

static int compare_descending(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left < right) - (left > right);
}

gradus_status gr_checkpoint_folder_list(const checkpoint_folder *folder, size_t **steps, size_t *count)
{
    gradus_status status = GRADUS_OK;
    DIR *listing = NULL;
    size_t *list = NULL, used = 0, capacity = 0, found = 0;
    TRY(open_listing(folder, &listing));
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        const size_t length = parse_name(entry->d_name, &found);
        if (length == 0 || entry->d_name[length] != '\0')
            continue;
        if (used == capacity) {
            capacity = 2 * capacity + 16;
            size_t *larger = realloc(list, capacity * sizeof *list);
            if (larger == NULL)
                FAIL(GRADUS_ERROR_MEMORY, "out of memory: a list of %zu checkpoints", capacity);
            list = larger;
        }
        list[used++] = found;
    }
    if (used > 0)
        qsort(list, used, sizeof *list, compare_descending);
    *steps = list;
    *count = used;
    list = NULL;
cleanup:
    free(list);
    if (listing != NULL)
        closedir(listing);
    return status;
}

gradus_status gr_checkpoint_folder_prune(const checkpoint_folder *folder, size_t steps, size_t keep)
{
    gradus_status status = GRADUS_OK;
    size_t *list = NULL, count = 0, kept = 0;
    char *path = NULL;
    if (keep == 0)
        return GRADUS_OK;
    TRY(gr_checkpoint_folder_list(folder, &list, &count));
    for (size_t i = 0; i < count; i++) {
        if (list[i] > steps || kept++ < keep)
            continue;
        TRY(gr_checkpoint_folder_name(folder, list[i], &path));
        (void)unlink(path);
        free(path);
        path = NULL;
    }
cleanup:
    free(list);
    return status;
}

/* ---- Opening ---- */

static gradus_status refuse(const char *path, const char *reason)
{
    return gr_fail(GRADUS_ERROR_OUTPUT, "checkpoints: %s: %s", path, reason);
}

/* A killed process holds its lock until the system has freed its memory, so a busy lock is tried again. */
#define LOCK_TRIES 200
#define LOCK_PAUSE_MILLISECONDS 10

/* A lock ends with its process, however that ends. On file systems without locks other processes are not kept out. */
static gradus_status lock(checkpoint_folder *folder)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MILLISECONDS * 1000000L};
    for (int tries = 1; flock(folder->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; tries++) {
        if (tries == LOCK_TRIES)
            return refuse(folder->path, "another training uses this folder");
        nanosleep(&pause, NULL);
    }
    return GRADUS_OK;
}

gradus_status gr_checkpoint_folder_open(const char *path, checkpoint_folder *out)
{
    gradus_status status = GRADUS_OK;
    checkpoint_folder folder = {.path = path, .lock = -1};
    TRY(gr_make_folders(path, 0777));
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return refuse(path, strerror(errno));
    folder.lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.lock < 0 || access(path, W_OK | X_OK) != 0) {
        status = refuse(path, strerror(errno));
        goto cleanup;
    }
    TRY(lock(&folder));
    TRY(remove_leftovers(&folder));
    *out = folder;
    folder = (checkpoint_folder){0};
cleanup:
    gr_checkpoint_folder_close(&folder);
    return status;
}

void gr_checkpoint_folder_close(checkpoint_folder *folder)
{
    if (folder->path != NULL && folder->lock >= 0)
        close(folder->lock);
    *folder = (checkpoint_folder){0};
}
