/* SPDX-License-Identifier: Apache-2.0 */
/* Models that other programs have made: which format a file has. */
#include "core/input.h"
#include "model/tensors.h"

#include <string.h>

/* An NPZ is a ZIP archive. As the length of a safetensors header, what that begins with would be 67 MB and more. */
static gradus_status begins_as_zip(const char *path, bool *is_zip)
{
    gradus_status status = GRADUS_OK;
    input_file file = {0};
    char start[4] = "";

    TRY(gr_input_open(path, "a model", &file));
    if (file.size >= sizeof start)
        TRY(gr_input_read(&file, start, sizeof start));
    *is_zip = memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0;
cleanup:
    gr_input_close(&file);
    return status;
}

gradus_status gradus_model_import(const char *path, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    bool is_zip = false;
    TRY(begins_as_zip(path, &is_zip));
    TRY(is_zip ? gr_npz_load(path, out) : gr_safetensors_load(path, true, out));
cleanup:
    return status;
}
