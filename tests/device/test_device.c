/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing from a list of devices, and the messages if there is none. The second half needs no device either: it points
 * the OpenCL loader to folders of the test's own. */
#include "assert_close.h"
#include "gradus/gradus.h"
#include "with_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the order of gradus_device_list(). */
static const gradus_device_info list[] = {
    {.name = "NVIDIA H100",
     .vendor = "NVIDIA",
     .platform = "CUDA",
     .type = GRADUS_DEVICE_GPU,
     .discrete = true,
     .platform_index = 1},
    {.name = "Radeon 780M", .vendor = "AMD", .platform = "APP", .type = GRADUS_DEVICE_GPU, .platform_index = 2},
    {.name = "pthread-haswell",
     .vendor = "GenuineIntel",
     .platform = "Portable Computing Language",
     .type = GRADUS_DEVICE_CPU},
};

static void expect_choice(const char *selector, size_t expected, const char *expected_reason)
{
    size_t index = 99;
    const char *reason = NULL;
    assert_ok(gradus_device_choose(list, 3, selector, &index, &reason));
    assert_int_equal(index, expected);
    if (strstr(reason, expected_reason) == NULL)
        fail_msg("%s: reason \"%s\" lacks \"%s\"", selector == NULL ? "NULL" : selector, reason, expected_reason);
}

static void test_choose(void **state)
{
    (void)state;
    unsetenv("GRADUS_DEVICE");
    expect_choice(NULL, 0, "first discrete GPU");
    expect_choice("", 0, "first discrete GPU");
    expect_choice("0", 0, "index");
    expect_choice("2", 2, "index");
    expect_choice("0:0", 2, "platform and device number");
    expect_choice("1:0", 0, "platform and device number");
    expect_choice("gpu", 0, "first GPU");
    expect_choice("CPU", 2, "first CPU");
    expect_choice("radeon", 1, "contains");
    expect_choice("portable", 2, "contains");
    expect_choice("780", 1, "contains");
    setenv("GRADUS_DEVICE", "cpu", 1);
    expect_choice(NULL, 2, "first CPU");
    expect_choice("gpu", 0, "first GPU");
    unsetenv("GRADUS_DEVICE");
}

static void test_nothing_fits(void **state)
{
    (void)state;
    static const char *const selectors[] = {"3", "0:1", "3:0", "nosuch", "accelerator", "-1", "1:0:0"};
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        size_t index;
        const char *reason;
        assert_fails(gradus_device_choose(list, 3, selectors[i], &index, &reason), GRADUS_ERROR_NO_DEVICE,
                     selectors[i]);
    }
}

/* ---- No platform. The loader reads its folder once per process, so each case gets a process of its own. ---- */

static void expect_explanation(const char *vendors, const char *part)
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        gradus_device_info *found = NULL;
        size_t count = 0;
        setenv("OCL_ICD_VENDORS", vendors, 1);
        const bool fine = gradus_device_list(&found, &count) == GRADUS_ERROR_NO_DEVICE &&
                          strstr(gradus_last_error(), part) != NULL && strstr(gradus_last_error(), vendors) != NULL &&
                          strstr(gradus_last_error(), "pocl-opencl-icd") != NULL;
        if (!fine)
            fprintf(stderr, "message \"%s\" lacks \"%s\" or a remedy\n", gradus_last_error(), part);
        _exit(fine ? 0 : 1);
    }
    int outcome;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
}

static void write_icd(const char *folder, const char *library)
{
    char path[256];
    snprintf(path, sizeof path, "%s/driver.icd", folder);
    FILE *icd = fopen(path, "w");
    assert_non_null(icd);
    fprintf(icd, "%s\n", library);
    fclose(icd);
}

static void test_no_platform(void **state)
{
    (void)state;
    char folder[] = "/tmp/gradus-icd-XXXXXX", path[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/driver.icd", folder);
    expect_explanation("/nonexistent-folder", "no driver (.icd file) in /nonexistent-folder (OCL_ICD_VENDORS)");
    expect_explanation(folder, "no driver (.icd file)");
    write_icd(folder, "libno-such-driver.so.1");
    expect_explanation(folder, "names libno-such-driver.so.1, which does not load");
    write_icd(folder, "");
    expect_explanation(folder, "names no library");
    unlink(path);
    rmdir(folder);
}

static void test_open_options(void **state)
{
    (void)state;
    gradus_device_options options = gradus_device_options_default();
    gradus_device *device = open_test_device();
    gradus_device_close(device);

    options.kernels = "npu";
    assert_fails(gradus_device_open_with(&options, &device), GRADUS_ERROR_ARGUMENT, "kernels \"npu\"");
    options.kernels = NULL;
    options.wait = "nap";
    assert_fails(gradus_device_open_with(&options, &device), GRADUS_ERROR_ARGUMENT, "wait \"nap\"");
    options.wait = NULL;
    options.products = "mkl";
    assert_fails(gradus_device_open_with(&options, &device), GRADUS_ERROR_ARGUMENT, "products \"mkl\"");
    options.products = NULL;
    assert_ok(gradus_device_open_with(&options, &device));
    gradus_device_close(device);
    assert_ok(gradus_device_open_with(NULL, &device));
    gradus_device_close(device);
}

/* The part is a separate device while it is open. */
static void test_threads(void **state)
{
    (void)state;
    gradus_device_options options = gradus_device_options_default();
    gradus_device *device = open_test_device();
    const gradus_device_info whole = *gradus_device_get_info(device);
    gradus_device_close(device);

    options.threads = 1;
    if (whole.type != GRADUS_DEVICE_CPU) {
        assert_fails(gradus_device_open_with(&options, &device), GRADUS_ERROR_ARGUMENT, "is not a CPU");
        return;
    }
    assert_ok(gradus_device_open_with(&options, &device));
    assert_int_equal(gradus_device_get_info(device)->compute_units, 1);
    gradus_device_close(device);
    options.threads = 100000;
    assert_fails(gradus_device_open_with(&options, &device), GRADUS_ERROR_ARGUMENT, "threads 100000");
    options.threads = 0;
    assert_ok(gradus_device_open_with(&options, &device));
    assert_int_equal(gradus_device_get_info(device)->compute_units, whole.compute_units);
    gradus_device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose),       cmocka_unit_test(test_nothing_fits), cmocka_unit_test(test_no_platform),
        cmocka_unit_test(test_open_options), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
