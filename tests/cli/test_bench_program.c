/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench from the outside: measurements, output files, and the comparison of two files. */
#include "run_program.h"
#include "with_device.h"

#define QUICK "--seconds 0.001 --iterations 1 "
#define BENCH "\"$GRADUS\" bench tiny " QUICK
#define HOST BENCH "--device none --engine reference --hidden 3/4,5 --repeats 3 "

static size_t case_count(const json_t *file)
{
    return json_array_size(json_object_get(file, "cases"));
}

static const json_t *case_at(const json_t *file, size_t index)
{
    const json_t *found = json_array_get(json_object_get(file, "cases"), index);
    assert_non_null(found);
    return found;
}

static void test_json(void **state)
{
    (void)state;
    static const char *const keys[] = {"format", "version", "commit",  "date", "host",
                                       "data",   "options", "devices", "cases"};
    static const char *const case_keys[] = {
        "network",    "device",          "device_index", "engine",  "seconds",
        "iterations", "median",          "quartiles",    "profile", "share_of_limit",
        "times_blas", "times_reference", "engine_used",  "plan",    "iterations_per_second",
        "left_out"};
    assert_runs(HOST "--json -");
    json_t *file = parse_output();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(file, keys[i]) == NULL)
            fail_msg("no key %s", keys[i]);
    assert_int_equal(json_object_size(file), sizeof keys / sizeof *keys);
    assert_int_equal(case_count(file), 2);
    const json_t *second = case_at(file, 1);
    for (size_t i = 0; i < sizeof case_keys / sizeof *case_keys; i++)
        if (json_object_get(second, case_keys[i]) == NULL)
            fail_msg("no key %s", case_keys[i]);
    assert_int_equal(json_object_size(second), sizeof case_keys / sizeof *case_keys);
    assert_int_equal(json_array_size(json_object_get(second, "seconds")), 3);
    assert_true(json_is_null(json_object_get(second, "device")));
    assert_close(json_number_value(json_object_get(second, "times_reference")), 1, 0, 0);
    json_t *layers = json_pack("[iiii]", IMAGE_SIDE * IMAGE_SIDE, 4, 5, CLASSES);
    assert_true(json_equal(json_object_get(second, "network"), layers));
    json_decref(layers);
    json_decref(file);
}

static void test_table(void **state)
{
    (void)state;
    assert_runs(HOST "--batch 20");
    assert_string_equal(program_err, "");
    assert_prints(program_out, "data        tiny: 20 samples of 16 features");
    assert_prints(program_out, "timings     3 of each case, at least 1 ms and 1 iteration long");
    assert_prints(program_out, "\n16-3-3    host    reference ");
    assert_prints(program_out, "\n16-4-5-3  host    reference ");
    assert_runs(HOST "--dense");
    assert_prints(program_out, "tiny with random pixels: 24 samples of 16 features, 100.00 % of the bytes");
}

