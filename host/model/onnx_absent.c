/* SPDX-License-Identifier: Apache-2.0 */
/* In place of onnx.c where a build has no protobuf-c or no schema of ONNX. */
#include "core/status.h"

gradus_status gradus_model_export_onnx(const gradus_model *model, const char *path)
{
    (void)model;
    return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: this build cannot write ONNX: it was made without protobuf-c", path);
}
