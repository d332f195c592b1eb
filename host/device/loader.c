/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenCL loader only reports that there is no platform. There are two usual causes, no driver and a broken driver,
 * with different remedies. This code reads the same files as the loader and finds the cause. Each file has one line:
 * the name of the driver's library (Khronos, "OpenCL ICD extension").
 */
#include "device/loader.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEDY "for CPUs install the package pocl-opencl-icd, for a GPU its vendor's OpenCL driver"

static bool is_icd_file(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".icd") == 0;
}

/* True if the driver that the file names cannot be loaded; why[] then says what and why. */
static bool is_broken(const char *icd_path, char *why, size_t why_size)
{
    char library[512] = "";
    FILE *stream = fopen(icd_path, "r");
    if (stream != NULL) {
        if (fgets(library, sizeof library, stream) == NULL)
            library[0] = '\0';
        fclose(stream);
    }
    library[strcspn(library, "\r\n")] = '\0';
    if (library[0] == '\0') {
        snprintf(why, why_size, "%s names no library", icd_path);
        return true;
    }
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL) {
        dlclose(handle);
        return false;
    }
    snprintf(why, why_size, "%s names %s, which does not load: %s", icd_path, library, dlerror());
    return true;
}

gradus_status gr_loader_explain(void)
{
    const char *variable = getenv("OCL_ICD_VENDORS");
    const char *folder = variable != NULL && *variable != '\0' ? variable : "/etc/OpenCL/vendors";
    const char *origin = folder == variable ? " (OCL_ICD_VENDORS)" : "";
    char why[768] = "", path[1024];
    size_t listed = 0;

    if (is_icd_file(folder)) {
        listed = 1;
        is_broken(folder, why, sizeof why);
    }
    DIR *entries = opendir(folder);
    if (entries != NULL) {
        for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
            if (!is_icd_file(entry->d_name))
                continue;
            listed++;
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (why[0] == '\0')
                is_broken(path, why, sizeof why);
        }
        closedir(entries);
    }
    if (listed == 0)
        return gr_fail(GRADUS_ERROR_NO_DEVICE, "no OpenCL platform: no driver (.icd file) in %s%s; " REMEDY, folder,
                       origin);
    if (why[0] != '\0')
        return gr_fail(GRADUS_ERROR_NO_DEVICE, "no OpenCL platform: broken driver: %s; reinstall it, or " REMEDY, why);
    return gr_fail(GRADUS_ERROR_NO_DEVICE,
                   "no OpenCL platform: %zu driver%s in %s%s load but offer none; is the device present?", listed,
                   listed == 1 ? "" : "s", folder, origin);
}
