/* SPDX-License-Identifier: Apache-2.0 */
/* Models that other programs have made: which format a file has. */
#include "archive/zip.h"
#include "model/tensors.h"

/* An NPZ is a ZIP archive. As the length of a safetensors header, what that begins with would be 67 MB and more. */
gradus_status gradus_model_import(const char *path, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    bool is_zip = false;
    TRY(gr_zip_recognise(path, "a model", &is_zip));
    TRY(is_zip ? gr_npz_load(path, out) : gr_safetensors_load(path, true, out));
cleanup:
    return status;
}
