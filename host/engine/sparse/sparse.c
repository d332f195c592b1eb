/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "sparse". */
#include "engine/sparse/sparse.h"
#include "engine/layered/layered_state.h"
#include "engine/sparse/sparse_products.h"

static const char *sparse_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    return base->network.floats                     ? "float features"
           : base->batch > 0                        ? "mini-batches"
           : base->network.input_deviation != 0     ? "standardised input"
           : base->regularization.input_dropout > 0 ? "input dropout"
                                                    : NULL;
}

static gradus_status sparse_create(const engine *base, gradus_device *device, engine **out)
{
    return gr_layered_create(base, device, &gr_sparse_products, out);
}

const engine_type gr_engine_sparse = {
    .name = "sparse", .unsupported = sparse_unsupported, .create = sparse_create, LAYERED_MEMBERS};
