/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and gradient of whole networks, as training checks them before it begins. */
#include "check/check.h"
#include "data/dataset.h"
#include "engine/engine.h"
#include "train/verify.h"

#define CLASSES 5

gradus_status gr_check_engine(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const gradus_network network = {.layers = 3, .sizes = {shape->inner, shape->rows, shape->rows, CLASSES}};
    struct gradus_dataset dataset = {0};
    float *parameters = NULL;
    engine *e = NULL;

    TRY(gr_check_bytes(c, shape->inner * shape->columns, 256, &dataset.pixels));
    TRY(gr_check_bytes(c, shape->columns, CLASSES, &dataset.labels));
    dataset.info = (gradus_dataset_info){shape->columns, shape->inner, shape->inner, 1, CLASSES, true};
    TRY(gr_check_random(c, gr_network_layout(&network).length, 0, 1, &parameters));
    gr_network_initialise(&network, 1, parameters);
    TRY(gr_engine_create(&gr_engine_layered, c->device, &network, &dataset, &e));
    status = gr_verify_engine(e, parameters);
    if (status != GRADUS_OK && status != GRADUS_ERROR_MISMATCH)
        goto cleanup;
    gr_check_record(c, "engine_layered", status == GRADUS_OK ? 0 : 2);
    status = GRADUS_OK;
cleanup:
    gr_engine_destroy(e);
    return status;
}
