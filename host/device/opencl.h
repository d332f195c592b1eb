/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenCL's header, and macros that convert both of its ways to report errors to a status and a line of text. Like TRY,
 * the macros need `gradus_status status` and a label `cleanup:`.
 */
#ifndef GRADUS_DEVICE_OPENCL_H
#define GRADUS_DEVICE_OPENCL_H

#include "core/status.h"
#include <CL/cl.h>

/* "CL_OUT_OF_RESOURCES" */
const char *gr_cl_error_name(int error);

/* Records "host/device/x.c:47: clFinish: CL_OUT_OF_RESOURCES[: detail]". `call` may be the text of the complete
 * call. */
gradus_status gr_cl_fail(const char *file, int line, const char *call, int error, const char *detail);

/* For calls that return the error: CL_TRY(clFinish(queue)). */
#define CL_TRY(call)                                                                                                  \
    do {                                                                                                              \
        int cl_error_ = (int)(call);                                                                                  \
        if (cl_error_ != CL_SUCCESS) {                                                                                \
            status = gr_cl_fail(__FILE__, __LINE__, #call, cl_error_, NULL);                                          \
            goto cleanup;                                                                                             \
        }                                                                                                             \
    } while (0)

/* For calls that return a handle and write the error, which the call must name cl_error:
 * CL_TRY_NEW(kernel, clCreateKernel(program, name, &cl_error), name). The detail may be NULL. */
#define CL_TRY_NEW(handle, call, detail)                                                                              \
    do {                                                                                                              \
        cl_int cl_error = CL_SUCCESS;                                                                                 \
        (handle) = (call);                                                                                            \
        if (cl_error != CL_SUCCESS) {                                                                                 \
            (handle) = NULL;                                                                                          \
            status = gr_cl_fail(__FILE__, __LINE__, #call, (int)cl_error, (detail));                                  \
            goto cleanup;                                                                                             \
        }                                                                                                             \
    } while (0)

#endif
