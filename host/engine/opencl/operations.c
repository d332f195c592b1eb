/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/. Arguments that change between launches start as what most launches want. */
#include "engine/opencl/operations.h"
#include "core/memory.h"
#include "engine/common/dropout.h"

#include <string.h>

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
        device, "layered/expand_bytes.cl", "expand_bytes", blocks,
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

/* ---- activate.cl ---- */

#define ACTIVATE_UNITS 8

gradus_status gr_activation_forward(gradus_device *device, gradus_activation function, const dropout_source *source,
                                    cl_mem z, cl_mem slopes, size_t units, size_t samples, launch *prepared)
{
    const cl_uint kind = function, none = 0, unit_count = (cl_uint)units, sample_count = (cl_uint)samples;
    const cl_uint threshold = gr_dropout_threshold(source->share);
    const cl_float gain = gr_dropout_gain(threshold);
    return gr_launch_create(
        device, "layered/activate.cl", "activation_forward", gr_divide_up(units, ACTIVATE_UNITS) * samples,
        ARGUMENTS(ARGUMENT(threshold), ARGUMENT(none), ARGUMENT(sample_count), ARGUMENT(z), ARGUMENT(slopes),
                  ARGUMENT(unit_count), ARGUMENT(sample_count), ARGUMENT(kind), ARGUMENT(source->layer),
                  ARGUMENT(gain), ARGUMENT(source->progress), ARGUMENT(source->order)),
        prepared);
}

gradus_status gr_activation_forward_set(launch *prepared, float share, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    const cl_uint threshold = gr_dropout_threshold(share), begin = (cl_uint)first, count = (cl_uint)valid;
    TRY(gr_launch_set(prepared, 0, (kernel_argument)ARGUMENT(threshold)));
    TRY(gr_launch_set(prepared, 1, (kernel_argument)ARGUMENT(begin)));
    TRY(gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(count)));
cleanup:
    return status;
}

gradus_status gr_activation_backward(gradus_device *device, cl_mem slopes, cl_mem dz, size_t elements,
                                     launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "layered/activate.cl", "activation_backward", elements,
                            ARGUMENTS(ARGUMENT(slopes), ARGUMENT(dz), ARGUMENT(count)), prepared);
}

gradus_status gr_input_transform(gradus_device *device, const input_transform *input, const dropout_source *source,
                                 cl_mem x, cl_mem out, size_t features, size_t samples, launch *prepared)
{
    const cl_uint none = 0, feature_count = (cl_uint)features, sample_count = (cl_uint)samples;
    const cl_uint floats = input->floats;
    const cl_uint threshold = gr_dropout_threshold(source->share);
    const cl_float gain = gr_dropout_gain(threshold);
    return gr_launch_create(device, "layered/activate.cl", "input_transform",
                            gr_divide_up(features, ACTIVATE_UNITS) * samples,
                            ARGUMENTS(ARGUMENT(threshold), ARGUMENT(none), ARGUMENT(sample_count), ARGUMENT(none),
                                      ARGUMENT(x), ARGUMENT(out), ARGUMENT(feature_count), ARGUMENT(sample_count),
                                      ARGUMENT(floats), ARGUMENT(input->scale), ARGUMENT(input->offset),
                                      ARGUMENT(gain), ARGUMENT(source->progress), ARGUMENT(source->order)),
                            prepared);
}

gradus_status gr_input_transform_set(launch *prepared, float share, size_t first, size_t valid, size_t x_first)
{
    gradus_status status = GRADUS_OK;
    const cl_uint begin = (cl_uint)x_first;
    TRY(gr_activation_forward_set(prepared, share, first, valid)); /* the same three */
    TRY(gr_launch_set(prepared, 3, (kernel_argument)ARGUMENT(begin)));
cleanup:
    return status;
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
    const cl_uint class_count = (cl_uint)classes;
    const cl_ulong first = 0, sample_count = samples;
    const cl_float unsmoothed = 0;
    return gr_launch_create(device, "layered/softmax.cl", "softmax_cross_entropy", samples,
                            ARGUMENTS(ARGUMENT(z), ARGUMENT(labels), ARGUMENT(first), ARGUMENT(metrics),
                                      ARGUMENT(class_count), ARGUMENT(sample_count), ARGUMENT(sample_count),
                                      ARGUMENT(unsmoothed)),
                            prepared);
}

