/* SPDX-License-Identifier: Apache-2.0 */
/* When the queue of launches is flushed. */
#include "assert_close.h"
#include "device/device.h"
#include "with_device.h"

static gradus_device *device;

static unsigned flushes;

cl_int __real_clFlush(cl_command_queue queue);
cl_int __wrap_clFlush(cl_command_queue queue);
cl_int __wrap_clFlush(cl_command_queue queue)
{
    flushes++;
    return __real_clFlush(queue);
}

/* A burst is flushed after its first launch, so that the device begins, and at its end, and not in between. */
static void test_first_launch_is_flushed(void **state)
{
    (void)state;
    const cl_ulong elements = 64;
    float z[64] = {-1}, read[64];
    cl_mem buffer = NULL;
    cl_event arrival = NULL;
    launch relu;
    assert_ok(gr_buffer_create(device, sizeof z, "z", &buffer));
    assert_ok(gr_buffer_write(device, buffer, 0, sizeof z, z));
    assert_ok(gr_launch_create(device, "layered/relu.cl", "relu_forward", elements,
                               ARGUMENTS(ARGUMENT(buffer), ARGUMENT(elements)), &relu));
    assert_ok(gr_device_finish(device));
    for (unsigned burst = 0; burst < 2; burst++) {
        flushes = 0;
        for (unsigned i = 0; i < 3; i++) {
            assert_ok(gr_launch_enqueue(device, &relu));
            assert_int_equal(flushes, 1);
        }
        assert_ok(gr_buffer_read_queued(device, buffer, 0, sizeof read, read, &arrival));
        assert_int_equal(flushes, 2);
        assert_ok(gr_device_wait(device, &arrival));
        assert_close(read[0], 0, 0, 0);
    }
    gr_launch_destroy(&relu);
    gr_buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_launch_is_flushed)};
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
