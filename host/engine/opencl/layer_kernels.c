/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/layered, except activate.cl. */
#include "engine/opencl/layer_kernels.h"
#include "core/memory.h"

#include "common/group_sum.h"
#include "layered/layered_arguments.h"

/* ---- expand_bytes.cl ---- */

size_t gr_expand_bytes_size(size_t elements)
{
    return gr_divide_up(elements, EXPAND_BLOCK) * EXPAND_BLOCK;
}

gradus_status gr_expand_bytes(gradus_device *device, cl_mem bytes, cl_mem out, size_t elements, launch *prepared)
{
    const expand_slice all = {0, elements};
    const cl_ulong blocks = gr_expand_bytes_size(elements) / EXPAND_BLOCK;
    return gr_launch_create(device, "layered/expand_bytes.cl", "expand_bytes", blocks,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(bytes), ARGUMENT(out), ARGUMENT(blocks)), prepared);
}

gradus_status gr_expand_bytes_set(launch *prepared, size_t first, size_t valid)
{
    const expand_slice slice = {first, valid};
    return gr_launch_vary(prepared, sizeof slice, &slice);
}

/* ---- bias.cl, relu.cl ---- */

gradus_status gr_bias_broadcast(gradus_device *device, cl_mem parameters, size_t offset, cl_mem z, size_t rows,
                                size_t columns, launch *prepared)
{
    const cl_ulong first = offset, elements = rows * columns;
    const cl_uint row_count = (cl_uint)rows;
    return gr_launch_create(
        device, "layered/bias.cl", "bias_broadcast", elements,
        ARGUMENTS(ARGUMENT(parameters), ARGUMENT(first), ARGUMENT(z), ARGUMENT(row_count), ARGUMENT(elements)),
        prepared);
}

gradus_status gr_relu_forward(gradus_device *device, cl_mem z, size_t elements, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "layered/relu.cl", "relu_forward", elements,
                            ARGUMENTS(ARGUMENT(z), ARGUMENT(count)), prepared);
}

gradus_status gr_relu_backward(gradus_device *device, cl_mem a, cl_mem dz, size_t elements, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "layered/relu.cl", "relu_backward", elements,
                            ARGUMENTS(ARGUMENT(a), ARGUMENT(dz), ARGUMENT(count)), prepared);
}

/* ---- softmax.cl ---- */

gradus_status gr_softmax_forward(gradus_device *device, cl_mem z, size_t classes, size_t samples, launch *prepared)
{
    const cl_uint class_count = (cl_uint)classes;
    const cl_ulong sample_count = samples;
    return gr_launch_create(device, "layered/softmax.cl", "softmax_forward", samples,
                            ARGUMENTS(ARGUMENT(z), ARGUMENT(class_count), ARGUMENT(sample_count)), prepared);
}

gradus_status gr_softmax_cross_entropy(gradus_device *device, cl_mem z, cl_mem labels, cl_mem metrics, size_t classes,
                                       size_t samples, launch *prepared)
{
    const loss_slice all = {0, (u32)samples, 0};
    const cl_uint class_count = (cl_uint)classes;
    const cl_ulong sample_count = samples;
    return gr_launch_create(device, "layered/softmax.cl", "softmax_cross_entropy", samples,
                            ARGUMENTS(ARGUMENT(all), ARGUMENT(z), ARGUMENT(labels), ARGUMENT(metrics),
                                      ARGUMENT(class_count), ARGUMENT(sample_count)),
                            prepared);
}

gradus_status gr_softmax_cross_entropy_set(launch *prepared, size_t first, size_t valid, float smoothing)
{
    const loss_slice slice = {(u32)first, (u32)valid, smoothing};
    return gr_launch_vary(prepared, sizeof slice, &slice);
}

/* ---- row_sums.cl ---- */

/* Enough pieces for a large GPU even with few rows, and so few that summing them up costs nothing. */
#define ROW_SUMS_PIECES_CPU 512
#define ROW_SUMS_PIECES_GPU 1024

static size_t row_sums_piece_columns(const gradus_device *device, size_t columns)
{
    return gr_divide_up(columns, device->kernels == KERNELS_CPU ? ROW_SUMS_PIECES_CPU : ROW_SUMS_PIECES_GPU);
}

static size_t row_sums_pieces(const gradus_device *device, size_t columns)
{
    return gr_divide_up(columns, row_sums_piece_columns(device, columns));
}

size_t gr_row_sums_partial_size(const gradus_device *device, size_t rows, size_t columns)
{
    return rows * row_sums_pieces(device, columns);
}

static gradus_status create_total(gradus_device *device, cl_mem from, size_t rows, size_t count, cl_mem out,
                                  size_t offset, launch *prepared)
{
    const scaled_sum plain = {1, 0};
    const cl_uint row_count = (cl_uint)rows, pieces = (cl_uint)count;
    const cl_ulong out_at = offset;
    const kernel_argument arguments[] = {ARGUMENT(plain),  ARGUMENT(from),      ARGUMENT(out),
                                         ARGUMENT(out_at), ARGUMENT(row_count), ARGUMENT(pieces)};
    const size_t argument_count = sizeof arguments / sizeof *arguments;
    return device->kernels == KERNELS_CPU
               ? gr_launch_create(device, "layered/row_sums.cl", "row_sums", rows, arguments, argument_count, prepared)
               : gr_launch_create_groups(device, "layered/row_sums.cl", "row_sums_group", rows, GROUP_SUM_ITEMS,
                                         arguments, argument_count, prepared);
}

gradus_status gr_row_sums(gradus_device *device, cl_mem m, size_t rows, size_t columns, cl_mem partial, cl_mem out,
                          size_t offset, row_sums *prepared)
{
    gradus_status status = GRADUS_OK;
    row_sums sums = {0};
    const cl_uint row_count = (cl_uint)rows, pieces = (cl_uint)row_sums_pieces(device, columns);
    const cl_ulong column_count = columns, piece_columns = row_sums_piece_columns(device, columns);
    const bool at_once = device->kernels == KERNELS_GPU && pieces == columns;

    if (!at_once)
        TRY(gr_launch_create(device, "layered/row_sums.cl", "row_sums_partial", rows * pieces,
                             ARGUMENTS(ARGUMENT(m), ARGUMENT(partial), ARGUMENT(row_count), ARGUMENT(column_count),
                                       ARGUMENT(piece_columns), ARGUMENT(pieces)),
                             &sums.partial));
    TRY(create_total(device, at_once ? m : partial, rows, pieces, out, offset, &sums.total));
    *prepared = sums;
    sums = (row_sums){0};
cleanup:
    gr_row_sums_destroy(&sums);
    return status;
}

gradus_status gr_row_sums_set(row_sums *sums, scaled_sum by)
{
    return gr_launch_vary(&sums->total, sizeof by, &by);
}

gradus_status gr_row_sums_enqueue(gradus_device *device, const row_sums *sums)
{
    gradus_status status = GRADUS_OK;
    if (sums->partial.kernel != NULL)
        TRY(gr_launch_enqueue(device, &sums->partial));
    TRY(gr_launch_enqueue(device, &sums->total));
cleanup:
    return status;
}

void gr_row_sums_destroy(row_sums *sums)
{
    gr_launch_destroy(&sums->partial);
    gr_launch_destroy(&sums->total);
}
