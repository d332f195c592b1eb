// SPDX-License-Identifier: Apache-2.0
// The arithmetic of augment_plan.h. host/data/augment.c includes it as well, with its own of what comes first: an integer of
// 64 bits.

#pragma once

#include "common/augment_plan.h"
#include "common/philox.h"
#include "common/random_purposes.h"

#ifdef __OPENCL_C_VERSION__
typedef long wide;
#endif

// ---- Drawing ----

// Uniform in [-most, most), from a word of 32 bits.
static int spread(uint word, int most)
{
    return (int)((wide)(int)word * most >> 31);
}

// The sine in 1/65536 of an angle in 2^-32 turns: an odd polynomial of the angle in quarters of a turn, exactly 0 and
// 1 at the ends; its error is at most 7e-7 before rounding.
static int sine_of(uint angle)
{
    const int folded = (int)(angle + 0x40000000u) < 0 ? (int)(0x80000000u - angle) : (int)angle;
    const wide x = folded, square = x * x >> 30;
    wide sum = -4641343;
    sum = (sum * square >> 30) + 85274806;
    sum = (sum * square >> 30) - 693514909;
    sum = (sum * square >> 30) + 1686623270;
    return (int)(((sum * x >> 30) + (1 << 13)) >> 14);
}

// Words 4 block .. 4 block + 3 of the sample in this epoch.
static void draw_words(global const augment_plan *plan, uint epoch, uint sample, uint block, uint words[4])
{
    words[0] = block;
    words[1] = sample;
    words[2] = epoch;
    words[3] = RANDOM_AUGMENTATION;
    philox(words, plan->key[0], plan->key[1]);
}

static void draw_affine(global const augment_plan *plan, const uint words[4], global transform *out)
{
    const wide middle_x = (wide)(plan->width - 1) << 15, middle_y = (wide)(plan->height - 1) << 15;
    const wide x = middle_x + spread(words[0], plan->shift), y = middle_y + spread(words[1], plan->shift);
    const uint angle = (uint)spread(words[2], plan->rotation);
    const wide factor = 65536 + spread(words[3], plan->scale);
    const int cosine = (int)((wide)sine_of(angle + 0x40000000u) * 65536 / factor);
    const int sine = (int)((wide)sine_of(angle) * 65536 / factor);
    out->cosine = cosine;
    out->sine = sine;
    out->at_x = (int)(middle_x - ((cosine * x + sine * y) >> 16));
    out->at_y = (int)(middle_y - ((cosine * y - sine * x) >> 16));
}

static void draw_transform(global const augment_plan *plan, uint epoch, uint sample, global transform *out)
{
    uint words[4];
    draw_words(plan, epoch, sample, 0, words);
    draw_affine(plan, words, out);
    for (uint i = 0; plan->elastic > 0 && i < CONTROL_POINTS * CONTROL_POINTS; i++) {
        if (i % 4 == 0)
            draw_words(plan, epoch, sample, 1 + i / 4, words);
        out->field_x[i] = spread(words[i % 4] << 16, plan->elastic);
        out->field_y[i] = spread(words[i % 4] & 0xffff0000u, plan->elastic);
    }
}

// ---- Pixels ----

static uint pixel_at(global const uchar *image, int width, int height, int x, int y)
{
    return x >= 0 && x < width && y >= 0 && y < height ? image[y * width + x] : 0;
}

// The image's value at (x, y), between four pixels, to 1/256 of a pixel.
static uchar interpolate(global const uchar *image, int width, int height, int x, int y)
{
    const int column = x >> 16, row = y >> 16;
    const uint right = x >> 8 & 255, below = y >> 8 & 255;
    uint p[4];
    if (column >= 0 && column < width - 1 && row >= 0 && row < height - 1) {
        global const uchar *at = image + row * width + column;
        p[0] = at[0], p[1] = at[1], p[2] = at[width], p[3] = at[width + 1];
    } else
        for (int i = 0; i < 4; i++)
            p[i] = pixel_at(image, width, height, column + (i & 1), row + (i >> 1));
    const uint upper = 256 * p[0] + right * (p[1] - p[0]), lower = 256 * p[2] + right * (p[3] - p[2]);
    return (uchar)((256 * upper + below * (lower - upper) + 32768) >> 16);
}

// The control points of row y, blended from those of all rows, in 1/256 of a pixel.
static void blend_rows(global const augment_plan *plan, global const int *field, int y, int *control)
{
    global const int *weights = (global const int *)(plan + 1) + CONTROL_POINTS * plan->column_stride + y;
#pragma unroll
    for (int k = 0; k < CONTROL_POINTS; k++) {
        int sum = 0;
#pragma unroll
        for (int r = 0; r < CONTROL_POINTS; r++)
            sum += weights[r * plan->height] * field[r * CONTROL_POINTS + k];
        control[k] = sum >> 10;
    }
}

// Adds the displacement of the pixels first .. first + PIECE - 1 of a row to their coordinates.
static void displace(global const augment_plan *plan, const int *control_x, const int *control_y, int first, int *x,
                     int *y)
{
    global const int *weights = (global const int *)(plan + 1) + first;
    const int stride = plan->column_stride;
    for (int i = 0; i < PIECE; i++) {
        int sum_x = 0, sum_y = 0;
#pragma unroll
        for (int k = 0; k < CONTROL_POINTS; k++) {
            sum_x += weights[k * stride + i] * control_x[k];
            sum_y += weights[k * stride + i] * control_y[k];
        }
        x[i] += sum_x >> 2;
        y[i] += sum_y >> 2;
    }
}

// Computes pixels first .. end - 1 of row y of a sample's augmented image, in out[first] .. out[end - 1]; first is a
// multiple of PIECE.
static void augment_row(global const augment_plan *plan, global const transform *t, global const uchar *image, int y,
                        int first, int end, global uchar *out)
{
    const int width = plan->width, height = plan->height, cosine = t->cosine, sine = t->sine;
    const int row_x = t->at_x + sine * y + 128, row_y = t->at_y + cosine * y + 128;
    const bool elastic = plan->elastic > 0;
    int control_x[CONTROL_POINTS], control_y[CONTROL_POINTS];
    if (elastic) {
        blend_rows(plan, t->field_x, y, control_x);
        blend_rows(plan, t->field_y, y, control_y);
    }
    for (; first < end; first += PIECE) {
        const int count = end - first < PIECE ? end - first : PIECE;
        int at_x[PIECE], at_y[PIECE];
        for (int i = 0; i < PIECE; i++) {
            at_x[i] = row_x + cosine * (first + i);
            at_y[i] = row_y - sine * (first + i);
        }
        if (elastic)
            displace(plan, control_x, control_y, first, at_x, at_y);
        for (int i = 0; i < count; i++)
            out[first + i] = interpolate(image, width, height, at_x[i], at_y[i]);
    }
}
