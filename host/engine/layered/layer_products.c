/* SPDX-License-Identifier: Apache-2.0 */
/* The products of one layer. */
#include "engine/layered/layer_products.h"

#include <stdio.h>

gradus_status gr_layer_products_choose(const device_engine *e, size_t layer, size_t samples, bool pixels,
                                       layer_products *out)
{
    gradus_status status = GRADUS_OK;
    out->count = gr_product_kinds(layer);
    for (size_t kind = 0; kind < out->count; kind++) {
        product_shape *shape = &out->shapes[kind];
        *shape = gr_product_of_layer(&e->base.network, layer, (product_kind)kind, samples);
        shape->relu = shape->relu && gr_engine_is_plain(&e->base);
        shape->pixels = pixels;
        TRY(gr_product_choose(e->device, shape, &out->choices[kind]));
    }
cleanup:
    return status;
}

gradus_status gr_layer_products_resize(const device_engine *e, layer_products *p, size_t samples, size_t *scratch)
{
    gradus_status status = GRADUS_OK;
    *scratch = 0;
    for (size_t kind = 0; kind < p->count; kind++) {
        size_t bytes = 0;
        p->shapes[kind].samples = samples;
        TRY(gr_product_scratch_size(e->device, &p->shapes[kind], &p->choices[kind].candidate, &bytes));
        *scratch = bytes > *scratch ? bytes : *scratch;
    }
cleanup:
    return status;
}

gradus_status gr_layer_products_create(const device_engine *e, size_t layer, const layer_matrices *matrices,
                                       layer_products *p)
{
    gradus_status status = GRADUS_OK;
    for (size_t kind = 0; kind < p->count; kind++) {
        const product_buffers buffers = {
            .samples = matrices->inputs[kind],
            .outputs = kind == PRODUCT_FORWARD ? matrices->z : matrices->dz,
            .parameters = kind == PRODUCT_WEIGHT_GRADIENT ? e->gradient : e->parameters,
            .weights_at = e->layout.weights[layer],
            .bias_at = e->layout.bias[layer],
            .below = matrices->below,
            .scratch = matrices->scratch,
        };
        TRY(gr_product_create(e->device, &p->shapes[kind], &p->choices[kind].candidate, &buffers, &p->made[kind]));
    }
cleanup:
    return status;
}

void gr_layer_products_destroy(layer_products *p)
{
    for (size_t kind = 0; kind < p->count; kind++)
        gr_product_destroy(p->made[kind]);
}

size_t gr_layer_products_describe(const layer_products *p, char *text, size_t size)
{
    size_t used = 0;
    for (size_t kind = 0; kind < p->count && used < size; kind++) {
        char line[PRODUCT_CHOICE_TEXT];
        gr_product_describe(&p->shapes[kind], &p->choices[kind], line);
        used += (size_t)snprintf(text + used, size - used, "%s\n", line);
    }
    return used < size ? used : size;
}
