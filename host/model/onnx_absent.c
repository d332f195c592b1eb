/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces onnx.c in a build without protobuf-c or ONNX's schema. */
#include "core/status.h"

gradus_status gradus_model_export_onnx(const gradus_model *model, const char *path)
{
    (void)model;
    return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: this build cannot write ONNX: it has no protobuf-c", path);
}
