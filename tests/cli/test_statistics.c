/* SPDX-License-Identifier: Apache-2.0 */
/* Median, quartiles and the comparison of two lists of samples. */
#include "assert_close.h"
#include "cli/bench/statistics.h"

static void test_summary(void **state)
{
    (void)state;
    double five[] = {5, 1, 4, 2, 3}, four[] = {4, 3, 1, 2}, one[] = {7};
    const sample_summary of_five = summarise(five, 5), of_four = summarise(four, 4), of_one = summarise(one, 1);
    assert_close(of_five.smallest, 1, 0, 0);
    assert_close(of_five.lower_quartile, 2, 0, 0);
    assert_close(of_five.median, 3, 0, 0);
    assert_close(of_five.upper_quartile, 4, 0, 0);
    assert_close(of_five.largest, 5, 0, 0);
    assert_close(of_four.lower_quartile, 1.75, 0, 0); /* as numpy.quantile */
    assert_close(of_four.median, 2.5, 0, 0);
    assert_close(of_four.upper_quartile, 3.25, 0, 0);
    assert_close(of_one.lower_quartile, 7, 0, 0);
    assert_close(of_one.median, 7, 0, 0);
    assert_close(of_one.largest, 7, 0, 0);
}

static void test_share_larger(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3}, high[] = {4, 5}, mixed[] = {0, 2, 9};
    assert_close(share_larger(low, 3, high, 2), 1, 0, 0);
    assert_close(share_larger(high, 2, low, 3), 0, 0, 0);
    assert_close(share_larger(low, 3, low, 3), 0.5, 0, 0);
    assert_close(share_larger(low, 3, mixed, 3), (3 + 1 + 0.5) / 9, 1e-15, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_summary), cmocka_unit_test(test_share_larger)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
