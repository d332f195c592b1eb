/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench --kernels from the outside. */
#include "run_program.h"
#include "with_device.h"

#define BENCH "\"$GRADUS\" bench tiny --seconds 0 --repeats 3 --device 0 --hidden 5 --kernels "

static const json_t *find_case(const json_t *file, const char *kernel, const char *shape)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(file, "cases"), i, c)
    {
        if (strcmp(json_string_value(json_object_get(c, "kernel")), kernel) == 0 &&
            strcmp(json_string_value(json_object_get(c, "shape")), shape) == 0)
            return c;
    }
    fail_msg("no %s, %s", kernel, shape);
    return NULL;
}

static double number(const json_t *c, const char *key)
{
    assert_true(json_is_number(json_object_get(c, key)));
    return json_number_value(json_object_get(c, key));
}

/* 16 pixels, 5 hidden units, 24 samples: the work counted by hand, and the resulting rates. */
static void check_json(const json_t *file)
{
    static const char *const keys[] = {"network", "device",  "device_index",     "kernel",          "shape",
                                       "error",   "seconds", "median",           "quartiles",       "least",
                                       "bytes",   "flop",    "bytes_per_second", "flop_per_second", "share_of_limit",
                                       "left_out"};
    const json_t *relu = find_case(file, "relu_backward", "5 x 24");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(relu, keys[i]) == NULL)
            fail_msg("no key %s", keys[i]);
    assert_int_equal(json_object_size(relu), sizeof keys / sizeof *keys);
    assert_int_equal(json_array_size(json_object_get(relu, "seconds")), 3);
    assert_close(number(relu, "flop"), 5 * 24, 0, 0);
    assert_close(number(relu, "bytes"), 3 * 4 * 5 * 24, 0, 0);
    assert_close(number(relu, "flop_per_second") * number(relu, "median"), 5 * 24, 0, 1e-6);
    assert_true(number(relu, "least") <= number(relu, "median") && number(relu, "error") <= 1);
    assert_true(json_is_null(json_object_get(relu, "left_out")));
    const json_t *forward = find_case(file, "product_cpu", "forward 16-5 x 24, pixels, relu");
    assert_close(number(forward, "flop"), 2 * 16 * 5 * 24 + 2 * 5 * 24, 0, 0);
    assert_close(number(forward, "bytes"), 16 * 24 + 4 * (16 * 5 + 5 + 5 * 24), 0, 0);
    find_case(file, "augment_samples", "4 x 4 x 24, elastic");
    assert_int_equal(json_array_size(json_object_get(file, "cases")), 2 + 2 + 5 + 5);
}

static json_t *read_json(const char *name)
{
    assert_runs("cat %s", name);
    return parse_output();
}

static void test_measurement(void **state)
{
    (void)state;
    assert_runs(BENCH "relu,cross,product_cpu,augment --json all.json");
    assert_string_equal(program_err, "");
    assert_prints(program_out, "data        tiny: 24 samples of 16 features");
    assert_prints(program_out, "timings     3 of each kernel, at least 0 ms long");
    assert_prints(program_out, "\n16-5-3 on device 0\nkernel                 shape");
    assert_prints(program_out, "\nsoftmax_cross_entropy  3 x 24, one-hot labels");
    assert_prints(program_out, "\n                       3 x 24, label smoothing");
    assert_prints(program_out, "\nrelu_forward           5 x 24 ");
    json_t *file = read_json("all.json");
    check_json(file);
    json_decref(file);
    assert_runs("\"$GRADUS\" bench --compare all.json all.json");
    assert_prints(program_out, "\n16-5-3            relu_forward, 5 x 24    ");
    assert_prints(program_out, "  1.00  within the noise\n");
}

/* The faulty kernel is not timed, the others are, and the exit code is that of `gradus check`. */
static void test_faulty_kernel(void **state)
{
    (void)state;
    assert_int_equal(run("mkdir -p faulty/layered\n"
                         "sed 's/z\\[i\\] <= 0 ? 0/z[i] <= 0 ? 0.01f * z[i]/' "
                         "\"$TEST_SOURCE_DIR\"/kernels/layered/relu.cl >faulty/layered/relu.cl\n"
                         "GRADUS_KERNEL_DIR=faulty " BENCH "relu --json a.json"),
                     70);
    assert_prints(program_err, "gradus: 1 of 2 kernels and shapes differ from the reference and were not timed\n");
    assert_prints(program_out, "\nrelu_forward   5 x 24  ");
    assert_prints(program_out, "  differs from the reference\n");
    assert_prints(program_out, "\nrelu_backward  5 x 24  ");
    json_t *file = read_json("a.json");
    const json_t *relu = find_case(file, "relu_forward", "5 x 24");
    assert_int_equal(json_array_size(json_object_get(relu, "seconds")), 0);
    assert_true(json_is_null(json_object_get(relu, "median")) && json_is_null(json_object_get(relu, "error")));
    assert_string_equal(json_string_value(json_object_get(relu, "left_out")), "differs from the reference");
    assert_int_equal(json_array_size(json_object_get(find_case(file, "relu_backward", "5 x 24"), "seconds")), 3);
    json_decref(file);
}

/* Kernels are matched by name and shape. */
static void test_compare(void **state)
{
    (void)state;
    static const char file[] = "{\"format\":\"gradus-bench-1\",\"data\":{\"name\":\"x\",\"dense\":false,\"samples\":9,"
                               "\"features\":16},\"cases\":[{\"network\":[16,5,3],"
                               "\"device\":\"d\",\"kernel\":\"%s\","
                               "\"shape\":\"%s\",\"seconds\":[%s]}]}";
    char a[512], b[512];
    snprintf(a, sizeof a, file, "relu_forward", "5 x 24", "1,1,1");
    snprintf(b, sizeof b, file, "relu_forward", "5 x 24", "2,2,2");
    assert_int_equal(run("echo '%s' >a.json; echo '%s' >b.json; \"$GRADUS\" bench --compare a.json b.json", a, b), 1);
    assert_prints(program_out, "relu_forward, 5 x 24  d ");
    assert_prints(program_out, " 0.50  SLOWER\n");
    snprintf(b, sizeof b, file, "relu_forward", "5 x 25", "2,2,2");
    assert_int_equal(run("echo '%s' >b.json; \"$GRADUS\" bench --compare a.json b.json", b), 65);
    assert_prints(program_out, " only in A\n");
    assert_prints(program_out, " only in B\n");
}

static void test_refused(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"--kernels sofmax", "--kernels: found \"sofmax\", expected a kernel; did you mean softmax?", 64},
        {"--kernels relu_foward", "did you mean relu_forward?", 64},
        {"--kernels nothing", "--kernels: found \"nothing\", expected a kernel; 'gradus check' lists them", 64},
        {"--kernels=", "--kernels: found an empty text, expected NAMES", 64},
        {"--kernels relu --engine fused", "--kernels: found --engine as well", 64},
        {"--kernels --plot p.svg", "--kernels: found --plot as well", 64},
        {"--kernels --device none", "--kernels: there is no device", 69},
    };
    assert_refused("bench tiny", cases, sizeof cases / sizeof *cases);
    assert_int_equal(run("export OCL_ICD_VENDORS=/nonexistent-folder\n\"$GRADUS\" bench tiny --kernels"), 69);
    assert_prints(program_err, "gradus: no OpenCL platform");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_measurement),
        program_test(test_faulty_kernel),
        program_test(test_compare),
        program_test(test_refused),
    };
    program_prepare();
    gradus_device_close(open_test_device());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
