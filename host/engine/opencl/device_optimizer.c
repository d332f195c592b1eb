/* SPDX-License-Identifier: Apache-2.0 */
/* The optimizer's buffers and launches. */
#include "engine/opencl/device_optimizer.h"
#include "core/memory.h"

#include <stdlib.h>

static size_t moment_count(const optimizer *how)
{
    return (size_t)gr_optimizer_has_first_moment(how) + (size_t)gr_optimizer_has_second_moment(how);
}

size_t gr_device_optimizer_bytes(const optimizer *how, const parameter_layout *layout)
{
    return moment_count(how) * layout->length * sizeof(cl_float) + layout->length / PARAMETER_ALIGNMENT +
           (SQUARE_SHARES + 1) * sizeof(cl_float);
}

/* ---- Tables ---- */

static gradus_status upload(gradus_device *device, const void *bytes, size_t size, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create(device, size, "the optimizer's tables", out));
    TRY(gr_buffer_write(device, *out, 0, size, bytes));
cleanup:
    return status;
}

static gradus_status create_decays(gradus_device *device, const gradus_network *network,
                                   const parameter_layout *layout, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *decays = NULL;
    TRY(gr_allocate(layout->length / PARAMETER_ALIGNMENT, &decays));
    for (size_t l = 0; l < network->layers; l++)
        for (size_t at = layout->weights[l]; at < layout->bias[l]; at += PARAMETER_ALIGNMENT)
            decays[at / PARAMETER_ALIGNMENT] = 1;
    TRY(upload(device, decays, layout->length / PARAMETER_ALIGNMENT, out));
cleanup:
    free(decays);
    return status;
}

/* The weights into a unit: offset of the first, stride, and number. */
static void describe_row(const gradus_network *network, const parameter_layout *layout, size_t packed_units, size_t l,
                         size_t unit, cl_uint row[3])
{
    const size_t inputs = network->sizes[l], block = l == 0 ? packed_units : 0;
    const size_t first = block == 0 ? unit * inputs : unit / block * block * inputs + unit % block;
    row[0] = (cl_uint)(layout->weights[l] + first);
    row[1] = block == 0 ? 1 : (cl_uint)block;
    row[2] = (cl_uint)inputs;
}

static gradus_status create_rows(gradus_device *device, const gradus_network *network, const parameter_layout *layout,
                                 size_t packed_units, size_t count, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    cl_uint *rows = NULL; /* (3 x count) */
    size_t i = 0;
    if (layout->length > UINT32_MAX)
        FAIL(GRADUS_ERROR_DEVICE, "max norm: %zu parameters are too many", layout->length);
    TRY(gr_allocate(3 * count, &rows));
    for (size_t l = 0; l < network->layers; l++)
        for (size_t unit = 0; unit < network->sizes[l + 1]; unit++, i += 3)
            describe_row(network, layout, packed_units, l, unit, rows + i);
    TRY(upload(device, rows, 3 * count * sizeof *rows, out));
cleanup:
    free(rows);
    return status;
}

/* ---- Creation and destruction ---- */

static gradus_status create_clipping(gradus_device *device, const optimizer_buffers *buffers, size_t elements,
                                     device_optimizer *o)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create(device, SQUARE_SHARES * sizeof(cl_float), "sums of squares", &o->squares));
    TRY(gr_square_sums(device, buffers->gradient, elements, o->squares, &o->square_sums));
    TRY(gr_clip_factor(device, o->squares, o->how.clip_norm, o->clip, &o->clip_factor));
cleanup:
    return status;
}

static gradus_status create_limits(gradus_device *device, const gradus_network *network,
                                   const parameter_layout *layout, const optimizer_buffers *buffers,
                                   device_optimizer *o)
{
    gradus_status status = GRADUS_OK;
    size_t rows = 0;
    for (size_t l = 0; l < network->layers; l++)
        rows += network->sizes[l + 1];
    TRY(create_rows(device, network, layout, buffers->packed_units, rows, &o->rows));
    TRY(gr_limit_norms(device, buffers->parameters, o->rows, rows, o->how.max_norm, &o->limit_norms));
cleanup:
    return status;
}

gradus_status gr_device_optimizer_create(gradus_device *device, const optimizer *how, const gradus_network *network,
                                         const parameter_layout *layout, const optimizer_buffers *buffers,
                                         device_optimizer *out)
{
    gradus_status status = GRADUS_OK;
    const size_t bytes = layout->length * sizeof(cl_float);
    const cl_float whole = 1;

    *out = (device_optimizer){.how = *how};
    if (gr_optimizer_has_first_moment(how))
        TRY(gr_buffer_create_zeroed(device, bytes, "the optimizer's first moments", &out->first));
    if (gr_optimizer_has_second_moment(how))
        TRY(gr_buffer_create_zeroed(device, bytes, "the optimizer's second moments", &out->second));
    TRY(create_decays(device, network, layout, &out->decays));
    TRY(upload(device, &whole, sizeof whole, &out->clip));
    TRY(gr_update_parameters(
        device, how, layout->length, buffers->record,
        &(update_buffers){buffers->parameters, buffers->gradient, out->first, out->second, out->decays, out->clip},
        &out->update_parameters));
    if (how->clip_norm > 0)
        TRY(create_clipping(device, buffers, layout->length, out));
    if (how->max_norm > 0)
        TRY(create_limits(device, network, layout, buffers, out));
cleanup:
    return status;
}

void gr_device_optimizer_release(device_optimizer *o)
{
    launch *const launches[] = {&o->square_sums, &o->clip_factor, &o->update_parameters, &o->limit_norms};
    cl_mem *const buffers[] = {&o->first, &o->second, &o->decays, &o->clip, &o->squares, &o->rows};
    for (size_t i = 0; i < sizeof launches / sizeof *launches; i++)
        gr_launch_destroy(launches[i]);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
}

gradus_status gr_device_optimizer_reset(gradus_device *device, device_optimizer *o, const parameter_layout *layout)
{
    gradus_status status = GRADUS_OK;
    if (o->first != NULL)
        TRY(gr_buffer_write_zeros(device, o->first, layout->length * sizeof(cl_float)));
    if (o->second != NULL)
        TRY(gr_buffer_write_zeros(device, o->second, layout->length * sizeof(cl_float)));
cleanup:
    return status;
}

/* ---- A step ---- */

static bool is_set_for(const device_optimizer *o, const update_step *step)
{
    return o->current.learning_rate == step->learning_rate && o->current.first_factor == step->first_factor &&
           o->current.second_factor == step->second_factor;
}

gradus_status gr_device_optimizer_enqueue(gradus_device *device, device_optimizer *o, const update_step *step)
{
    gradus_status status = GRADUS_OK;
    if (!is_set_for(o, step))
        TRY(gr_update_parameters_set(&o->update_parameters, step));
    o->current = *step;
    if (o->square_sums.kernel != NULL) {
        TRY(gr_launch_enqueue(device, &o->square_sums));
        TRY(gr_launch_enqueue(device, &o->clip_factor));
    }
    TRY(gr_launch_enqueue(device, &o->update_parameters));
    if (o->limit_norms.kernel != NULL)
        TRY(gr_launch_enqueue(device, &o->limit_norms));
cleanup:
    return status;
}
