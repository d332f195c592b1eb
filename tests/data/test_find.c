/* SPDX-License-Identifier: Apache-2.0 */
/* The places that are searched for data sets, their order, and the message if there is none. */
#include "data/dataset.h"
#include "scratch.h"

/* The user's own data sets must not be found. */
static int clear_environment(void **state)
{
    unsetenv("GRADUS_DATA_DIR");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/nonexistent", 1);
    return scratch_create(state);
}

#define find_test(function) cmocka_unit_test_setup_teardown(function, clear_environment, scratch_remove)

/* Creates the folders and an empty file: the search uses names only. */
static void touch(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s", scratch_path(name));
    for (char *slash = strchr(path + strlen(scratch_folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    scratch_write(name, "", 0);
}

/* Fails unless `name` is found at `expected`, a path within the scratch folder. */
static void check_found(const char *name, const char *data_dir, const char *expected)
{
    char *path = NULL;
    bool is_folder = false;
    assert_ok(gr_dataset_find(name, data_dir, &path, &is_folder));
    assert_string_equal(path, scratch_path(expected));
    assert_true(is_folder);
    free(path);
}

static gradus_status find(const char *name, const char *data_dir)
{
    char *path = NULL;
    bool is_folder = false;
    gradus_status status = gr_dataset_find(name, data_dir, &path, &is_folder);
    free(path);
    return status;
}

/* A set is put into each place, from the last to the first, and must then be found there. */
static void test_find_order(void **state)
{
    (void)state;
    char list[512];
    snprintf(list, sizeof list, "%s::%s", scratch_path("env1"), scratch_path("env2"));
    setenv("HOME", scratch_path("home"), 1);
    const char *data_dir = scratch_path("option");
    assert_fails(find("one", data_dir), GRADUS_ERROR_NO_INPUT, "one: no file and no data set of this name");

    touch("home/.local/share/gradus/one/train-images-idx3-ubyte");
    check_found("one", data_dir, "home/.local/share/gradus/one");
    setenv("XDG_DATA_HOME", scratch_path("xdg"), 1);
    assert_fails(find("one", data_dir), GRADUS_ERROR_NO_INPUT, "/xdg/gradus/one, "); /* replaces ~/.local */
    touch("xdg/gradus/one/train-images-idx3-ubyte.gz");
    check_found("one", data_dir, "xdg/gradus/one");
    setenv("GRADUS_DATA_DIR", list, 1);
    touch("env2/one/train-images.idx3-ubyte");
    check_found("one", data_dir, "env2/one");
    touch("env1/one/train-images.idx3-ubyte.gz");
    check_found("one", data_dir, "env1/one");
    touch("option/one/train-images-idx3-ubyte");
    check_found("one", data_dir, "option/one");
    check_found("one", NULL, "env1/one");
}

static void test_find_folder_of_that_name_itself(void **state)
{
    (void)state;
    touch("x/mnist/train-images-idx3-ubyte");
    setenv("GRADUS_DATA_DIR", scratch_path("x/mnist"), 1);
    check_found("mnist", NULL, "x/mnist");
    setenv("GRADUS_DATA_DIR", scratch_path("x/mnist/"), 1);
    check_found("mnist", NULL, "x/mnist/");
    /* "nist" is the end of the name, not the name. */
    assert_fails(find("nist", NULL), GRADUS_ERROR_NO_INPUT, "nist: no file and no data set of this name");
}

/* The build tree is laid out like an installed one: <prefix>/share/gradus beside the folder of this program. */
static void test_find_beside_the_program(void **state)
{
    (void)state;
    char *path = NULL;
    bool is_folder = false;
    assert_ok(gr_dataset_find("digits", NULL, &path, &is_folder));
    assert_non_null(strstr(path, "/share/gradus/digits"));
    assert_true(is_folder);
    free(path);
}

static void test_find_message_lists_the_places(void **state)
{
    (void)state;
    setenv("GRADUS_DATA_DIR", "/first:/second:/first", 1);
    assert_fails(find("nosuch", "/zeroth"), GRADUS_ERROR_NO_INPUT,
                 "nosuch: no file and no data set of this name; looked for /zeroth/nosuch, /first/nosuch, "
                 "/second/nosuch, /nonexistent/.local/share/gradus/nosuch, /");
    assert_non_null(strstr(gradus_last_error(), "/share/gradus/nosuch, "));
    assert_non_null(strstr(gradus_last_error(), "/usr/share/gradus/nosuch, /usr/share/datasets/nosuch"));
}

static void test_find_message_hints(void **state)
{
    (void)state;
    char hint[512];
    touch("other/train-images-idx3-ubyte.gz");
    snprintf(hint, sizeof hint, "to download it: data/fetch mnist; %s holds a data set itself: give that path",
             scratch_path("other"));
    assert_fails(find("mnist", scratch_path("other")), GRADUS_ERROR_NO_INPUT, hint);
    assert_fails(find("nosuch", NULL), GRADUS_ERROR_NO_INPUT, "nosuch");
    assert_null(strstr(gradus_last_error(), "data/fetch"));
    assert_null(strstr(gradus_last_error(), "holds a data set itself"));
}

static void test_find_long_lists_are_cut(void **state)
{
    (void)state;
    char folder[200];
    char list[20 * sizeof folder] = "";
    for (int i = 0; i < 15; i++) {
        snprintf(folder, sizeof folder, "/%0150d:", i);
        strcat(list, folder);
    }
    setenv("GRADUS_DATA_DIR", list, 1);
    assert_fails(find("nosuch", NULL), GRADUS_ERROR_NO_INPUT, "nosuch: no file and no data set of this name");
}

static void test_find_takes_paths(void **state)
{
    (void)state;
    char *path = NULL, before[1024];
    bool is_folder = true;
    touch("digits/train-images-idx3-ubyte");
    touch("empty/mnist/nothing");
    touch("empty/nosuch/nothing");
    touch("empty/f.csv");
    check_found(scratch_path("empty"), NULL, "empty"); /* its contents are checked when it is read */
    assert_ok(gr_dataset_find(scratch_path("empty/f.csv"), NULL, &path, &is_folder));
    assert_string_equal(path, scratch_path("empty/f.csv"));
    assert_false(is_folder);
    free(path);

    /* Without '/': a file or data set here is used; any other folder only if the name is found nowhere else. */
    setenv("GRADUS_DATA_DIR", scratch_path("sets"), 1);
    touch("sets/mnist/train-images-idx3-ubyte");
    touch("sets/digits/train-images-idx3-ubyte");
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch_folder), 0);
    assert_ok(gr_dataset_find("digits", NULL, &path, &is_folder));
    assert_string_equal(path, "digits");
    free(path);
    touch("option/digits/train-images-idx3-ubyte");
    check_found("digits", scratch_path("option"), "option/digits"); /* data_dir has precedence, */
    touch("option/mnist/nothing");
    touch("mnist/train-images-idx3-ubyte");
    assert_ok(gr_dataset_find("mnist", scratch_path("option"), &path, &is_folder));
    assert_string_equal(path, "mnist"); /* if it has such a set, */
    free(path);
    assert_ok(gr_dataset_find("./digits", scratch_path("option"), &path, &is_folder));
    assert_string_equal(path, "./digits"); /* and for names only */
    free(path);
    assert_int_equal(chdir(scratch_path("empty")), 0);
    check_found("mnist", NULL, "sets/mnist");
    assert_ok(gr_dataset_find("f.csv", NULL, &path, &is_folder));
    assert_string_equal(path, "f.csv");
    free(path);
    assert_ok(gr_dataset_find("nosuch", NULL, &path, &is_folder));
    assert_string_equal(path, "nosuch");
    assert_true(is_folder);
    free(path);
    assert_int_equal(chdir(before), 0);
}

static void test_idx_find_spellings(void **state)
{
    (void)state;
    /* From the least to the most preferred. */
    static const char *const names[] = {"t10k-labels.idx1-ubyte.gz", "t10k-labels.idx1-ubyte",
                                        "t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte"};
    char *path = NULL;
    assert_ok(gr_idx_find(scratch_folder, IDX_TEST_LABELS, &path));
    assert_null(path);
    for (size_t i = 0; i < 4; i++) {
        touch(names[i]);
        assert_ok(gr_idx_find(scratch_folder, IDX_TEST_LABELS, &path));
        assert_string_equal(path, scratch_path(names[i]));
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        find_test(test_find_order),
        find_test(test_find_folder_of_that_name_itself),
        find_test(test_find_beside_the_program),
        find_test(test_find_message_lists_the_places),
        find_test(test_find_message_hints),
        find_test(test_find_long_lists_are_cut),
        find_test(test_find_takes_paths),
        find_test(test_idx_find_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
