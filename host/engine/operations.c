/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/. Arguments that change between launches start as what most launches want. */
#include "engine/operations.h"
#include "core/memory.h"

/* ---- expand_bytes.cl ---- */

#define EXPAND_BLOCK 8

size_t gr_expand_bytes_size(size_t elements)
{
    return gr_divide_up(elements, EXPAND_BLOCK) * EXPAND_BLOCK;
}

gradus_status gr_expand_bytes(gradus_device *device, cl_mem bytes, cl_mem out, size_t elements, launch *prepared)
{
    const cl_ulong first = 0, valid = elements, blocks = gr_expand_bytes_size(elements) / EXPAND_BLOCK;
    return gr_launch_create(
        device, "expand_bytes", blocks,
        ARGUMENTS(ARGUMENT(bytes), ARGUMENT(first), ARGUMENT(valid), ARGUMENT(out), ARGUMENT(blocks)), prepared);
}

gradus_status gr_expand_bytes_set(launch *prepared, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong first_byte = first, valid_bytes = valid;
    TRY(gr_launch_set(prepared, 1, (kernel_argument)ARGUMENT(first_byte)));
    TRY(gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(valid_bytes)));
cleanup:
    return status;
}

/* ---- bias.cl, relu.cl ---- */

gradus_status gr_bias_broadcast(gradus_device *device, cl_mem parameters, size_t offset, cl_mem z, size_t rows,
                                size_t columns, launch *prepared)
{
    const cl_ulong first = offset, elements = rows * columns;
    const cl_uint row_count = (cl_uint)rows;
    return gr_launch_create(
        device, "bias_broadcast", elements,
        ARGUMENTS(ARGUMENT(parameters), ARGUMENT(first), ARGUMENT(z), ARGUMENT(row_count), ARGUMENT(elements)),
        prepared);
}

gradus_status gr_relu_forward(gradus_device *device, cl_mem z, size_t elements, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "relu_forward", elements, ARGUMENTS(ARGUMENT(z), ARGUMENT(count)), prepared);
}

gradus_status gr_relu_backward(gradus_device *device, cl_mem a, cl_mem dz, size_t elements, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "relu_backward", elements, ARGUMENTS(ARGUMENT(a), ARGUMENT(dz), ARGUMENT(count)),
                            prepared);
}

/* ---- softmax.cl ---- */

gradus_status gr_softmax_forward(gradus_device *device, cl_mem z, size_t classes, size_t samples, launch *prepared)
{
    const cl_uint class_count = (cl_uint)classes;
    const cl_ulong sample_count = samples;
    return gr_launch_create(device, "softmax_forward", samples,
                            ARGUMENTS(ARGUMENT(z), ARGUMENT(class_count), ARGUMENT(sample_count)), prepared);
}

gradus_status gr_softmax_cross_entropy(gradus_device *device, cl_mem z, cl_mem labels, cl_mem metrics, size_t classes,
                                       size_t samples, launch *prepared)
{
    const cl_uint class_count = (cl_uint)classes;
    const cl_ulong first = 0, sample_count = samples;
    return gr_launch_create(device, "softmax_cross_entropy", samples,
                            ARGUMENTS(ARGUMENT(z), ARGUMENT(labels), ARGUMENT(first), ARGUMENT(metrics),
                                      ARGUMENT(class_count), ARGUMENT(sample_count), ARGUMENT(sample_count)),
                            prepared);
}

gradus_status gr_softmax_cross_entropy_set_samples(launch *prepared, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong first_sample = first, valid_samples = valid;
    TRY(gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(first_sample)));
    TRY(gr_launch_set(prepared, 5, (kernel_argument)ARGUMENT(valid_samples)));
cleanup:
    return status;
}

/* ---- row_sums.cl ---- */

/* Enough pieces to occupy a large GPU even with few rows; few enough that summing them up costs nothing. */
#define ROW_SUMS_PIECES 512

static size_t row_sums_piece_columns(size_t columns)
{
    return gr_divide_up(columns, ROW_SUMS_PIECES);
}

static size_t row_sums_pieces(size_t columns)
{
    return gr_divide_up(columns, row_sums_piece_columns(columns));
}

size_t gr_row_sums_partial_size(size_t rows, size_t columns)
{
    return rows * row_sums_pieces(columns);
}

gradus_status gr_row_sums(gradus_device *device, cl_mem m, size_t rows, size_t columns, cl_mem partial, cl_mem out,
                          row_sums *prepared)
{
    gradus_status status = GRADUS_OK;
    row_sums sums = {0};
    const cl_uint row_count = (cl_uint)rows, pieces = (cl_uint)row_sums_pieces(columns), accumulate = 0;
    const cl_ulong column_count = columns, piece_columns = row_sums_piece_columns(columns), offset = 0;
    const cl_float scale = 1;

    TRY(gr_launch_create(device, "row_sums_partial", rows * pieces,
                         ARGUMENTS(ARGUMENT(m), ARGUMENT(partial), ARGUMENT(row_count), ARGUMENT(column_count),
                                   ARGUMENT(piece_columns), ARGUMENT(pieces)),
                         &sums.partial));
    TRY(gr_launch_create(device, "row_sums", rows,
                         ARGUMENTS(ARGUMENT(partial), ARGUMENT(out), ARGUMENT(offset), ARGUMENT(row_count),
                                   ARGUMENT(pieces), ARGUMENT(scale), ARGUMENT(accumulate)),
                         &sums.total));
    *prepared = sums;
    sums = (row_sums){0};
cleanup:
    gr_row_sums_destroy(&sums);
    return status;
}

gradus_status gr_row_sums_set(row_sums *sums, size_t out_offset, float scale, bool accumulate)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong offset = out_offset;
    const cl_uint add = accumulate;
    TRY(gr_launch_set(&sums->total, 2, (kernel_argument)ARGUMENT(offset)));
    TRY(gr_launch_set(&sums->total, 5, (kernel_argument)ARGUMENT(scale)));
    TRY(gr_launch_set(&sums->total, 6, (kernel_argument)ARGUMENT(add)));
cleanup:
    return status;
}

gradus_status gr_row_sums_enqueue(gradus_device *device, const row_sums *sums)
{
    gradus_status status = GRADUS_OK;
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

/* ---- sgd.cl ---- */

gradus_status gr_sgd_update(gradus_device *device, cl_mem parameters, cl_mem gradient, size_t elements,
                            const step_record *record, launch *prepared)
{
    const cl_float learning_rate = 0;
    const cl_ulong count = elements;
    const cl_uint slots = record->slots;
    return gr_launch_create(device, "sgd_update", elements,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(gradient), ARGUMENT(learning_rate),
                                      ARGUMENT(count), ARGUMENT(record->sums), ARGUMENT(record->history),
                                      ARGUMENT(record->progress), ARGUMENT(slots)),
                            prepared);
}

gradus_status gr_keep_parameters(gradus_device *device, cl_mem parameters, cl_mem kept, size_t elements,
                                 const step_record *record, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "keep_parameters", elements,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(kept), ARGUMENT(count), ARGUMENT(record->sums),
                                      ARGUMENT(record->progress)),
                            prepared);
}

gradus_status gr_sgd_update_set_learning_rate(launch *prepared, float learning_rate)
{
    return gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(learning_rate));
}
