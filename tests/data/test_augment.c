/* SPDX-License-Identifier: Apache-2.0 */
/* Augmented images on the host: the random transformations, the pixels, and that both are the same every time. */
#include "assert_close.h"
#include "core/memory.h"
#include "core/random.h"
#include "data/augment.h"

#include <stdlib.h>

#define SIDE 28
#define PIXELS (SIDE * SIDE)
#define ONE_PIXEL 65536

static const gradus_dataset_info info = {.samples = 1000, .features = PIXELS, .width = SIDE, .height = SIDE};

static augment_plan *plan_of(gradus_augmentation most, uint64_t seed)
{
    augment_plan *plan = NULL;
    size_t bytes;
    assert_ok(gr_augmentation_check(&most, &info));
    assert_ok(gr_augment_plan_create(&(augmentation){most, seed}, &info, &plan, &bytes));
    return plan;
}

static void random_image(uint32_t number, uint8_t *out)
{
    const random_stream stream = gr_random_stream(1, RANDOM_TEST, number);
    for (size_t i = 0; i < PIXELS; i++)
        out[i] = (uint8_t)gr_random_word(&stream, i);
}

/* A ring around the middle, which a small transformation does not move out of the image. */
static void draw_ring(uint8_t *out)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            out[y * SIDE + x] = (uint8_t)(255 * exp(-pow(hypot(x - 13.5, y - 13.5) - 6, 2) / 4));
}

static void augment(const augment_plan *plan, uint32_t epoch, uint32_t sample, const uint8_t *image, uint8_t *out)
{
    transform by;
    gr_draw_transform(plan, epoch, sample, &by);
    gr_augment_image(plan, &by, image, out);
}

/* ---- Pixels ---- */

static void test_nothing_asked_for(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){0}, 3);
    uint8_t image[PIXELS], out[PIXELS];
    for (uint32_t s = 0; s < 100; s++) {
        random_image(s, image);
        augment(plan, s % 7, s, image, out);
        assert_memory_equal(out, image, PIXELS);
    }
    free(plan);
}

/* Shifts by whole pixels, to the right and up: nothing is interpolated, and the new border is black. */
static void test_whole_pixels(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.shift = 5}, 3);
    const transform by = {.at_x = -3 * ONE_PIXEL, .at_y = 2 * ONE_PIXEL, .cosine = ONE_PIXEL};
    uint8_t image[PIXELS], out[PIXELS];
    random_image(0, image);
    gr_augment_image(plan, &by, image, out);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const bool inside = x >= 3 && y + 2 < SIDE;
            assert_int_equal(out[y * SIDE + x], inside ? image[(y + 2) * SIDE + x - 3] : 0);
        }
    free(plan);
}

/* A rotation by 90 degrees turns rows into columns, and does not mirror. */
static void test_quarter_turn(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.rotation = 90}, 3);
    const transform by = {.at_y = (SIDE - 1) * ONE_PIXEL, .sine = ONE_PIXEL};
    uint8_t image[PIXELS], out[PIXELS];
    random_image(0, image);
    gr_augment_image(plan, &by, image, out);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            assert_int_equal(out[y * SIDE + x], image[(SIDE - 1 - x) * SIDE + y]);
    free(plan);
}

static void test_between_pixels(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.shift = 5}, 3);
    const transform by = {.at_x = ONE_PIXEL / 4, .at_y = ONE_PIXEL / 2, .cosine = ONE_PIXEL};
    uint8_t image[PIXELS] = {0}, out[PIXELS];
    image[0] = 100, image[1] = 200, image[SIDE] = 40, image[SIDE + 1] = 80;
    gr_augment_image(plan, &by, image, out);
    assert_int_equal(out[0], 88);  /* (125 + 50) / 2 */
    assert_int_equal(out[1], 105); /* 0.75 * (200 + 80) / 2, and nothing to the right */
    free(plan);
}

/* ---- Random transformations ---- */

