/* SPDX-License-Identifier: Apache-2.0 */
/* The order of samples: a permutation for every count, a different one in each epoch, without patterns. */
#include "assert_close.h"
#include "core/permutation.h"

#include <stdlib.h>

static void assert_permutation(const permutation *p)
{
    uint8_t *seen = calloc(p->count, 1);
    assert_non_null(seen);
    for (uint32_t i = 0; i < p->count; i++) {
        const uint32_t to = gr_permutation_at(p, i);
        assert_true(to < p->count);
        assert_int_equal(seen[to], 0);
        seen[to] = 1;
    }
    free(seen);
}

static void test_is_a_permutation(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000, 41000, 60000, 65536, 65537};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            const permutation p = gr_permutation(counts[i], 7, epoch);
            assert_permutation(&p);
        }
}

static void test_identity(void **state)
{
    (void)state;
    const permutation p = gr_permutation_identity(1000);
    for (uint32_t i = 0; i < p.count; i++)
        assert_int_equal(gr_permutation_at(&p, i), i);
}

/* A part of the permutation of the largest possible count. */
static void test_largest(void **state)
{
    (void)state;
    const permutation p = gr_permutation(UINT32_MAX, 1, 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(gr_permutation_at(&p, UINT32_MAX - 1 - i) < p.count);
}

/* Counts how often each of 16 samples has each position in 16,000 epochs: chi-square with 15 x 15 degrees of freedom
 * has mean 225 and standard deviation 21. And on average one of 16 keeps its position. */
static void test_uniform(void **state)
{
    (void)state;
    enum { COUNT = 16, EPOCHS = 16000 };
    double times[COUNT][COUNT] = {{0}}, chi_square = 0, stayed = 0;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        const permutation p = gr_permutation(COUNT, 3, epoch);
        for (uint32_t i = 0; i < COUNT; i++)
            times[i][gr_permutation_at(&p, i)]++;
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++)
            chi_square += pow(times[i][j] - EPOCHS / COUNT, 2) / (EPOCHS / COUNT);
    for (size_t i = 0; i < COUNT; i++)
        stayed += times[i][i] / EPOCHS;
    assert_true(chi_square > 225 - 5 * 21 && chi_square < 225 + 5 * 21);
    assert_close(stayed, 1, 0.05, 0);
}

/* Neighbours do not stay neighbours: in a shuffled order one pair in count / 2 is adjacent. */
static void test_neighbours(void **state)
{
    (void)state;
    const permutation p = gr_permutation(60000, 1, 0);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i + 1 < p.count; i++) {
        const int64_t step = (int64_t)gr_permutation_at(&p, i + 1) - gr_permutation_at(&p, i);
        pairs += step == 1 || step == -1;
    }
    assert_true(pairs < 12); /* 2 are expected */
}

static void test_seeds_and_epochs_differ(void **state)
{
    (void)state;
    const permutation p = gr_permutation(1000, 1, 0), again = gr_permutation(1000, 1, 0);
    const permutation epoch = gr_permutation(1000, 1, 1), seed = gr_permutation(1000, 2, 0);
    uint32_t same_epoch = 0, same_seed = 0;
    for (uint32_t i = 0; i < p.count; i++) {
        assert_int_equal(gr_permutation_at(&p, i), gr_permutation_at(&again, i));
        same_epoch += gr_permutation_at(&p, i) == gr_permutation_at(&epoch, i);
        same_seed += gr_permutation_at(&p, i) == gr_permutation_at(&seed, i);
    }
    assert_true(same_epoch < 10 && same_seed < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_a_permutation), cmocka_unit_test(test_identity),
        cmocka_unit_test(test_largest),          cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_neighbours),       cmocka_unit_test(test_seeds_and_epochs_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
