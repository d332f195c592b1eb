/* SPDX-License-Identifier: Apache-2.0 */
/* Choices as lines "key<tab>value" in one file per device. The first line says what they are valid for. */
#include "engine/opencl/choice.h"
#include "core/memory.h"
#include "device/kernel_source.h"
#include "files/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* The file's first line, and its name, which is the line's hash. */
typedef struct choice_file {
    char *heading;
    char name[40];
} choice_file;

static gradus_status find_file(const gradus_device *device, choice_file *out)
{
    const gradus_device_info *info = &device->info;
    gradus_status status =
        gr_format_text(&out->heading, "gradus %s, %s kernels %016" PRIx64 ", %u compute units, %s, %s, %s, %s\n",
                       gradus_version(), device->kernels == KERNELS_CPU ? "cpu" : "gpu", gr_kernel_fingerprint(),
                       info->compute_units, info->platform, info->name, info->driver, info->version);
    if (status == GRADUS_OK)
        snprintf(out->name, sizeof out->name, "choices/%016llx",
                 (unsigned long long)XXH3_64bits(out->heading, strlen(out->heading)));
    return status;
}

/* The file's lines after the heading; "" if there is no file or it has another heading. The caller frees *content. */
static gradus_status read_lines(const choice_file *file, char **content, const char **lines)
{
    gradus_status status = GRADUS_OK;
    void *bytes = NULL;
    size_t size = 0;
    const size_t heading = strlen(file->heading);
    TRY(gr_cache_read(file->name, &bytes, &size));
    *content = bytes;
    const bool sound = bytes != NULL && size >= heading && memcmp(bytes, file->heading, heading) == 0 &&
                       (*content)[size - 1] == '\n' && strlen(*content) == size;
    *lines = sound ? *content + heading : "";
cleanup:
    return status;
}

/* The line that begins with the key and a tab, or NULL. */
static const char *find_line(const char *lines, const char *key)
{
    const size_t length = strlen(key);
    while (*lines != '\0') {
        if (strncmp(lines, key, length) == 0 && lines[length] == '\t')
            return lines;
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
    return NULL;
}

gradus_status gr_choice_read(const gradus_device *device, const char *key, char value[CHOICE_TEXT])
{
    gradus_status status = GRADUS_OK;
    choice_file file = {0};
    char *content = NULL;
    const char *lines = NULL;

    value[0] = '\0';
    TRY(find_file(device, &file));
    TRY(read_lines(&file, &content, &lines));
    const char *line = find_line(lines, key);
    if (line != NULL) {
        line += strlen(key) + 1;
        snprintf(value, CHOICE_TEXT, "%.*s", (int)strcspn(line, "\n"), line);
    }
cleanup:
    free(content);
    free(file.heading);
    return status;
}

gradus_status gr_choice_write(const gradus_device *device, const char *key, const char *value)
{
    gradus_status status = GRADUS_OK;
    choice_file file = {0};
    char *content = NULL, *text = NULL;
    const char *lines = NULL;

    TRY(find_file(device, &file));
    TRY(read_lines(&file, &content, &lines));
    const char *old = find_line(lines, key), *rest = "";
    if (old != NULL) {
        rest = old + strcspn(old, "\n");
        rest += *rest == '\n';
    }
    const int before = (int)(old != NULL ? (size_t)(old - lines) : strlen(lines));
    TRY(gr_format_text(&text, "%s%.*s%s\t%s\n%s", file.heading, before, lines, key, value, rest));
    gr_cache_write(file.name, text, strlen(text));
cleanup:
    free(text);
    free(content);
    free(file.heading);
    return status;
}
