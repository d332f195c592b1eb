/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel files with the files that they include, as one text. */
#include "assert_close.h"
#include "device/kernel_source.h"
#include "device/kernel_table.h"
#include "scratch.h"

/* The number of times that the part occurs in the text. */
static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        found++;
    return found;
}

static void test_all_files_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < gr_kernel_table_length; i++) {
        char *text = NULL;
        assert_ok(gr_kernel_source(gr_kernel_table[i].file, &text));
        assert_int_equal(count(text, "#include \""), 0);
        assert_int_equal(count(text, "#pragma once"), 0);
        free(text);
    }
}

/* A file that two others include has a guard each time, and lines keep their numbers. */
static void test_included_files(void **state)
{
    (void)state;
    char *text = NULL;
    assert_ok(gr_kernel_source("common/augment.cl", &text));
    assert_non_null(strstr(text, "#line 1 \"kernels/common/augment.cl\"\n// SPDX"));
    assert_non_null(strstr(text, "#line 1 \"kernels/common/augment_row.h\"\n"));
    assert_int_equal(count(text, "#ifndef INCLUDED_"), count(text, "#define INCLUDED_"));
    assert_true(count(text, "#ifndef INCLUDED_") >= 3);
    free(text);
}

/* GRADUS_KERNEL_DIR replaces the files that it contains, and no others. */
static void test_folder_replaces_files(void **state)
{
    (void)state;
    char *text = NULL;
    scratch_subfolder("layered");
    scratch_text("layered/relu.cl", "one\n#include \"layered/bias.cl\"\nthree");
    setenv("GRADUS_KERNEL_DIR", scratch_folder, 1);
    assert_ok(gr_kernel_source("layered/relu.cl", &text));
    assert_non_null(strstr(text, "#line 1 \"kernels/layered/relu.cl\"\none\n#line 1 \"kernels/layered/bias.cl\"\n"));
    assert_non_null(strstr(text, "kernel void bias_broadcast("));
    assert_non_null(strstr(text, "#line 3 \"kernels/layered/relu.cl\"\nthree\n"));
    free(text);

    scratch_text("layered/relu.cl", "#include \"layered/relu.cl\"\n");
    assert_fails(gr_kernel_source("layered/relu.cl", &text), GRADUS_ERROR_DEVICE,
                 "kernels/layered/relu.cl: includes itself");
    scratch_text("layered/relu.cl", "#include \"layered/none.cl\"\n");
    assert_fails(gr_kernel_source("layered/relu.cl", &text), GRADUS_ERROR_DEVICE,
                 "kernels/layered/none.cl is not part of this library");
    unsetenv("GRADUS_KERNEL_DIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_files_are_complete),
        cmocka_unit_test(test_included_files),
        scratch_test(test_folder_replaces_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
