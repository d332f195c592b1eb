/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading regular files. */
#include "files/input.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

gradus_status gr_input_open(const char *path, const char *expected, input_file *out)
{
    gradus_status status = GRADUS_OK;
    input_file file = {.path = path, .stream = fopen(path, "rb")};
    struct stat found;

    if (file.stream == NULL || fstat(fileno(file.stream), &found) != 0)
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(found.st_mode))
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: not a regular file, expected %s", path, expected);
    file.size = (uint64_t)found.st_size;
    *out = file;
    file.stream = NULL;
cleanup:
    gr_input_close(&file);
    return status;
}

gradus_status gr_input_read(const input_file *file, void *bytes, size_t size)
{
    if (fread(bytes, 1, size, file->stream) == size)
        return GRADUS_OK;
    if (ferror(file->stream))
        return gr_fail(GRADUS_ERROR_IO, "%s: cannot be read: %s", file->path, strerror(errno));
    return gr_fail(GRADUS_ERROR_DATA, "%s: became shorter while being read", file->path);
}

gradus_status gr_input_read_at(const input_file *file, uint64_t position, void *bytes, size_t size)
{
    if (fseeko(file->stream, (off_t)position, SEEK_SET) != 0)
        return gr_fail(GRADUS_ERROR_IO, "%s: cannot be read: %s", file->path, strerror(errno));
    return gr_input_read(file, bytes, size);
}

void gr_input_close(input_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    file->stream = NULL;
}
