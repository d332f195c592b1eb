/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench --plot, if gnuplot is installed. */
#include "run_program.h"

#define BENCH "\"$GRADUS\" bench tiny --seconds 0.001 --iterations 1 --repeats 1 --device none --engine reference "

static void test_plot(void **state)
{
    (void)state;
    assert_runs(BENCH "--hidden 3/4,5 --plot p.svg >&2; cat p.svg");
    assert_prints(program_out, "<svg ");
    assert_prints(program_out, "16-3-3");
    assert_prints(program_out, "16-4-5-3");
    assert_prints(program_out, "reference (host)");
    assert_prints(program_out, "</svg>");
    assert_runs("ls -A");
    assert_string_equal(program_out, "p.svg\ntiny\ntiny.csv\nunlabelled.csv\n");
}

/* Characters in a title that gnuplot would interpret as a command are removed. */
static void test_strange_name(void **state)
{
    (void)state;
    assert_runs("cp -r tiny 'a\"`touch x`'; \"$GRADUS\" bench './a\"`touch x`' --seconds 0.001 --repeats 1 "
                "--device none --engine reference --hidden 3 --plot p.svg; cat p.svg; test ! -e x");
    assert_prints(program_out, "</svg>");
}

/* A gnuplot that fails leaves no picture. */
static void test_failing(void **state)
{
    (void)state;
    assert_int_equal(run("printf '#!/bin/sh\\nread first && exit 3\\nexit 0\\n' >gnuplot; chmod +x gnuplot\n"
                         "PATH=$PWD:$PATH; " BENCH "--hidden 3 --plot p.svg"),
                     70);
    assert_prints(program_err, "--plot: gnuplot failed with exit code 3");
    assert_runs("ls -A");
    assert_string_equal(program_out, "gnuplot\ntiny\ntiny.csv\nunlabelled.csv\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {program_test(test_plot), program_test(test_strange_name),
                                       program_test(test_failing)};
    program_prepare();
    if (system("gnuplot --version >/dev/null 2>&1") != 0) {
        printf("no gnuplot: skipped\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