static void test_drawn_shift(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.shift = 2}, 3);
    double least = 9, most = -9, sum = 0, products = 0;
    for (uint32_t s = 0; s < 4000; s++) {
        transform t;
        gr_draw_transform(plan, 0, s, &t);
        const double x = t.at_x / (double)ONE_PIXEL, y = t.at_y / (double)ONE_PIXEL;
        assert_true(t.cosine == ONE_PIXEL && t.sine == 0 && fabs(x) <= 2 && fabs(y) <= 2);
        least = fmin(least, x), most = fmax(most, x);
        sum += x + y, products += x * y;
    }
    assert_true(least < -1.99 && most > 1.99);
    assert_close(sum / 8000, 0, 0.05, 0);
    assert_close(products / 4000, 0, 0.1, 0);
    free(plan);
}

/* The matrix is a rotation, divided by the factor, and does not move the middle. */
static void test_drawn_rotation_and_scale(void **state)
{
    (void)state;
    for (int turn = 15; turn <= 180; turn += 165) {
        augment_plan *plan = plan_of((gradus_augmentation){.rotation = (float)turn, .scale = 0.25f}, 3);
        double angles[2] = {9, -9}, factors[2] = {9, -9};
        for (uint32_t s = 0; s < 4000; s++) {
            transform t;
            gr_draw_transform(plan, 0, s, &t);
            const double angle = atan2(t.sine, t.cosine), factor = ONE_PIXEL / hypot(t.sine, t.cosine);
            angles[0] = fmin(angles[0], angle), angles[1] = fmax(angles[1], angle);
            factors[0] = fmin(factors[0], factor), factors[1] = fmax(factors[1], factor);
            assert_close(t.at_x + 13.5 * (t.cosine + t.sine), 13.5 * ONE_PIXEL, 2, 0);
            assert_close(t.at_y + 13.5 * (t.cosine - t.sine), 13.5 * ONE_PIXEL, 2, 0);
        }
        const double limit = turn * acos(-1) / 180;
        assert_true(angles[1] <= limit + 1e-4 && angles[1] > 0.99 * limit);
        assert_true(angles[0] >= -limit - 1e-4 && angles[0] < -0.99 * limit);
        assert_true(factors[0] > 0.7499 && factors[0] < 0.752 && factors[1] < 1.2501 && factors[1] > 1.248);
        free(plan);
    }
}

/* Sine and cosine agree at every angle: the matrix with factor 1 has determinant 1. */
static void test_rotation_keeps_area(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.rotation = 180}, 3);
    for (uint32_t s = 0; s < 4000; s++) {
        transform t;
        gr_draw_transform(plan, 0, s, &t);
        assert_close(hypot(t.sine, t.cosine), ONE_PIXEL, 1, 0);
    }
    free(plan);
}

/* Displacements are measured on ramps of 9 per pixel, away from the border. Their root mean square is that of the
 * option. */
static void test_elastic_displacement(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.elastic = 1.5f}, 3);
    uint8_t ramps[2][PIXELS], out[2][PIXELS];
    double squares = 0, sum = 0, roughness = 0;
    size_t count = 0;
    for (int i = 0; i < PIXELS; i++) {
        ramps[0][i] = (uint8_t)(9 * (i % SIDE));
        ramps[1][i] = (uint8_t)(9 * (i / SIDE));
    }
    for (uint32_t s = 0; s < 400; s++) {
        for (int axis = 0; axis < 2; axis++)
            augment(plan, 0, s, ramps[axis], out[axis]);
        for (int i = 0; i < PIXELS; i++) {
            const int x = i % SIDE, y = i / SIDE;
            if (x < 7 || x >= 21 || y < 7 || y >= 21)
                continue;
            const double dx = out[0][i] / 9.0 - x, dy = out[1][i] / 9.0 - y;
            squares += dx * dx + dy * dy;
            sum += dx + dy;
            roughness = fmax(roughness, fabs((out[0][i + 1] - out[0][i]) / 9.0 - 1));
            count++;
        }
    }
    assert_close(sqrt(squares / (double)count), 1.5, 0, 0.06);
    assert_close(sum / (double)count, 0, 0.1, 0);
    assert_true(roughness > 0.3 && roughness < 1.5); /* pixels move, and neighbours move similarly */
    free(plan);
}

static void test_ink_remains(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){.shift = 2, .rotation = 180, .elastic = 1}, 3);
    uint8_t image[PIXELS], out[PIXELS];
    double before = 0, after = 0;
    draw_ring(image);
    for (uint32_t s = 0; s < 200; s++) {
        augment(plan, 0, s, image, out);
        for (size_t i = 0; i < PIXELS; i++)
            before += image[i], after += out[i];
    }
    assert_close(after, before, 0, 0.02);
    free(plan);
}

