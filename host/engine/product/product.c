/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of products of all families. */
#include "engine/product/product.h"

#define PIXEL_FACTOR (1.0f / 255)

product_shape gr_product_of_layer(const gradus_network *network, size_t layer, product_kind kind, size_t samples)
{
    const bool relu = kind == PRODUCT_FORWARD ? layer + 1 < network->layers : kind == PRODUCT_INPUT_GRADIENT;
    const bool pixels = layer == 0 && !network->floats;
    return (product_shape){kind, network->sizes[layer + 1], network->sizes[layer], samples, pixels, relu};
}

product_extents gr_product_extents(const product_shape *shape)
{
    switch (shape->kind) {
    case PRODUCT_FORWARD:
        return (product_extents){shape->samples, shape->outputs, shape->inputs};
    case PRODUCT_WEIGHT_GRADIENT:
        return (product_extents){shape->outputs, shape->inputs, shape->samples};
    default:
        return (product_extents){shape->samples, shape->inputs, shape->outputs};
    }
}

/* ---- Candidates ---- */

size_t gr_product_candidates(const gradus_device *device, const product_family *family, const product_shape *shape,
                             product_effort effort, product_candidate out[PRODUCT_CANDIDATES])
{
    return family->candidates(device, shape, effort, out);
}

gradus_status gr_product_prove(gradus_device *device, const product_candidate *candidate, bool *works)
{
    *works = true;
    return candidate->family->prove == NULL ? GRADUS_OK : candidate->family->prove(device, works);
}

void gr_product_name(const product_candidate *candidate, char name[PRODUCT_NAME])
{
    candidate->family->name(candidate->tiles, name);
}

bool gr_product_takes_bytes(const product_candidate *candidate)
{
    return candidate->family->takes_bytes;
}

gradus_status gr_product_scratch_size(gradus_device *device, const product_shape *shape,
                                      const product_candidate *candidate, size_t *bytes)
{
    return candidate->family->scratch_size(device, shape, candidate->tiles, bytes);
}

/* ---- Products ---- */

gradus_status gr_product_create(gradus_device *device, const product_shape *shape, const product_candidate *candidate,
                                const product_buffers *buffers, product **out)
{
    const product base = {candidate->family, *shape, shape->pixels ? PIXEL_FACTOR : 1};
    return candidate->family->create(device, &base, candidate->tiles, buffers, out);
}

gradus_status gr_product_set_scale(product *p, scaled_sum by)
{
    return p->family->set_scale(p, (scaled_sum){by.scale * p->factor, by.accumulate});
}

gradus_status gr_product_set_samples(product *p, size_t first, size_t samples)
{
    return p->family->set_samples == NULL ? GRADUS_OK : p->family->set_samples(p, first, samples);
}

gradus_status gr_product_enqueue(gradus_device *device, const product *p)
{
    return p->family->enqueue(device, p);
}

void gr_product_destroy(product *p)
{
    if (p != NULL)
        p->family->destroy(p);
}
