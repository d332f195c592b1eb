/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL's compilers cannot find gradus's files, so `#include "..."` is resolved here. */
#include "device/kernel_source.h"
#include "core/memory.h"
#include "device/kernel_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack: hashing cannot fail then */
#include <xxhash.h>

#define INCLUDE "#include \""
#define ONCE "#pragma once\n"

/* Largest depth of includes. */
#define DEPTH_MAX 8

/* The complete text of kernels/<file> in a folder; *out is NULL if the folder does not have it. */
static gradus_status read_override(const char *folder, const char *file, char **out)
{
    gradus_status status = GRADUS_OK;
    char *path = NULL, *text = NULL;
    size_t length = 0;
    FILE *stream = NULL;

    *out = NULL;
    TRY(gr_format_text(&path, "%s/%s", folder, file));
    stream = fopen(path, "rb");
    if (stream == NULL && errno == ENOENT)
        goto cleanup;
    if (stream == NULL)
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: %s", path, strerror(errno));
    if (getdelim(&text, &length, '\0', stream) < 0)
        FAIL(GRADUS_ERROR_IO, "%s: cannot be read", path);
    *out = text;
    text = NULL;
cleanup:
    if (stream != NULL)
        fclose(stream);
    free(text);
    free(path);
    return status;
}

static gradus_status find_kernel(const char *file, size_t length, size_t *index)
{
    for (size_t i = 0; i < gr_kernel_table_length; i++) {
        const char *name = gr_kernel_table[i].file;
        if (strlen(name) != length || memcmp(name, file, length) != 0)
            continue;
        *index = i;
        return GRADUS_OK;
    }
    return gr_fail(GRADUS_ERROR_DEVICE, "kernels/%.*s is not part of this library", (int)length, file);
}

static gradus_status append_file(FILE *out, const char *file, size_t length, size_t depth);

/* Appends the text line by line; a line that includes a file is replaced by that file. */
static gradus_status append_lines(FILE *out, const char *file, const char *text, size_t depth)
{
    gradus_status status = GRADUS_OK;
    fprintf(out, "#line 1 \"kernels/%s\"\n", file);
    for (size_t line = 1; *text != '\0'; line++) {
        const size_t length = strcspn(text, "\n");
        if (strncmp(text, INCLUDE, strlen(INCLUDE)) == 0) {
            const char *included = text + strlen(INCLUDE);
            TRY(append_file(out, included, strcspn(included, "\"\n"), depth + 1));
            fprintf(out, "#line %zu \"kernels/%s\"", line + 1, file);
        } else if (strncmp(text, ONCE, strlen(ONCE)) != 0) {
            fwrite(text, 1, length, out);
        }
        fputc('\n', out);
        text += length + (text[length] == '\n');
    }
cleanup:
    return status;
}

/* A text with `#pragma once`, which only files can have, gets an include guard instead. */
static gradus_status append_file(FILE *out, const char *file, size_t length, size_t depth)
{
    gradus_status status = GRADUS_OK;
    const char *folder = getenv("GRADUS_KERNEL_DIR");
    char *override = NULL;
    size_t index = 0;

    TRY(find_kernel(file, length, &index));
    const kernel_text *kernel = &gr_kernel_table[index];
    if (depth > DEPTH_MAX)
        FAIL(GRADUS_ERROR_DEVICE, "kernels/%s: includes itself", kernel->file);
    if (folder != NULL)
        TRY(read_override(folder, kernel->file, &override));
    const char *text = override != NULL ? override : kernel->text;
    const bool once = strstr(text, ONCE) != NULL;
    if (once)
        fprintf(out, "#ifndef INCLUDED_%zu\n#define INCLUDED_%zu\n", index, index);
    TRY(append_lines(out, kernel->file, text, depth));
    if (once)
        fputs("#endif\n", out);
cleanup:
    free(override);
    return status;
}

gradus_status gr_kernel_source(const char *file, char **out)
{
    gradus_status status = GRADUS_OK;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the text of kernels/%s", file);
    TRY(append_file(stream, file, strlen(file), 0));
    if (fflush(stream) != 0 || ferror(stream))
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the text of kernels/%s", file);
cleanup:
    if (stream != NULL)
        fclose(stream); /* from here on the text is valid */
    if (status == GRADUS_OK)
        *out = text;
    else
        free(text);
    return status;
}

uint64_t gr_kernel_fingerprint(void)
{
    static const char *const variables[] = {"GRADUS_KERNEL_DIR", "GRADUS_BUILD_OPTIONS"};
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < gr_kernel_table_length; i++)
        XXH3_64bits_update(&state, gr_kernel_table[i].text, gr_kernel_table[i].length + 1);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        XXH3_64bits_update(&state, value == NULL ? "" : value, value == NULL ? 1 : strlen(value) + 1);
    }
    return XXH3_64bits_digest(&state);
}
