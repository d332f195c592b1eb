/* SPDX-License-Identifier: Apache-2.0 */
/* Result files are written under another name and renamed. */
#include "command/result_file.h"
#include "text/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int cannot(int code, const result_file *file, const char *what)
{
    return fail(code, "%s %s: cannot be %s: %s", file->option, file->path, what, strerror(errno));
}

/* A temporary name beside the file that is replaced: for a symbolic link, the file that it points to. */
static char *name_temporary(const char *path)
{
    char *target = realpath(path, NULL), *name = NULL;
    if (asprintf(&name, "%s.%ld", target == NULL ? path : target, (long)getpid()) < 0)
        name = NULL;
    free(target);
    return name;
}

int result_file_open(const char *option, const char *path, result_file *out)
{
    *out = (result_file){option, path, name_temporary(path), NULL};
    if (out->temporary == NULL)
        return fail(EX_OSERR, "out of memory: a path");
    const int descriptor = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    out->stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (out->stream != NULL)
        return EX_OK;
    const int code = cannot(EX_CANTCREAT, out, "created");
    free(out->temporary);
    return code;
}

int result_file_commit(result_file *file)
{
    char *target = strndup(file->temporary, (size_t)(strrchr(file->temporary, '.') - file->temporary));
    FILE *stream = file->stream;
    file->stream = NULL;
    const int failed = fflush(stream) != 0 || ferror(stream) != 0 || fsync(fileno(stream)) != 0;
    const int code = fclose(stream) != 0 || failed || target == NULL || rename(file->temporary, target) != 0
                         ? cannot(EX_IOERR, file, "written")
                         : EX_OK;
    free(target);
    if (code != EX_OK)
        result_file_abandon(file);
    else
        free(file->temporary);
    return code;
}

void result_file_abandon(result_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    unlink(file->temporary);
    free(file->temporary);
    *file = (result_file){0};
}
