/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of an archive of arrays, and the arrays. */
#include "archive/npz_archive.h"
#include "core/memory.h"
#include "core/printable.h"

#include <stdlib.h>
#include <string.h>

/* "fc1.weight.npy" is the array fc1.weight: cuts the ending off. */
static gradus_status cut_ending(const char *path, const npz_expectation *expected, char *name)
{
    static const char ending[] = ".npy";
    const size_t length = strlen(name), ending_length = sizeof ending - 1;
    const bool by_torch = strstr(name, "data.pkl") != NULL;
    if (length < ending_length || strcmp(name + length - ending_length, ending) != 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: holds \"%s\", expected arrays NAME.npy only%s%s%s", path,
                       gr_printable(name).text, by_torch ? " (" : "", by_torch ? expected->instead_of_torch : "",
                       by_torch ? ")" : "");
    name[length - ending_length] = '\0';
    return GRADUS_OK;
}

gradus_status gr_npz_open(const char *path, const npz_expectation *expected, npz_archive *out)
{
    gradus_status status = GRADUS_OK;
    npz_archive archive = {.path = path};

    TRY(gr_zip_open(path, expected->what, &archive.zip));
    TRY(gr_allocate(archive.zip.count, &archive.names));
    for (size_t i = 0; i < archive.zip.count; i++) {
        TRY(cut_ending(path, expected, archive.zip.entries[i].name));
        archive.names[i] = archive.zip.entries[i].name;
    }
    *out = archive;
    archive = (npz_archive){0};
cleanup:
    gr_npz_close(&archive);
    return status;
}

gradus_status gr_npz_read(const npz_archive *archive, size_t i, const char *label, unsigned char **bytes,
                          npy_array *array)
{
    gradus_status status = GRADUS_OK;
    const zip_entry *entry = &archive->zip.entries[i];
    unsigned char *unpacked = NULL; // (entry->size)
    char *name = NULL;

    TRY(gr_format_text(&name, "%s: %s", archive->path, label));
    TRY(gr_zip_read(&archive->zip, entry, &unpacked));
    TRY(gr_npy_read(name, unpacked, entry->size, array));
    *bytes = unpacked;
    unpacked = NULL;
cleanup:
    free(unpacked);
    free(name);
    return status;
}

void gr_npz_close(npz_archive *archive)
{
    free(archive->names);
    gr_zip_close(&archive->zip);
    *archive = (npz_archive){0};
}