gradus_status gr_softmax_cross_entropy_set(launch *prepared, size_t first, size_t valid, float smoothing)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong first_sample = first, valid_samples = valid;
    TRY(gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(first_sample)));
    TRY(gr_launch_set(prepared, 5, (kernel_argument)ARGUMENT(valid_samples)));
    TRY(gr_launch_set(prepared, 7, (kernel_argument)ARGUMENT(smoothing)));
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

    TRY(gr_launch_create(device, "layered/row_sums.cl", "row_sums_partial", rows * pieces,
                         ARGUMENTS(ARGUMENT(m), ARGUMENT(partial), ARGUMENT(row_count), ARGUMENT(column_count),
                                   ARGUMENT(piece_columns), ARGUMENT(pieces)),
                         &sums.partial));
    TRY(gr_launch_create(device, "layered/row_sums.cl", "row_sums", rows,
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

/* ---- optimizer.cl ---- */

/* PARAMETER_LANES there. */
#define UPDATE_LANES 8

/* An optimizer without this moment never touches the buffer that stands in its place. */
static cl_mem moment(cl_mem own, const update_buffers *buffers)
{
    return own == NULL ? buffers->gradient : own;
}

gradus_status gr_update_parameters(gradus_device *device, const optimizer *how, size_t elements,
                                   const step_record *record, const update_buffers *buffers, launch *prepared)
{
    const cl_float none = 0;
    const cl_ulong count = elements;
    const cl_uint kind = how->kind;
    const cl_mem first = moment(buffers->first, buffers), second = moment(buffers->second, buffers);
    return gr_launch_create(device, "common/optimizer.cl", "update_parameters", gr_divide_up(elements, UPDATE_LANES),
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(buffers->parameters),
                                      ARGUMENT(buffers->gradient), ARGUMENT(count), ARGUMENT(record->sums),
                                      ARGUMENT(record->history), ARGUMENT(record->progress), ARGUMENT(record->slots),
                                      ARGUMENT(kind), ARGUMENT(how->momentum), ARGUMENT(how->decay),
                                      ARGUMENT(how->epsilon), ARGUMENT(how->weight_decay), ARGUMENT(buffers->decays),
                                      ARGUMENT(buffers->clip), ARGUMENT(first), ARGUMENT(second)),
                            prepared);
}

gradus_status gr_update_parameters_set(launch *prepared, const update_step *step)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_launch_set(prepared, 0, (kernel_argument)ARGUMENT(step->learning_rate)));
    TRY(gr_launch_set(prepared, 1, (kernel_argument)ARGUMENT(step->first_correction)));
    TRY(gr_launch_set(prepared, 2, (kernel_argument)ARGUMENT(step->second_correction)));
cleanup:
    return status;
}

gradus_status gr_square_sums(gradus_device *device, cl_mem gradient, size_t elements, cl_mem partial, launch *prepared)
{
    gradus_status status = GRADUS_OK;
    const cl_ulong count = elements;
    cl_program program = NULL;
    TRY(gr_program_share(device, "common/optimizer.cl", "", &program));
    TRY(gr_launch_create_in(program, "square_sums", SQUARE_SHARES, 1,
                            ARGUMENTS(ARGUMENT(gradient), ARGUMENT(count), ARGUMENT(partial)), prepared));
cleanup:
    return status;
}

gradus_status gr_clip_factor(gradus_device *device, cl_mem partial, float clip_norm, cl_mem clip, launch *prepared)
{
    gradus_status status = GRADUS_OK;
    const cl_uint shares = SQUARE_SHARES;
    cl_program program = NULL;
    TRY(gr_program_share(device, "common/optimizer.cl", "", &program));
    TRY(gr_launch_create_in(program, "clip_factor", 1, 1,
                            ARGUMENTS(ARGUMENT(partial), ARGUMENT(shares), ARGUMENT(clip_norm), ARGUMENT(clip)),
                            prepared));
cleanup:
    return status;
}

gradus_status gr_limit_norms(gradus_device *device, cl_mem parameters, cl_mem rows, size_t row_count, float max_norm,
                             launch *prepared)
{
    const cl_ulong count = row_count;
    return gr_launch_create(device, "common/optimizer.cl", "limit_norms", row_count,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(rows), ARGUMENT(count), ARGUMENT(max_norm)),
                            prepared);
}

gradus_status gr_keep_parameters(gradus_device *device, cl_mem parameters, cl_mem kept, size_t elements,
                                 const step_record *record, launch *prepared)
{
    const cl_ulong count = elements;
    return gr_launch_create(device, "common/optimizer.cl", "keep_parameters", elements,
                            ARGUMENTS(ARGUMENT(parameters), ARGUMENT(kept), ARGUMENT(count), ARGUMENT(record->sums),
                                      ARGUMENT(record->progress)),
                            prepared);
}

/* ---- shuffle.cl ---- */

gradus_status gr_shuffle_samples(gradus_device *device, cl_mem order, size_t count, launch *prepared)
{
    const permutation none = gr_permutation_identity((uint32_t)count);
    const cl_uint8 keys = {{0}};
    return gr_launch_create(device, "common/shuffle.cl", "shuffle_samples", count,
                            ARGUMENTS(ARGUMENT(none.rounds), ARGUMENT(keys), ARGUMENT(order), ARGUMENT(none.count),
                                      ARGUMENT(none.half_bits)),
                            prepared);
}