/* All engines, with the limits of the device and the time of each kernel; the table is no wider than 100 columns. */
static void test_device(void **state)
{
    (void)state;
    assert_runs(BENCH "--device 0 --hidden 5 --repeats 2 --profile --json all.json");
    assert_prints(program_out, " GFLOP/s of multiply-adds, ");
    assert_prints(program_out, "16-5-3   0       fused ");
    assert_prints(program_out, "16-5-3, device 0, layered: ");
    assert_prints(program_out, "\n  update_parameters ");
    assert_prints(program_out, "\n  host, and between launches ");
    for (const char *line = strstr(program_out, "\nnetwork") + 1; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    assert_runs("cat all.json");
    json_t *file = parse_output();
    const json_t *device = json_array_get(json_object_get(file, "devices"), 0);
    assert_true(json_number_value(json_object_get(json_object_get(device, "limits"), "flop_per_second")) > 0);
    const json_t *fused = case_at(file, 0);
    assert_true(json_equal(json_object_get(device, "name"), json_object_get(fused, "device")));
    assert_true(json_number_value(json_object_get(fused, "share_of_limit")) > 0);
    assert_true(json_array_size(json_object_get(json_object_get(fused, "profile"), "kernels")) >= 3);
    json_decref(file);
}

/* ---- --compare ---- */

/* Writes `from`, in which the samples of the second case are multiplied by the factor, to the file `to`. */
static void write_changed(const char *from, const char *to, double factor)
{
    char path[128];
    json_error_t error;
    snprintf(path, sizeof path, "%s/work/%s", program_folder, from);
    json_t *file = json_load_file(path, 0, &error);
    assert_non_null(file);
    json_t *seconds = json_object_get(case_at(file, 1), "seconds");
    for (size_t i = 0; i < json_array_size(seconds); i++)
        json_array_set_new(seconds, i, json_real(factor * json_number_value(json_array_get(seconds, i))));
    snprintf(path, sizeof path, "%s/work/%s", program_folder, to);
    assert_int_equal(json_dump_file(file, path, 0), 0);
    json_decref(file);
}

static void test_compare(void **state)
{
    (void)state;
    assert_runs(HOST "--json a.json");
    assert_runs("\"$GRADUS\" bench --compare a.json a.json");
    assert_prints(program_out, "  1.00  within the noise\n");
    write_changed("a.json", "slow.json", 1000);
    assert_int_equal(run("\"$GRADUS\" bench --compare a.json slow.json"), 1);
    assert_prints(program_out, "SLOWER");
    assert_string_equal(program_err, "gradus: 1 of 2 became slower by more than 10 %\n");
    assert_runs("\"$GRADUS\" bench --compare a.json slow.json --threshold 100000");
    assert_prints(program_out, "slower, tolerated");
    assert_runs("\"$GRADUS\" bench --compare slow.json a.json");
    assert_prints(program_out, "  faster\n");
}

static void test_compare_missing(void **state)
{
    (void)state;
    assert_runs(HOST "--json a.json");
    assert_runs(HOST "--json b.json --hidden 3/6");
    assert_runs("\"$GRADUS\" bench --compare a.json b.json --threshold 1e6");
    assert_prints(program_out, " only in A\n");
    assert_prints(program_out, " only in B\n");
    assert_runs(HOST "--json c.json --hidden 7");
    assert_int_equal(run("\"$GRADUS\" bench --compare a.json c.json"), 65);
    assert_prints(program_err, "a.json and c.json: found no case in both files");
    assert_runs(HOST "--json d.json --batch 20");
    assert_int_equal(run("\"$GRADUS\" bench --compare a.json d.json"), 65);
    assert_prints(program_err, "a.json and d.json: measured with different data");
}

static void test_compare_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"format\":\"other\"}", "b.json: found format \"other\", expected \"gradus-bench-1\""},
        {"{}", "b.json: found format \"none\""},
        {"[1]", "b.json: found format \"none\""},
        {"rubbish", "b.json: line 1: "},
        {"{\"format\":\"gradus-bench-1\"}", "b.json: found no cases or data"},
        {"{\"format\":\"gradus-bench-1\",\"data\":{},\"cases\":[{\"engine\":\"blas\"}]}", "b.json: case 0: expected"},
        {"{\"format\":\"gradus-bench-1\",\"data\":{},\"cases\":[{\"engine\":\"blas\",\"device\":null,"
         "\"network\":[4,-1],\"seconds\":[1]}]}",
         "b.json: case 0: expected"},
        {"{\"format\":\"gradus-bench-1\",\"data\":{},\"cases\":[{\"engine\":\"blas\",\"device\":null,"
         "\"network\":[4,2],\"seconds\":[0]}]}",
         "b.json: case 0: expected"},
    };
    assert_runs(HOST "--json a.json");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run("printf '%%s' '%s' >b.json; \"$GRADUS\" bench --compare a.json b.json", cases[i].text),
                         65);
        assert_prints(program_err, cases[i].part);
    }
    assert_int_equal(run("\"$GRADUS\" bench --compare a.json nowhere"), 66);
    assert_prints(program_err, "nowhere: No such file or directory");
}

/* ---- Early endings ---- */

static void test_outputs(void **state)
{
    (void)state;
    assert_int_equal(run(HOST "--json nowhere/a.json"), 73);
    assert_prints(program_err, "--json nowhere/a.json: folder nowhere: No such file or directory");
    assert_string_equal(program_out, "");
    assert_runs("umask 027; " HOST "--json new.json >&2; stat -c %%a new.json; ls -A");
    assert_string_equal(program_out, "640\nnew.json\ntiny\ntiny.csv\nunlabelled.csv\n");
}

static void test_no_gnuplot(void **state)
{
    (void)state;
    assert_int_equal(run("program=$GRADUS; PATH=/nonexistent; \"$program\" bench tiny --plot p.svg"), 69);
    assert_prints(program_err, "--plot: gnuplot cannot be started: No such file or directory; Debian's package "
                               "gnuplot-nox has it");
    assert_string_equal(program_out, "");
}

static void test_interrupted(void **state)
{
    (void)state;
    assert_int_equal(run(HOST "--repeats 1000000 --seconds 1 --json a.json >table & program=$!\n"
                              "while ! test -s table; do sleep 0.01; done\nkill -INT $program; wait $program"),
                     130);
    assert_string_equal(program_err, "gradus: interrupted after 0 of 2 cases; no file was written\n");
    assert_int_equal(run("test -e a.json"), 1);
}

/* As on a machine without drivers. */
static void test_no_device(void **state)
{
    (void)state;
    assert_runs("export OCL_ICD_VENDORS=/nonexistent-folder\n" BENCH "--hidden 5 --repeats 1");
    assert_prints(program_err, "gradus: no OpenCL device: only the host is measured");
    assert_prints(program_out, "16-5-3   host ");
    assert_int_equal(run("export OCL_ICD_VENDORS=/nonexistent-folder\n" BENCH "--device 0"), 69);
    assert_prints(program_err, "gradus: no OpenCL platform");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_json),      program_test(test_table),           program_test(test_device),
        program_test(test_compare),   program_test(test_compare_missing), program_test(test_compare_refuses),
        program_test(test_outputs),   program_test(test_no_gnuplot),      program_test(test_interrupted),
        program_test(test_no_device),
    };
    program_prepare();
    gradus_device_close(open_test_device());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
