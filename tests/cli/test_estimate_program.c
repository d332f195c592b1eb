/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench --device-model from the outside. It needs no device, so there is no OpenCL here. */
#include "run_program.h"

#define ESTIMATE "OCL_ICD_VENDORS=/nonexistent-folder \"$GRADUS\" bench --device-model "

static double number(const json_t *object, const char *key)
{
    if (!json_is_number(json_object_get(object, key)))
        fail_msg("no number %s", key);
    return json_number_value(json_object_get(object, key));
}

static void test_table(void **state)
{
    (void)state;
    assert_runs(ESTIMATE "h100 --hidden 10/128");
    assert_string_equal(program_err, "");
    assert_prints(program_out, "GPU         NVIDIA H100 80GB HBM3, 132 units with 1,755 MHz\n");
    assert_prints(program_out, "data        41,000 samples of 784 features, all in each step\n");
    assert_prints(program_out, "nothing was measured\n");
    assert_prints(program_out, "\n784-10-10\n");
    assert_prints(program_out, "\n784-128-10\n");
    assert_prints(program_out, "\nfused_gpu_pass ");
    assert_prints(program_out, "\nfused_gpu_step ");
    assert_prints(program_out, " iterations/s; bound by ");
    assert_runs(ESTIMATE "rx7900 --batch 128 --hidden 128 --optimizer adam");
    assert_prints(program_out, "data        60,000 samples of 784 features, in batches of 128\noptimizer   adam\n");
    assert_prints(program_out, "\nbatch_forward ");
    assert_prints(program_out, "\nbatch_update ");
    assert_prints(program_out, " ms an epoch; bound by ");
    assert_runs(ESTIMATE "h100 --batch 0");
    assert_prints(program_out, "41,000 samples of 784 features, all in each step\n");
}

/* The data set's sizes, unless --samples has another number. */
static void test_data(void **state)
{
    (void)state;
    assert_runs("OCL_ICD_VENDORS=/nonexistent-folder \"$GRADUS\" bench tiny --device-model a100 --hidden 5");
    assert_prints(program_out, "data        24 samples of 16 features, all in each step\n");
    assert_prints(program_out, "\n16-5-3\n");
    assert_runs("\"$GRADUS\" bench tiny --device-model a100 --samples 5000 --batch 50");
    assert_prints(program_out, "data        5,000 samples of 16 features, in batches of 50\n");
}

static void test_json(void **state)
{
    (void)state;
    assert_runs(ESTIMATE "rtx3090 --samples 12000 --hidden 10/128,64 --json - --batch 100");
    json_t *file = parse_output();
    assert_string_equal(json_string_value(json_object_get(file, "format")), "gradus-estimate-1");
    assert_string_equal(json_string_value(json_object_get(file, "gpu")), "rtx3090");
    assert_string_equal(json_string_value(json_object_get(file, "optimizer")), "sgd");
    const json_t *cases = json_object_get(file, "cases");
    assert_int_equal(json_array_size(cases), 2);
    const json_t *wide = json_array_get(cases, 1), *launches = json_object_get(wide, "launches");
    assert_close(number(wide, "samples"), 12000, 0, 0);
    assert_close(number(wide, "epoch_seconds"), 120 * number(wide, "seconds"), 0, 1e-6);
    assert_close(number(wide, "steps_per_second"), 1 / number(wide, "seconds"), 0, 1e-6);
    assert_int_equal(json_array_size(launches), 2);
    double seconds = 0;
    for (size_t i = 0; i < 2; i++)
        seconds += number(json_array_get(launches, i), "seconds");
    assert_close(number(wide, "gpu_seconds"), seconds, 0, 1e-6);
    json_decref(file);
    assert_runs(ESTIMATE "rtx3090 --json file.json && cat file.json | tail -n +1 >copy && test -s copy");
    assert_prints(program_out, "\n784-10-10\n");
}

static void test_refused(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"--device-model h10", "expected one of: h100, a100, rtx3090, ", 64},
        {"--device-model h10", "; did you mean h100?", 64},
        {"--device-model h100 --engine fused", "--device-model: found --engine as well", 64},
        {"--device-model h100 --kernels relu", "--device-model: found --kernels as well", 64},
        {"--device-model h100 --device 0", "--device-model: found --device as well", 64},
        {"--samples 3", "--samples: found without --device-model", 64},
        {"--optimizer adam", "--optimizer: found without --device-model", 64},
        {"--device-model h100 --batch 50 --samples 49", "--batch: found 50, expected at most 49", 64},
        {"--device-model h100 --samples 0", "--samples: found \"0\"", 64},
    };
    assert_refused("bench", cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_table),
        program_test(test_data),
        program_test(test_json),
        program_test(test_refused),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
