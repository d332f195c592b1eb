/* SPDX-License-Identifier: Apache-2.0 */
/* The image for a number of features: squares, their neighbours, and one too large for exact doubles. */
#include "assert_close.h"
#include "core/image.h"

static void check_image(size_t features, size_t expected_width, size_t expected_height)
{
    size_t width = 0, height = 0;
    gr_default_image(features, &width, &height);
    assert_int_equal(width, expected_width);
    assert_int_equal(height, expected_height);
}

static void test_default_image(void **state)
{
    (void)state;
    check_image(1, 1, 1);
    check_image(2, 2, 1);
    check_image(3, 3, 1);
    for (size_t side = 2; side <= 1000; side++) {
        check_image(side * side - 1, side * side - 1, 1);
        check_image(side * side, side, side);
        check_image(side * side + 1, side * side + 1, 1);
    }
    const size_t side = 4294967291; /* its square has 64 bits */
    check_image(side * side, side, side);
    check_image(side * side + 1, side * side + 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