/* ---- Reproducibility ---- */

static uint32_t checksum_of(gradus_augmentation most, uint64_t seed, uint32_t epoch)
{
    augment_plan *plan = plan_of(most, seed);
    uint8_t image[PIXELS], out[PIXELS];
    uint32_t sum = 2166136261u;
    for (uint32_t s = 0; s < 20; s++) {
        random_image(s, image);
        augment(plan, epoch, s, image, out);
        for (size_t i = 0; i < PIXELS; i++)
            sum = (sum ^ out[i]) * 16777619u;
    }
    free(plan);
    return sum;
}

/* A recorded checksum: no compiler or processor may change it. */
static void test_same_bytes_everywhere(void **state)
{
    (void)state;
    const gradus_augmentation most = {2, 15, 0.15f, 1.5f};
    const uint32_t sum = checksum_of(most, 1, 0);
    assert_int_equal(sum, 0xb2f74ac0);
    assert_int_equal(checksum_of(most, 1, 0), sum);
    assert_int_not_equal(checksum_of(most, 2, 0), sum);
    assert_int_not_equal(checksum_of(most, (uint64_t)1 << 32 | 1, 0), sum);
    assert_int_not_equal(checksum_of(most, 1, 1), sum);
}

/* Each sample has another transformation, and another one in each epoch. */
static void test_samples_differ(void **state)
{
    (void)state;
    augment_plan *plan = plan_of((gradus_augmentation){2, 15, 0.15f, 1.5f}, 3);
    uint8_t image[PIXELS], out[6][PIXELS];
    random_image(0, image);
    for (uint32_t i = 0; i < 6; i++)
        augment(plan, i / 3, i % 3, image, out[i]);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], PIXELS);
    free(plan);
}

/* ---- Refused options ---- */

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        gradus_augmentation most;
        gradus_dataset_info of;
        const char *part;
    } cases[] = {
        {{.shift = -1}, {9, 784, 28, 28, 10, true, false}, "found a shift of -1, expected 0 to 27 pixels"},
        {{.shift = 28}, {9, 784, 28, 28, 10, true, false}, "found a shift of 28, expected 0 to 27 pixels"},
        {{.shift = 10}, {9, 280, 28, 10, 10, true, false}, "found a shift of 10, expected 0 to 9 pixels"},
        {{.rotation = 181}, {9, 784, 28, 28, 10, true, false}, "found a rotation of 181, expected 0 to 180 degrees"},
        {{.rotation = NAN}, {9, 784, 28, 28, 10, true, false}, "found a rotation of nan"},
        {{.scale = 1}, {9, 784, 28, 28, 10, true, false}, "found a scale of 1, expected 0 to 0.5"},
        {{.elastic = 30}, {9, 784, 28, 28, 10, true, false}, "found an elastic displacement of 30, expected 0 to 27"},
        {{.shift = 1}, {9, 13, 13, 1, 10, true, false}, "found samples of 13 features in a row, expected images"},
        {{.shift = 1}, {9, 784, 28, 28, 10, true, true}, "found float features, expected images of bytes"},
        {{.shift = 1}, {9, 4098, 2, 2049, 10, true, false}, "found images of 2 x 2049, expected at most 2048 x 2048"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(gr_augmentation_check(&cases[i].most, &cases[i].of), GRADUS_ERROR_ARGUMENT, cases[i].part);
    assert_ok(gr_augmentation_check(&(gradus_augmentation){0}, &(gradus_dataset_info){9, 13, 13, 1, 10, true, false}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_for),   cmocka_unit_test(test_whole_pixels),
        cmocka_unit_test(test_quarter_turn),        cmocka_unit_test(test_between_pixels),
        cmocka_unit_test(test_drawn_shift),         cmocka_unit_test(test_drawn_rotation_and_scale),
        cmocka_unit_test(test_rotation_keeps_area), cmocka_unit_test(test_elastic_displacement),
        cmocka_unit_test(test_ink_remains),         cmocka_unit_test(test_same_bytes_everywhere),
        cmocka_unit_test(test_samples_differ),      cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
