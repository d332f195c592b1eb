/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and gradient of whole networks, as training checks them before it begins. */
#include "check/check.h"
#include "data/dataset.h"
#include "engine/fused_cpu/fused.h"
#include "engine/select/engines.h"
#include "train/verify.h"

#define CLASSES 5

/* Pixels of which so many in 256 are not zero. */
static gradus_status draw_pixels(check *c, size_t count, uint8_t density, uint8_t **out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *chances = NULL;
    TRY(gr_check_bytes(c, count, 256, out));
    TRY(gr_check_bytes(c, count, 256, &chances));
    for (size_t i = 0; i < count; i++)
        if (chances[i] > density)
            (*out)[i] = 0;
cleanup:
    return status;
}

/* An engine, and what it is checked with beside a shape. */
typedef struct engine_case {
    const engine_type *type;
    uint8_t density;
    gradus_activation activation;
    float mean, deviation;
    regularization regularization;
} engine_case;

static gradus_status create_engine(check *c, const engine_case *how, const gradus_network *network,
                                   const gradus_dataset *dataset, engine **out)
{
    const engine base = {.type = how->type,
                         .network = *network,
                         .layout = gr_network_layout(network),
                         .dataset = dataset,
                         .regularization = how->regularization};
    return how->type->create(&base, c->device, out);
}

static gradus_status check_case(check *c, const check_shape *shape, const engine_case *how, const char *name)
{
    gradus_status status = GRADUS_OK;
    const gradus_network network = {.layers = 3,
                                    .sizes = {shape->inner, shape->rows, shape->rows, CLASSES},
                                    .activation = how->activation,
                                    .input_mean = how->mean,
                                    .input_deviation = how->deviation};
    struct gradus_dataset dataset = {0};
    float *parameters = NULL;
    engine *e = NULL;
    double worst = 0;

    TRY(draw_pixels(c, shape->inner * shape->columns, how->density, &dataset.pixels));
    TRY(gr_check_bytes(c, shape->columns, CLASSES, &dataset.labels));
    dataset.info = (gradus_dataset_info){shape->columns, shape->inner, shape->inner, 1, CLASSES, true, false};
    TRY(gr_check_random(c, gr_network_layout(&network).length, 0, 1, &parameters));
    gr_network_initialise(&network, 1, parameters);
    TRY(create_engine(c, how, &network, &dataset, &e));
    status = gr_verify_engine(e, parameters, shape->columns, 1e-4, &worst);
    if (status != GRADUS_OK && status != GRADUS_ERROR_MISMATCH)
        goto cleanup;
    gr_check_record(c, name, worst);
    status = GRADUS_OK;
cleanup:
    gr_engine_destroy(e);
    return status;
}

static gradus_status check_engine(check *c, const check_shape *shape, const engine_type *type, const char *name)
{
    return check_case(c, shape, &(engine_case){.type = type, .density = 255}, name);
}

/* With the kernels of one kind, whatever the device is. */
static gradus_status check_sparse(check *c, const check_shape *shape, kernel_kind kernels, const char *name)
{
    const kernel_kind own = c->device->kernels;
    c->device->kernels = kernels;
    const engine_case how = {.type = &gr_engine_sparse, .density = 80};
    const gradus_status status = check_case(c, shape, &how, name);
    c->device->kernels = own;
    return status;
}

gradus_status gr_check_sparse_cpu(check *c, const check_shape *shape)
{
    return check_sparse(c, shape, KERNELS_CPU, "sparse_cpu");
}

gradus_status gr_check_sparse_gpu(check *c, const check_shape *shape)
{
    return check_sparse(c, shape, KERNELS_GPU, "sparse_gpu");
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

gradus_status gr_check_first_wide(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_WIDE], "first_wide");
}

gradus_status gr_check_first_gpu(check *c, const check_shape *shape)
{
    return check_engine(c, shape, &gr_fused_variants[FIRST_GPU], "first_gpu");
}

gradus_status gr_check_first_batch(check *c, const check_shape *shape)
{
    const engine_case how = {.type = &gr_fused_variants[FIRST_BATCH], .density = 80};
    return check_case(c, shape, &how, "first_batch");
}

/* ---- What else an engine may have ---- */

#define SEED 0x123456789aULL

static gradus_status check_regularization(check *c, const check_shape *shape, const engine_type *type,
                                          const char *name)
{
    gradus_status status = GRADUS_OK;
    for (gradus_activation f = GRADUS_RELU; gradus_activation_name(f) != NULL; f++) {
        const engine_case how = {type, 80, f, 0.1f, 0.3f, {.dropout = 0.25f, .label_smoothing = 0.1f, .seed = SEED}};
        TRY(check_case(c, shape, &how, name));
    }
cleanup:
    return status;
}

gradus_status gr_check_fused_cpu_regularization(check *c, const check_shape *shape)
{
    return check_regularization(c, shape, &gr_fused_variants[FIRST_ELEMENTS], "fused_cpu_regularization");
}

gradus_status gr_check_fused_batch_regularization(check *c, const check_shape *shape)
{
    gradus_status status = GRADUS_OK;
    const engine_case how = {&gr_fused_variants[FIRST_BATCH],       80, GRADUS_RELU, 0, 0,
                             {.input_dropout = 0.25f, .seed = SEED}};
    TRY(check_regularization(c, shape, how.type, "fused_batch_regularization"));
    TRY(check_case(c, shape, &how, "fused_batch_regularization"));
cleanup:
    return status;
}
