/* SPDX-License-Identifier: Apache-2.0 */
/* Program binaries in the user's cache. */
#include "device/program_cache.h"
#include "core/memory.h"
#include "files/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Precedes the binary, in the machine's own byte order: the cache is not portable. */
typedef struct entry_header {
    char magic[8];
    uint64_t size, hash; /* of the binary: bytes, XXH3 */
} entry_header;

static const char magic[8] = "gradusP1";

/* ---- Keys ---- */

typedef struct device_texts {
    char device[256], driver[256], version[256], platform[256], platform_version[256];
} device_texts;

/* False if the driver does not report a text, or one that is too long: then nothing is cached. */
static bool describe(cl_device_id device, device_texts *out)
{
    cl_platform_id platform = NULL;
    *out = (device_texts){0};
    return clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof out->device, out->device, NULL) == CL_SUCCESS &&
           clGetDeviceInfo(device, CL_DRIVER_VERSION, sizeof out->driver, out->driver, NULL) == CL_SUCCESS &&
           clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof out->version, out->version, NULL) == CL_SUCCESS &&
           clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL) == CL_SUCCESS &&
           clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof out->platform, out->platform, NULL) == CL_SUCCESS &&
           clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof out->platform_version, out->platform_version,
                             NULL) == CL_SUCCESS;
}

static bool is_wanted(const char *platform)
{
    const char *forced = getenv("GRADUS_PROGRAM_CACHE");
    if (forced != NULL && *forced != '\0')
        return strcmp(forced, "0") != 0;
    return strcmp(platform, "Portable Computing Language") != 0 && strcmp(platform, "NVIDIA CUDA") != 0;
}

gradus_status gr_program_cache_key(cl_device_id device, const char *source, const char *options, program_key *out)
{
    gradus_status status = GRADUS_OK;
    device_texts texts;
    char *text = NULL;

    *out = (program_key){""};
    if (!describe(device, &texts) || !is_wanted(texts.platform))
        goto cleanup;
    TRY(gr_format_text(&text, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s", gradus_version(), texts.device, texts.driver,
                       texts.version, texts.platform, texts.platform_version, options, source));
    snprintf(out->entry, sizeof out->entry, "programs/%016" PRIx64, (uint64_t)XXH3_64bits(text, strlen(text)));
cleanup:
    free(text);
    return status;
}

/* ---- Entries ---- */

/* Finds the binary within an entry; false if the entry is incomplete or damaged. */
static bool take_apart(const unsigned char *bytes, size_t size, const unsigned char **binary, size_t *binary_size)
{
    entry_header header;
    if (size < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    *binary = bytes + sizeof header;
    *binary_size = size - sizeof header;
    return memcmp(header.magic, magic, sizeof magic) == 0 && header.size == *binary_size && *binary_size > 0 &&
           header.hash == XXH3_64bits(*binary, *binary_size);
}

cl_program gr_program_cache_load(cl_context context, cl_device_id device, const program_key *key, const char *options)
{
    unsigned char *bytes = NULL;
    const unsigned char *binary = NULL;
    size_t size = 0, binary_size = 0;
    cl_program program = NULL;
    cl_int error = CL_SUCCESS;

    if (key->entry[0] == '\0' || gr_cache_read(key->entry, (void **)&bytes, &size) != GRADUS_OK)
        return NULL;
    if (bytes != NULL && take_apart(bytes, size, &binary, &binary_size))
        program = clCreateProgramWithBinary(context, 1, &device, &binary_size, &binary, NULL, &error);
    free(bytes);
    if (program == NULL || error != CL_SUCCESS)
        return NULL;
    if (clBuildProgram(program, 1, &device, options, NULL, NULL) == CL_SUCCESS)
        return program;
    clReleaseProgram(program);
    return NULL;
}

void gr_program_cache_store(cl_program program, const program_key *key)
{
    unsigned char *bytes = NULL, *binary;
    size_t size = 0;
    entry_header header;

    if (key->entry[0] == '\0' ||
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || size == 0 ||
        gr_allocate(sizeof header + size, &bytes) != GRADUS_OK)
        return;
    binary = bytes + sizeof header;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS) {
        memcpy(header.magic, magic, sizeof magic);
        header.size = size;
        header.hash = XXH3_64bits(binary, size);
        memcpy(bytes, &header, sizeof header);
        gr_cache_write(key->entry, bytes, sizeof header + size);
    }
    free(bytes);
}
