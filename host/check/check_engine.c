/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and gradient of whole networks, as training checks them before it begins. */
#include "check/check.h"
#include "data/dataset.h"
#include "engine/fused.h"
#include "train/verify.h"

#define CLASSES 5

static gradus_status check_engine(check *c, const check_shape *shape, const engine_type *type, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gradus_network network = {.layers = 3, .sizes = {shape->inner, shape->rows, shape->rows, CLASSES}};
    struct gradus_dataset dataset = {0};
    float *parameters = NULL;
    engine *e = NULL;
    double worst = 0;

    TRY(gr_check_bytes(c, shape->inner * shape->columns, 256, &dataset.pixels));
    TRY(gr_check_bytes(c, shape->columns, CLASSES, &dataset.labels));
    dataset.info = (gradus_dataset_info){shape->columns, shape->inner, shape->inner, 1, CLASSES, true};
    TRY(gr_check_random(c, gr_network_layout(&network).length, 0, 1, &parameters));
    gr_network_initialise(&network, 1, parameters);
    TRY(gr_engine_create(type, c->device, &network, &dataset, &e));
    status = gr_verify_engine(e, parameters, shape->columns, 1e-4, &worst);
    if (status != GRADUS_OK && status != GRADUS_ERROR_MISMATCH)
        goto cleanup;
    gr_check_record(c, name, worst);
    status = GRADUS_OK;
cleanup:
    gr_engine_destroy(e);
    return status;
}

gradus_status gr_check_engine_layered(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_engine_layered, "engine_layered");
}

gradus_status gr_check_first_groups(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_GROUPS], "first_groups");
}

gradus_status gr_check_first_elements(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_ELEMENTS], "first_elements");
}

gradus_status gr_check_first_dense(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_DENSE], "first_dense");
}

gradus_status gr_check_first_gpu(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_GPU], "first_gpu");
}
