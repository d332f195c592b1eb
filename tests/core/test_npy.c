/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of NPY arrays: accepted and refused ones. */
#include "archive/npy.h"
#include "assert_close.h"

#include <stdio.h>
#include <string.h>

/* Makes an array of version 1 with this dictionary and this number of bytes of data. Returns its size. */
static size_t make_array(const char *dictionary, size_t data_size, unsigned char bytes[1024])
{
    const size_t length = strlen(dictionary);
    assert_true(10 + length + data_size <= 1024);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (unsigned char)length;
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + 10, dictionary, length);
    memset(bytes + 10 + length, 0, data_size);
    return 10 + length + data_size;
}

static gradus_status read_array(const char *dictionary, size_t data_size, npy_array *array)
{
    static unsigned char bytes[1024];
    return gr_npy_read("a.npy", bytes, make_array(dictionary, data_size, bytes), array);
}

static void test_own_header(void **state)
{
    (void)state;
    unsigned char bytes[NPY_HEADER_MAX + 24];
    const size_t shape[] = {2, 3}, size = gr_npy_header(2, shape, bytes);
    npy_array array = {0};
    assert_int_equal(size % 64, 0);
    assert_int_equal(bytes[size - 1], '\n');
    assert_memory_equal(bytes + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 59);
    assert_ok(gr_npy_read("a.npy", bytes, size + 24, &array));
    assert_string_equal(array.type, "<f4");
    assert_int_equal(array.item_size, 4);
    assert_false(array.column_major);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[0], 2);
    assert_int_equal(array.shape[1], 3);
    assert_int_equal(array.length, 6);
    assert_ptr_equal(array.data, bytes + size);
    assert_ok(gr_npy_read("a.npy", bytes, gr_npy_header(1, shape, bytes) + 8, &array));
    assert_int_equal(array.rank, 1);
    assert_memory_equal(bytes + 10 + 49, " (2,), }", 7);

    const size_t largest[] = {SIZE_MAX, SIZE_MAX};
    assert_int_equal(gr_npy_header(2, largest, bytes), 128);
}

static void test_understood(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary;
        size_t data_size, rank;
    } cases[] = {
        {"{'shape': (2, 3), 'fortran_order': True, 'descr': '<f8'}", 48, 2},
        {"{'descr':'|u1','fortran_order':False,'shape':(2,3,4)}   \n", 24, 3},
        {"{ 'descr': \"<f4\", 'fortran_order': False, 'shape': (3,) , }", 12, 1},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': ()}", 8, 0},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7)}", 0, 2},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1)}", 4, 8},
    };
    npy_array array = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(read_array(cases[i].dictionary, cases[i].data_size, &array));
        assert_int_equal(array.rank, cases[i].rank);
    }
}

static void test_refused(void **state)
{
    (void)state;
#define SHAPED(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': " shape ", }"
#define TYPED(type) "{'descr': " type ", 'fortran_order': False, 'shape': (2,), }"
    static const struct {
        const char *dictionary, *message;
    } cases[] = {
        {"", "a.npy: unknown form of NPY header"},
        {"{}", "a.npy: unknown form of NPY header"},
        {"{'descr': '<f4', 'shape': (2,)}", "unknown form"},
        {"{'descr': '<f4', 'fortran_order': False}", "unknown form"},
        {"{'fortran_order': False, 'shape': (2,)}", "unknown form"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "unknown form"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}", "unknown form"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "unknown form"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", "unknown form"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", "unknown form"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}}", "unknown form"},
        {SHAPED("2"), "unknown form"},
        {SHAPED("(2)"), "unknown form"},
        {SHAPED("(2"), "unknown form"},
        {SHAPED("(2 2)"), "unknown form"},
        {SHAPED("(,)"), "unknown form"},
        {SHAPED("(-2,)"), "unknown form"},
        {SHAPED("(99999999999999999999,)"), "unknown form"},
        {SHAPED("(1,1,1,1,1,1,1,1,2)"), "unknown form"},
        {SHAPED("(3,)"), "8 bytes of data do not make an array of its shape"},
        {SHAPED("()"), "8 bytes of data do not make"},
        {SHAPED("(9223372036854775807, 9223372036854775807)"), "8 bytes of data do not make"},
        {SHAPED("(4611686018427387906,)"), "8 bytes of data do not make"},
        {TYPED("'<f4"), "unknown form"},
        {TYPED("'a long name of a type'"), "unknown form"},
        {TYPED("[('x', '<f4')]"), "unknown form"},
        {TYPED("''"), "values of type \"\", expected numbers"},
        {TYPED("'|O'"), "values of type \"|O\""},
        {TYPED("'|S4'"), "values of type \"|S4\", expected numbers"},
        {TYPED("'<f'"), "values of type \"<f\""},
        {TYPED("'<f0'"), "values of type \"<f0\""},
        {TYPED("'<f4x'"), "values of type \"<f4x\""},
        {TYPED("'<f9999999999'"), "values of type \"<f9999999999\""},
        {TYPED("'<\033\n4'"), "values of type \"<??4\""},
    };
    npy_array array = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(read_array(cases[i].dictionary, 8, &array), GRADUS_ERROR_DATA, cases[i].message);
}

static void test_start(void **state)
{
    (void)state;
    unsigned char bytes[1024];
    npy_array array = {0};
    const size_t size = make_array(SHAPED("(2,)"), 8, bytes);
    for (size_t cut = 0; cut < size; cut++)
        assert_fails(gr_npy_read("a.npy", bytes, cut, &array), GRADUS_ERROR_DATA, "a.npy: ");
    bytes[6] = 4;
    assert_fails(gr_npy_read("a.npy", bytes, size, &array), GRADUS_ERROR_DATA, "NPY version 4, expected 1 to 3");
    bytes[6] = 2;
    assert_fails(gr_npy_read("a.npy", bytes, size, &array), GRADUS_ERROR_DATA, "NPY header of ");
    bytes[0] = 'x';
    assert_fails(gr_npy_read("a.npy", bytes, size, &array), GRADUS_ERROR_DATA, "not an NPY array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_header),
        cmocka_unit_test(test_understood),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
