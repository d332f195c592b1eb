/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation on the device against the reference in double precision, one test each. */
#include "assert_close.h"
#include "check/check.h"
#include "emulate_tensor_cores.h"
#include "with_device.h"

static gradus_device *device;

static void print_result(const gradus_check_result *result, void *user)
{
    (void)user;
    print_message("  %-8s %-24s %-18s error %.3g\n", result->passed ? "ok" : "FAILED", result->kernel, result->shape,
                  result->error);
}

static void test_operation(void **state)
{
    const operation *op = *state;
    check c = {.device = device, .report = print_result};
    assert_ok(gr_check_operation(&c, op));
    assert_true(c.compared >= op->shape_count);
    assert_int_equal(c.failed, 0);
}

int main(void)
{
    struct CMUnitTest *tests = calloc(gr_operation_count, sizeof *tests);
    assert_non_null(tests);
    device = open_test_device();
    emulate_tensor_cores(device);
    for (size_t i = 0; i < gr_operation_count; i++)
        tests[i] = (struct CMUnitTest){gr_operations[i].name, test_operation, NULL, NULL,
                                       (void *)(uintptr_t)&gr_operations[i]};
    const int failed = _cmocka_run_group_tests("operations", tests, gr_operation_count, NULL, NULL);
    gradus_device_close(device);
    free(tests);
    return failed;
}
