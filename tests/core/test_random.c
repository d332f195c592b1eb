/* SPDX-License-Identifier: Apache-2.0 */
/* The generator against its authors' test vectors (Random123, kat_vectors), and the numbers made from its words. */
#include "assert_close.h"
#include "core/random.h"

static void test_philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t words[4];
        gr_philox4x32(vectors[i].counter, vectors[i].key, words);
        assert_memory_equal(words, vectors[i].expected, sizeof words);
    }
}

static void test_uniform_moments(void **state)
{
    (void)state;
    enum { n = 100000 };
    random_stream stream = gr_random_stream(7, RANDOM_TEST, 0);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++) {
        double u = (double)gr_random_uniform(&stream, i);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    /* Five standard errors of the mean and of the second moment. */
    assert_close(sum / n, 0.5, 5 * sqrt(1.0 / 12 / n), 0);
    assert_close(squares / n, 1.0 / 3, 5 * sqrt(4.0 / 45 / n), 0);
}

static void test_below_is_unbiased(void **state)
{
    (void)state;
    enum { n = 90000, bound = 9 };
    random_stream stream = gr_random_stream(7, RANDOM_TEST, 1);
    size_t counts[bound] = {0};
    uint64_t index = 0;
    for (size_t i = 0; i < n; i++)
        counts[gr_random_below(&stream, bound, &index)]++;
    for (size_t i = 0; i < bound; i++)
        assert_close((double)counts[i], (double)n / bound, 5 * sqrt((double)n / bound), 0);
}

static void test_streams_differ(void **state)
{
    (void)state;
    random_stream a = gr_random_stream(1, RANDOM_TEST, 0), b = gr_random_stream(2, RANDOM_TEST, 0),
                  c = gr_random_stream(1, RANDOM_TEST, 1), d = gr_random_stream(1, RANDOM_HOLDOUT, 0);
    assert_int_not_equal(gr_random_word(&a, 0), gr_random_word(&b, 0));
    assert_int_not_equal(gr_random_word(&a, 0), gr_random_word(&c, 0));
    assert_int_not_equal(gr_random_word(&a, 0), gr_random_word(&d, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_uniform_moments),
        cmocka_unit_test(test_below_is_unbiased),
        cmocka_unit_test(test_streams_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
