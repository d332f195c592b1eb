/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds files of kernels/ for a device. For development: GRADUS_BUILD_OPTIONS is appended to the compiler's options;
 * GRADUS_DUMP_KERNELS names a file to which the text of each built program is appended.
 */
#include "core/memory.h"
#include "device/branch.h"
#include "device/kernel_source.h"
#include "device/program_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gradus_status dump(const char *source)
{
    const char *path = getenv("GRADUS_DUMP_KERNELS");
    if (path == NULL)
        return GRADUS_OK;
    FILE *stream = fopen(path, "ab");
    if (stream == NULL)
        return gr_fail(GRADUS_ERROR_OUTPUT, "%s: %s", path, strerror(errno));
    fputs(source, stream);
    fclose(stream);
    return GRADUS_OK;
}

/* The message has the first line of the build log that mentions an error, or else its first line. */
static gradus_status build_failed(cl_program program, cl_device_id device, cl_int error)
{
    gradus_status status = GRADUS_OK;
    char *log = NULL;
    size_t size = 0;

    CL_TRY(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size));
    TRY(gr_allocate(size + 1, &log));
    CL_TRY(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log, NULL));
    const char *line = strstr(log, "error");
    while (line != NULL && line > log && line[-1] != '\n')
        line--;
    if (line == NULL)
        line = log;
    FAIL(GRADUS_ERROR_DEVICE, "the device's compiler refuses the kernels: %s: %.*s", gr_cl_error_name(error),
         (int)strcspn(line, "\r\n"), line);
cleanup:
    free(log);
    return status;
}

gradus_status gr_program_define(char **options, const char *name, const size_t *values, size_t count)
{
    gradus_status status = GRADUS_OK;
    char *longer = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            TRY(gr_format_text(&longer, "%s -D %s=%zu", *options, name, values[i]));
        else
            TRY(gr_format_text(&longer, "%s,%zu", *options, values[i]));
        free(*options);
        *options = longer;
    }
cleanup:
    return status;
}

gradus_status gr_program_add_options(char **options, const char *more)
{
    gradus_status status = GRADUS_OK;
    char *longer = NULL;
    TRY(gr_format_text(&longer, "%s%s", *options, more));
    free(*options);
    *options = longer;
cleanup:
    return status;
}

static gradus_status build(cl_context context, cl_device_id device, const char *source, const char *options,
                           cl_program *out)
{
    gradus_status status = GRADUS_OK;
    cl_program program = NULL;
    CL_TRY_NEW(program, clCreateProgramWithSource(context, 1, &source, NULL, &cl_error), NULL);
    const cl_int error = clBuildProgram(program, 1, &device, options, NULL, NULL);
    if (error != CL_SUCCESS) {
        status = build_failed(program, device, error);
        goto cleanup;
    }
    *out = program;
    program = NULL;
cleanup:
    gr_program_release(&program);
    return status;
}

static gradus_status build_file(const gradus_device *device, const char *file, const char *options, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    char *source = NULL, *all_options = NULL;
    program_key key;
    const char *more = getenv("GRADUS_BUILD_OPTIONS");

    TRY(gr_kernel_source(file, &source));
    TRY(dump(source));
    TRY(gr_format_text(&all_options, "-cl-std=CL1.2 %s %s", options, more == NULL ? "" : more));
    TRY(gr_program_cache_key(device->id, source, all_options, &key));
    *out = gr_program_cache_load(device->context, device->id, &key, all_options);
    if (*out == NULL) {
        TRY(build(device->context, device->id, source, all_options, out));
        gr_program_cache_store(*out, &key);
    }
cleanup:
    free(all_options);
    free(source);
    return status;
}

void gr_program_release(cl_program *program)
{
    if (*program != NULL)
        clReleaseProgram(*program);
    *program = NULL;
}

/* ---- Limits ---- */

gradus_status gr_program_group_limit(const gradus_device *device, cl_program program, const char *kernel, size_t *out)
{
    gradus_status status = GRADUS_OK;
    cl_kernel made = NULL;
    CL_TRY_NEW(made, clCreateKernel(program, kernel, &cl_error), kernel);
    CL_TRY(clGetKernelWorkGroupInfo(made, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof *out, out, NULL));
cleanup:
    if (made != NULL)
        clReleaseKernel(made);
    return status;
}

/* ---- Shared programs ---- */

gradus_status gr_program_share(const gradus_device *device, const char *file, const char *options, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    cl_program made = NULL;
    char *key = NULL;

    gr_shared_lock(device->shared);
    TRY(gr_format_text(&key, "%s %s", file, options));
    *out = gr_shared_find_program(device->shared, key);
    if (*out != NULL)
        goto cleanup;
    TRY(build_file(device, file, options, &made));
    TRY(gr_shared_add_program(device->shared, key, made));
    *out = made;
    made = NULL;
cleanup:
    gr_shared_unlock(device->shared);
    gr_program_release(&made);
    free(key);
    return status;
}

gradus_status gr_program_build(const gradus_device *device, const char *file, const char *options, cl_program *out)
{
    gradus_status status = GRADUS_OK;
    if (!gr_shared_has_branches(device->shared))
        return build_file(device, file, options, out);
    TRY(gr_program_share(device, file, options, out));
    CL_TRY(clRetainProgram(*out));
cleanup:
    return status;
}

void gr_program_release_shared(gradus_device *device)
{
    gr_shared_clear(device->shared);
}