gradus_status gr_shuffle_samples_set(launch *prepared, const permutation *p)
{
    gradus_status status = GRADUS_OK;
    cl_uint8 keys = {{0}};
    memcpy(&keys, p->keys, sizeof p->keys);
    TRY(gr_launch_set(prepared, 0, (kernel_argument)ARGUMENT(p->rounds)));
    TRY(gr_launch_set(prepared, 1, (kernel_argument)ARGUMENT(keys)));
cleanup:
    return status;
}

#define GATHER_PIECE 16 /* bytes */

gradus_status gr_gather_samples(gradus_device *device, const gather_buffers *buffers, size_t sample_bytes,
                                size_t batch, launch *prepared)
{
    const cl_uint none = 0, row = (cl_uint)sample_bytes, pieces = (cl_uint)gr_divide_up(sample_bytes, GATHER_PIECE);
    return gr_launch_create(device, "common/shuffle.cl", "gather_samples", pieces * batch,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(buffers->x), ARGUMENT(buffers->labels),
                                      ARGUMENT(buffers->order), ARGUMENT(buffers->batch),
                                      ARGUMENT(buffers->batch_labels), ARGUMENT(row), ARGUMENT(pieces)),
                            prepared);
}

gradus_status gr_gather_samples_set(launch *prepared, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    const cl_uint begin = (cl_uint)first, count = (cl_uint)valid;
    TRY(gr_launch_set(prepared, 0, (kernel_argument)ARGUMENT(begin)));
    TRY(gr_launch_set(prepared, 1, (kernel_argument)ARGUMENT(count)));
cleanup:
    return status;
}

/* ---- augment.cl ---- */

gradus_status gr_augment_samples(gradus_device *device, const augment_plan *plan, size_t plan_bytes,
                                 const gather_buffers *buffers, size_t batch, augmented_gather *prepared)
{
    gradus_status status = GRADUS_OK;
    augmented_gather g = {0};
    const cl_uint none = 0;
    const size_t pieces = gr_divide_up((size_t)plan->width, PIECE) * (size_t)plan->height;

    TRY(gr_buffer_create(device, plan_bytes, "the plan of augmentation", &g.plan));
    TRY(gr_buffer_write(device, g.plan, 0, plan_bytes, plan));
    TRY(gr_buffer_create(device, batch * sizeof(transform), "the transforms of a batch", &g.transforms));
    TRY(gr_launch_create(device, "common/augment.cl", "draw_transforms", batch,
                         ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(g.plan),
                                   ARGUMENT(buffers->order), ARGUMENT(g.transforms)),
                         &g.draw_transforms));
    TRY(gr_launch_create(device, "common/augment.cl", "augment_samples", pieces * batch,
                         ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(g.plan), ARGUMENT(g.transforms),
                                   ARGUMENT(buffers->x), ARGUMENT(buffers->labels), ARGUMENT(buffers->order),
                                   ARGUMENT(buffers->batch), ARGUMENT(buffers->batch_labels)),
                         &g.augment_samples));
    *prepared = g;
    g = (augmented_gather){0};
cleanup:
    gr_augment_samples_destroy(&g);
    return status;
}

gradus_status gr_augment_samples_set(augmented_gather *prepared, uint32_t epoch, size_t first, size_t valid)
{
    gradus_status status = GRADUS_OK;
    const cl_uint begin = (cl_uint)first, count = (cl_uint)valid;
    TRY(gr_launch_set(&prepared->draw_transforms, 0, (kernel_argument)ARGUMENT(begin)));
    TRY(gr_launch_set(&prepared->draw_transforms, 1, (kernel_argument)ARGUMENT(count)));
    TRY(gr_launch_set(&prepared->draw_transforms, 2, (kernel_argument)ARGUMENT(epoch)));
    TRY(gr_launch_set(&prepared->augment_samples, 0, (kernel_argument)ARGUMENT(begin)));
    TRY(gr_launch_set(&prepared->augment_samples, 1, (kernel_argument)ARGUMENT(count)));
cleanup:
    return status;
}

gradus_status gr_augment_samples_enqueue(gradus_device *device, const augmented_gather *prepared)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_launch_enqueue(device, &prepared->draw_transforms));
    TRY(gr_launch_enqueue(device, &prepared->augment_samples));
cleanup:
    return status;
}

void gr_augment_samples_destroy(augmented_gather *prepared)
{
    gr_launch_destroy(&prepared->draw_transforms);
    gr_launch_destroy(&prepared->augment_samples);
    gr_buffer_release(&prepared->plan);
    gr_buffer_release(&prepared->transforms);
}
