/* SPDX-License-Identifier: Apache-2.0 */
/* An entry is read back; a missing, unreadable or unwritable one is not an error. */
#include "files/cache.h"
#include "scratch.h"

static void check_entry(const char *name, const char *expected)
{
    char *bytes = NULL;
    size_t size = 99;
    assert_int_equal(gr_cache_read(name, (void **)&bytes, &size), GRADUS_OK);
    if (expected == NULL) {
        assert_null(bytes);
        assert_int_equal(size, 0);
    } else {
        assert_non_null(bytes);
        assert_string_equal(bytes, expected);
        assert_int_equal(size, strlen(expected));
    }
    free(bytes);
}

static void test_write_read(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", scratch_path("new/cache"), 1);
    check_entry("programs/a", NULL);
    gr_cache_write("programs/a", "first", 5);
    check_entry("programs/a", "first");
    gr_cache_write("programs/a", "", 0);
    check_entry("programs/a", "");
    check_entry("programs", NULL);
    assert_int_equal(access(scratch_path("new/cache/gradus/programs/a"), R_OK), 0);
}

static void test_home(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", scratch_folder, 1);
    gr_cache_write("a", "x", 1);
    assert_int_equal(access(scratch_path(".cache/gradus/a"), R_OK), 0);
    check_entry("a", "x");
}

static void test_no_place(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", scratch_write("file", "", 0), 1);
    gr_cache_write("a", "x", 1);
    check_entry("a", NULL);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    gr_cache_write("a", "x", 1);
    check_entry("a", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_write_read),
        scratch_test(test_home),
        scratch_test(test_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
