/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers W1, and all arrays of its layout, between the usual and the packed layout. */
#include "engine/opencl/packed_engine.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* The usual layout with packed W1 at its start. */
static parameter_layout packed_layout(const engine *base, size_t padded_units)
{
    parameter_layout layout = base->layout;
    const size_t floats = padded_units * base->network.sizes[0];
    const size_t packed = gr_divide_up(floats, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
    const size_t shift = packed - base->layout.bias[0]; /* modulo 2^64 if it is negative */
    for (size_t l = 0; l < base->network.layers; l++) {
        layout.weights[l] += l == 0 ? 0 : shift;
        layout.bias[l] += shift;
    }
    layout.length += shift;
    return layout;
}

gradus_status gr_packed_engine_init(packed_engine *e, const engine *base, gradus_device *device, size_t block_units)
{
    e->block_units = block_units;
    e->padded_units = gr_round_up(base->network.sizes[1], block_units);
    const parameter_layout layout = packed_layout(base, e->padded_units);
    return gr_device_engine_init_with(&e->common, base, device, &layout, e->block_units);
}

/* The offset of W1[unit, feature]. */
static size_t packed_at(const packed_engine *e, size_t unit, size_t feature)
{
    const size_t block_units = e->block_units, features = e->common.base.network.sizes[0];
    return (unit / block_units * features + feature) * block_units + unit % block_units;
}

/* Converts from the usual layout (plain) to that of the buffers. */
static void pack(const packed_engine *e, const float *plain, float *packed)
{
    const engine *base = &e->common.base;
    const size_t features = base->network.sizes[0], rest = base->layout.length - base->layout.bias[0];
    for (size_t unit = 0; unit < base->network.sizes[1]; unit++)
        for (size_t f = 0; f < features; f++)
            packed[packed_at(e, unit, f)] = plain[unit * features + f];
    memcpy(packed + e->common.layout.bias[0], plain + base->layout.bias[0], rest * sizeof *plain);
}

static void unpack(const packed_engine *e, const float *packed, float *plain)
{
    const engine *base = &e->common.base;
    const size_t features = base->network.sizes[0], rest = base->layout.length - base->layout.bias[0];
    memset(plain, 0, base->layout.length * sizeof *plain);
    for (size_t unit = 0; unit < base->network.sizes[1]; unit++)
        for (size_t f = 0; f < features; f++)
            plain[unit * features + f] = packed[packed_at(e, unit, f)];
    memcpy(plain + base->layout.bias[0], packed + e->common.layout.bias[0], rest * sizeof *plain);
}

gradus_status gr_packed_engine_write_parameters(engine *base, const float *parameters)
{
    gradus_status status = GRADUS_OK;
    const packed_engine *e = (const packed_engine *)base;
    float *packed = NULL;
    TRY(gr_allocate(e->common.layout.length, &packed));
    pack(e, parameters, packed);
    TRY(gr_device_engine_write_parameters(base, packed));
cleanup:
    free(packed);
    return status;
}

/* Reads parameters or gradient by `read`, which returns them packed. */
static gradus_status read_unpacked(engine *base, gradus_status (*read)(engine *, float *), float *out)
{
    gradus_status status = GRADUS_OK;
    const packed_engine *e = (const packed_engine *)base;
    float *packed = NULL;
    TRY(gr_allocate(e->common.layout.length, &packed));
    TRY(read(base, packed));
    unpack(e, packed, out);
cleanup:
    free(packed);
    return status;
}

gradus_status gr_packed_engine_read_parameters(engine *base, float *parameters)
{
    return read_unpacked(base, gr_device_engine_read_parameters, parameters);
}

gradus_status gr_packed_engine_read_gradient(engine *base, float *gradient)
{
    return read_unpacked(base, gr_device_engine_read_gradient, gradient);
}

/* Allocates the arrays of `plain`, packed. */
static gradus_status allocate_packed(const packed_engine *e, const engine_state *plain, engine_state *packed)
{
    gradus_status status = GRADUS_OK;
    packed->steps = plain->steps;
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (plain->arrays[a] != NULL)
            TRY(gr_allocate_bytes(e->common.layout.length, sizeof(float), &packed->arrays[a]));
cleanup:
    return status;
}

static void free_arrays(const engine_state *state)
{
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        free(state->arrays[a]);
}

gradus_status gr_packed_engine_read_state(engine *base, const engine_state *state)
{
    gradus_status status = GRADUS_OK;
    const packed_engine *e = (const packed_engine *)base;
    engine_state packed = {0};
    TRY(allocate_packed(e, state, &packed));
    TRY(gr_device_engine_read_state(base, &packed));
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            unpack(e, packed.arrays[a], state->arrays[a]);
cleanup:
    free_arrays(&packed);
    return status;
}

gradus_status gr_packed_engine_write_state(engine *base, const engine_state *state)
{
    gradus_status status = GRADUS_OK;
    const packed_engine *e = (const packed_engine *)base;
    engine_state packed = {0};
    TRY(allocate_packed(e, state, &packed));
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (state->arrays[a] != NULL)
            pack(e, state->arrays[a], packed.arrays[a]);
    TRY(gr_device_engine_write_state(base, &packed));
cleanup:
    free_arrays(&packed);
    return status;
}
