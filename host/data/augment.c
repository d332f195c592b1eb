/* SPDX-License-Identifier: Apache-2.0 */
/* Augmentation on the host: the plan, and the device's code (kernels/common/augment_row.h), compiled as C. */
#include "data/augment.h"
#include "core/memory.h"
#include "core/random.h"

#include <math.h>

/* ---- The device's code ---- */

typedef int64_t wide;
typedef uint8_t uchar;
#define uint uint32_t
#define global

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* unroll */
#include "common/augment_row.h"
#pragma GCC diagnostic pop

void gr_draw_transform(const augment_plan *plan, uint32_t epoch, uint32_t sample, transform *out)
{
    draw_transform(plan, epoch, sample, out);
}

void gr_augment_image(const augment_plan *plan, const transform *by, const uint8_t *image, uint8_t *out)
{
    for (int y = 0; y < plan->height; y++)
        augment_row(plan, by, image, y, 0, plan->width, out + (size_t)y * (size_t)plan->width);
}

/* ---- Limits of the options ---- */

/* Up to this side, coordinates in 1/65536 of a pixel fit into 32 bits, with a scale of half and the largest shift and
 * displacement. */
#define SIDE_MAX 2048
#define SCALE_MAX 0.5f

bool gr_augmentation_is_on(const gradus_augmentation *most)
{
    return most->shift != 0 || most->rotation != 0 || most->scale != 0 || most->elastic != 0;
}

gradus_status gr_augmentation_check(const gradus_augmentation *most, const gradus_dataset_info *info)
{
    const size_t side = info->width < info->height ? info->width : info->height;
    const struct {
        const char *name;
        float value;
        double limit;
        const char *why;
    } numbers[] = {
        {"a shift", most->shift, (double)(side - 1), "pixels, less than the image's side"},
        {"a rotation", most->rotation, 180, "degrees"},
        {"a scale", most->scale, SCALE_MAX, "of the size"},
        {"an elastic displacement", most->elastic, (double)(side - 1), "pixels, less than the image's side"},
    };
    if (!gr_augmentation_is_on(most))
        return GRADUS_OK;
    if (info->height < 2 || info->width < 2)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "augmentation: found samples of %zu features in a row, expected images",
                       info->features);
    if (info->floats)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "augmentation: found float features, expected images of bytes");
    if (info->width > SIDE_MAX || info->height > SIDE_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "augmentation: found images of %zu x %zu, expected at most %d x %d",
                       info->width, info->height, SIDE_MAX, SIDE_MAX);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!((double)numbers[i].value >= 0 && (double)numbers[i].value <= numbers[i].limit))
            return gr_fail(GRADUS_ERROR_ARGUMENT, "augmentation: found %s of %g, expected 0 to %g %s", numbers[i].name,
                           (double)numbers[i].value, numbers[i].limit, numbers[i].why);
    return GRADUS_OK;
}

/* ---- The plan ---- */

/* A control point's displacement is uniform in [-m, m) x [-m, m). The squared weights of the cubic B-spline have a mean sum
 * of 151 / 315, along each side; so the displacement of pixels has a root mean square of m sqrt(2 / 3) 151 / 315. */
#define CONTROL_PER_PIXEL 2.5549297

/* The weights of the four control points around position `u` in a cell, in 1/1024: the cubic B-spline. `u` is in 2^-20
 * of a cell. */
static void spline_weights(int64_t u, int weights[4])
{
    const int64_t one = 1 << 20, v = one - u;
    const int64_t u3 = (u * u >> 20) * u >> 20, v3 = (v * v >> 20) * v >> 20, u2 = u * u >> 20;
    weights[0] = (int)((v3 * 1024 / 6 + one / 2) >> 20);
    weights[1] = (int)(((3 * u3 - 6 * u2 + 4 * one) * 1024 / 6 + one / 2) >> 20);
    weights[3] = (int)((u3 * 1024 / 6 + one / 2) >> 20);
    weights[2] = 1024 - weights[0] - weights[1] - weights[3];
}

/* Fills in the weights (CONTROL_POINTS x stride), which are zero before, of each pixel along a side, by the position of
 * its middle within a cell. */
static void fill_weights(int side, int stride, int *weights)
{
    for (int x = 0; x < side; x++) {
        const int64_t at = (2 * (int64_t)x + 1) * CONTROL_CELLS, cell_length = 2 * (int64_t)side;
        const int cell = (int)(at / cell_length);
        int four[4];
        spline_weights((at % cell_length << 20) / cell_length, four);
        for (int k = 0; k < 4; k++)
            weights[(cell + k) * stride + x] = four[k];
    }
}

gradus_status gr_augment_plan_create(const augmentation *what, const gradus_dataset_info *info, augment_plan **out,
                                     size_t *bytes)
{
    gradus_status status = GRADUS_OK;
    const gradus_augmentation *most = &what->most;
    const size_t stride = gr_divide_up(info->width, PIECE) * PIECE;
    const size_t size = sizeof **out + CONTROL_POINTS * (stride + info->height) * sizeof(int);
    const double rotation = round((double)most->rotation / 360 * 0x1p32);
    augment_plan *plan = NULL;
    TRY(gr_allocate_bytes(size, 1, (void **)&plan));
    *plan = (augment_plan){
        .key = {(uint32_t)what->seed, (uint32_t)(what->seed >> 32)},
        .width = (int)info->width,
        .height = (int)info->height,
        .column_stride = (int)stride,
        .shift = (int)lround((double)most->shift * 0x1p16),
        .rotation = rotation < INT32_MAX ? (int)rotation : INT32_MAX,
        .scale = (int)lround((double)most->scale * 0x1p16),
        .elastic = (int)lround((double)most->elastic * CONTROL_PER_PIXEL * 0x1p8),
    };
    int *weights = (int *)(plan + 1);
    fill_weights(plan->width, plan->column_stride, weights);
    fill_weights(plan->height, plan->height, weights + CONTROL_POINTS * stride);
    *out = plan;
    *bytes = size;
cleanup:
    return status;
}
