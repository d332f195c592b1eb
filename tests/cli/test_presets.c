/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train --preset and --show: the options of presets, options that override them, and that --show prints what is
 * trained. */
#include "run_program.h"

#define TRAIN "\"$GRADUS\" train tiny --engine reference --quiet --json "

static void test_notebook(void **state)
{
    (void)state;
    static const char recipe[] = "--hidden 10\n--initializer uniform\n--iterations 500\n--batch-size full\n--lr 0.1\n"
                                 "--schedule constant\n--optimizer sgd\n";
    assert_runs("\"$GRADUS\" train --show");
    assert_string_equal(program_out, recipe);
    assert_string_equal(program_err, "");
    assert_runs("\"$GRADUS\" train no-such-data --preset notebook --show");
    assert_string_equal(program_out, recipe);
}

static void test_overrides(void **state)
{
    (void)state;
    assert_runs(
        "\"$GRADUS\" train --show --preset notebook --hidden 7,5 --epochs 3 --batch-size 10 --gamma 0.25 --lr 3");
    assert_string_equal(program_out, "--hidden 7,5\n--initializer uniform\n--batch-size 10\n--epochs 3\n--lr 3\n"
                                     "--schedule constant\n--gamma 0.25\n--optimizer sgd\n");
    assert_runs("\"$GRADUS\" train --show --dropout 0 --weight-decay 0 --warmup 0 | grep ' 0$'");
    assert_string_equal(program_out, "--warmup 0\n--weight-decay 0\n--dropout 0\n");
    assert_runs("\"$GRADUS\" train --show --preset fast --iterations 9 --drop-last | grep -e epochs -e iter -e drop");
    assert_string_equal(program_out, "--iterations 9\n--drop-last\n");
}

/* A model to start from has its own layers and weights. */
static void test_init_from(void **state)
{
    (void)state;
    assert_runs(TRAIN "--iterations 1 --hidden 5 --out m.safetensors");
    assert_runs("\"$GRADUS\" train --show --preset fast --init-from m.safetensors");
    assert_null(strstr(program_out, "--hidden"));
    assert_null(strstr(program_out, "--initializer"));
    assert_prints(program_out, "--init-from m.safetensors\n");
    assert_runs(TRAIN "--preset fast --batch-size 8 --epochs 1 --init-from m.safetensors");
    assert_int_equal(run(TRAIN "--init-from m.safetensors --initializer he"), 64);
    assert_int_equal(run(TRAIN "--init-from m.safetensors --hidden 6"), 64);
}

static void test_json(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train --show --json --hidden 7,5 --drop-last --batch-size 3");
    json_t *shown = parse_output();
    json_t *expected = json_pack("{ss s{s[ii] ss si si sb sf ss ss}}", "preset", "notebook", "options", "hidden", 7, 5,
                                 "initializer", "uniform", "iterations", 500, "batch-size", 3, "drop-last", 1, "lr",
                                 0.1, "schedule", "constant", "optimizer", "sgd");
    assert_non_null(expected);
    assert_true(json_equal(shown, expected));
    json_decref(expected);
    json_decref(shown);
}

/* The training uses the options that --show prints. */
static void test_shown_is_trained(void **state)
{
    (void)state;
    static const char *const presets[] = {"notebook", "fast", "accurate"};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        char hash[64];
        assert_runs(TRAIN "--preset %s --batch-size 8 | grep -o '\"weights_hash\": \"[0-9a-f]*\"'", presets[i]);
        assert_int_equal(strlen(program_out), 35);
        strcpy(hash, program_out);
        assert_runs(TRAIN "$(\"$GRADUS\" train --preset %s --batch-size 8 --show) | "
                          "grep -o '\"weights_hash\": \"[0-9a-f]*\"'",
                    presets[i]);
        assert_string_equal(program_out, hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_notebook), program_test(test_overrides),        program_test(test_init_from),
        program_test(test_json),     program_test(test_shown_is_trained),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
