/* SPDX-License-Identifier: Apache-2.0 */
/* Models of other programs: recognises the format of a file. */
#include "archive/zip.h"
#include "model/tensors.h"

/* An NPZ is a ZIP archive. Its first bytes, read as the length of a safetensors header, would be at least 67 MB. */
gradus_status gradus_model_import(const char *path, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    bool is_zip = false;
    TRY(gr_zip_recognise(path, "a model", &is_zip));
    TRY(is_zip ? gr_npz_load(path, out) : gr_safetensors_load(path, true, out));
cleanup:
    return status;
}
