/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's folder and its files. */
#include "files/cache.h"
#include "core/memory.h"
#include "files/folders.h"
#include "files/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The path of an entry; *out is NULL if the user has no folder for caches. By the XDG base directory specification a
 * relative $XDG_CACHE_HOME is ignored. */
static gradus_status entry_path(const char *name, char **out)
{
    const char *cache_home = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *out = NULL;
    if (cache_home != NULL && *cache_home == '/')
        return gr_format_text(out, "%s/gradus/%s", cache_home, name);
    if (home != NULL && *home == '/')
        return gr_format_text(out, "%s/.cache/gradus/%s", home, name);
    return GRADUS_OK;
}

gradus_status gr_cache_read(const char *name, void **bytes, size_t *size)
{
    gradus_status status = GRADUS_OK;
    char *path = NULL, *content = NULL;
    FILE *stream = NULL;
    struct stat found;

    *bytes = NULL;
    *size = 0;
    TRY(entry_path(name, &path));
    if (path != NULL)
        stream = fopen(path, "rbe");
    if (stream == NULL || fstat(fileno(stream), &found) != 0 || !S_ISREG(found.st_mode))
        goto cleanup;
    TRY(gr_allocate((size_t)found.st_size + 1, &content));
    if (fread(content, 1, (size_t)found.st_size, stream) == (size_t)found.st_size) {
        *bytes = content;
        *size = (size_t)found.st_size;
        content = NULL;
    }
cleanup:
    if (stream != NULL)
        fclose(stream);
    free(content);
    free(path);
    return status;
}

void gr_cache_write(const char *name, const void *bytes, size_t size)
{
    char *path = NULL;
    output_file file;
    if (entry_path(name, &path) == GRADUS_OK && path != NULL) {
        const unsigned user_alone = 0700;
        if (gr_make_folders(path, user_alone) == GRADUS_OK && gr_output_open(path, &file) == GRADUS_OK) {
            if (gr_output_write(&file, bytes, size) == GRADUS_OK)
                (void)gr_output_commit(&file);
            else
                gr_output_abandon(&file);
        }
    }
    free(path);
}
