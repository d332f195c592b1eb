/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic output files: temporary name, fsync of file and folder, rename. */
#include "files/output.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static gradus_status output_failed(gradus_status status, const char *path, const char *what)
{
    return gr_fail(status, "%s: %s: %s", path, what, strerror(errno));
}

/* Creates a file beside `path` and sets *name to its name; -1 and errno on failure. Not by mkstemp, whose file is
 * private: an output gets the permissions of any new file. open() applies the umask; a program can only read it by
 * changing it, for all threads. */
static int create_beside(const char *path, char **name)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        uint32_t suffix;
        if (getrandom(&suffix, sizeof suffix, 0) != (ssize_t)sizeof suffix)
            return -1;
        if (gr_format_text(name, "%s.%08" PRIx32, path, suffix) != GRADUS_OK) {
            errno = ENOMEM;
            return -1;
        }
        int descriptor = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0)
            return descriptor;
        const int reason = errno;
        free(*name);
        *name = NULL;
        errno = reason;
        if (reason != EEXIST)
            break;
    }
    return -1;
}

/* The file that a rename must replace: what a symbolic link points to, not the link. */
static gradus_status resolve(const char *path, char **out)
{
    *out = realpath(path, NULL);
    if (*out != NULL)
        return GRADUS_OK;
    if (errno == ENOENT)
        return gr_copy_text(path, out);
    return output_failed(GRADUS_ERROR_OUTPUT, path, "cannot be created");
}

gradus_status gr_output_open(const char *path, output_file *out)
{
    gradus_status status = GRADUS_OK;
    output_file file = {0};
    int descriptor = -1;
    struct stat found;

    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        FAIL(GRADUS_ERROR_OUTPUT, "%s: exists and is not a regular file", path);
    TRY(resolve(path, &file.path));
    descriptor = create_beside(file.path, &file.temporary);
    if (descriptor < 0) {
        status = output_failed(GRADUS_ERROR_OUTPUT, path, "cannot be created");
        goto cleanup;
    }
    file.stream = fdopen(descriptor, "wb");
    if (file.stream == NULL) {
        status = output_failed(GRADUS_ERROR_OUTPUT, path, "cannot be opened");
        goto cleanup;
    }
    descriptor = -1;
    *out = file;
    file = (output_file){0};
cleanup:
    if (descriptor >= 0)
        close(descriptor);
    gr_output_abandon(&file);
    return status;
}

gradus_status gr_output_write(output_file *file, const void *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, file->stream) != size)
        return output_failed(GRADUS_ERROR_IO, file->path, "cannot be written");
    return GRADUS_OK;
}

/* A rename is on disk only after its folder is. Some file systems cannot sync a folder; that is not a failure. */
static void sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    free(copy);
}

gradus_status gr_output_commit(output_file *file)
{
    gradus_status status = GRADUS_OK;
    if (fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0) {
        status = output_failed(GRADUS_ERROR_IO, file->path, "cannot be written");
        goto cleanup;
    }
    int closed = fclose(file->stream);
    file->stream = NULL;
    if (closed != 0 || rename(file->temporary, file->path) != 0) {
        status = output_failed(GRADUS_ERROR_IO, file->path, "cannot be completed");
        goto cleanup;
    }
    sync_folder_of(file->path);
    free(file->temporary);
    file->temporary = NULL;
cleanup:
    gr_output_abandon(file);
    return status;
}

void gr_output_abandon(output_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (output_file){0};
}
