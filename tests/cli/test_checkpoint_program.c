/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train --checkpoint from the outside: logs without gap or repetition, options, and SIGKILL at any moment. With
 * the reference engine, so that no device is needed. */
#include "run_program.h"

#include <time.h>

#define TRAIN                                                                                                         \
    "\"$GRADUS\" train tiny --engine reference --hidden 5 --lr 0.05 --optimizer momentum --batch-size 7 --holdout 6 "

/* The same run without an interruption; its summary is in ../out. */
#define STEPS "--iterations 60 --report-every 4 --evaluate-every 12 "

/* The log without times, which differ between two equal runs. */
#define UNTIMED_JSON "sed 's/, \"samples_per_second.*//' "
#define UNTIMED_CSV "cut -d , -f 1-8 "

static void read_hash(char hash[17])
{
    json_t *result = parse_output();
    const char *text = json_string_value(json_object_get(result, "weights_hash"));
    assert_non_null(text);
    assert_int_equal(strlen(text), 16);
    strcpy(hash, text);
    json_decref(result);
}

static double resumed_from(void)
{
    json_t *result = parse_output();
    const double steps = json_number_value(json_object_get(result, "resumed_from"));
    json_decref(result);
    return steps;
}

/* A log continues after the checkpoint's iteration: later lines, and half a line, are removed. */
static void check_log(const char *name, const char *untimed)
{
    char whole[17], rest[17];
    assert_runs("rm -rf ck; " TRAIN STEPS "--log whole-%s --quiet --json", name);
    read_hash(whole);
    assert_runs(TRAIN STEPS "--log %s --checkpoint ck --checkpoint-every 10 --keep 0 --quiet --json", name);
    assert_runs("ls ck | wc -l");
    assert_int_equal(atoi(program_out), 6);
    assert_runs("rm ck/step-00000000005* ck/step-00000000006*; printf '60,5,' >>%s\n" TRAIN STEPS
                "--log %s --checkpoint ck --checkpoint-every 10 --resume --json",
                name, name);
    assert_prints(program_err, "gradus: continuing from ck/step-000000000040.safetensors\n");
    assert_close(resumed_from(), 40, 0, 0);
    read_hash(rest);
    assert_string_equal(rest, whole);
    assert_runs("%s %s >a; %s whole-%s >b; cmp a b; wc -l <a", untimed, name, untimed, name);
    assert_true(atoi(program_out) >= 15);
    /* Again: nothing is left to do, and nothing is written. */
    assert_runs("cp %s before\n" TRAIN STEPS
                "--log %s --checkpoint ck --checkpoint-every 10 --resume --json; cmp %s before >&2",
                name, name, name);
    assert_close(resumed_from(), 60, 0, 0);
    read_hash(rest);
    assert_string_equal(rest, whole);
}

static void test_logs(void **state)
{
    (void)state;
    check_log("l.jsonl", UNTIMED_JSON);
    check_log("l.csv", UNTIMED_CSV);
    assert_runs("grep -c iteration l.csv");
    assert_int_equal(atoi(program_out), 1);
}

static void test_log_is_missing(void **state)
{
    (void)state;
    assert_runs(TRAIN STEPS
                "--log l.jsonl --checkpoint ck --checkpoint-every 25 --quiet; rm l.jsonl ck/*60.safetensors");
    assert_runs(TRAIN STEPS "--log l.jsonl --checkpoint ck --checkpoint-every 25 --resume --quiet");
    assert_string_equal(
        program_err, "gradus: --log l.jsonl: lines of the first 48 iterations are missing; new lines are appended\n");
    assert_runs("head -n 1 l.jsonl");
    assert_prints(program_out, "\"step\": 52,");
}

/* Scripts use --resume even for the first run. */
static void test_begins_without_checkpoint(void **state)
{
    (void)state;
    assert_runs(TRAIN STEPS "--log l.jsonl --checkpoint ck --resume");
    assert_prints(program_err, "gradus: no checkpoint in ck: starting with the first iteration\n");
    assert_runs("rm -r ck\n" TRAIN STEPS "--log l.jsonl --checkpoint ck --resume --quiet; ls ck; wc -l <l.jsonl");
    assert_string_equal(program_err, "");
    assert_prints(program_out, "step-000000000056.safetensors\nstep-000000000060.safetensors\n15\n");
}

static void test_interrupted(void **state)
{
    (void)state;
    const char *command =
        TRAIN "--iterations 100000000 --report-every 1000 --log l.jsonl --checkpoint ck --quiet --json";
    assert_int_equal(
        run("%s & program=$!\nwhile ! test -s l.jsonl; do sleep 0.01; done\nkill -TERM $program; wait $program",
            command),
        143);
    assert_prints(program_err, "hint: the same command with --resume continues from here\n");
    json_t *result = parse_output();
    const double done = json_number_value(json_object_get(result, "iterations"));
    json_decref(result);
    /* With job control, a shell does not let a program in the background ignore Ctrl-C. */
    assert_int_equal(run("set -m 2>terminal\nbefore=$(wc -c <l.jsonl)\n%s --resume & program=$!\n"
                         "while [ $(wc -c <l.jsonl) -le $before ]; do sleep 0.01; done\n"
                         "kill -INT $program; wait $program",
                         command),
                     130);
    assert_close(resumed_from(), done, 0, 0);
}

static void check_refused(int code, const char *options, const char *message)
{
    char expected[256];
    assert_int_equal(run(TRAIN "--iterations 3 --quiet %s", options), code);
    snprintf(expected, sizeof expected, "gradus: %s\n", message);
    assert_string_equal(program_err, expected);
}

static void test_refusals(void **state)
{
    (void)state;
    check_refused(64, "--resume", "--resume: found without --checkpoint, which names the folder");
    check_refused(64, "--checkpoint-every 3",
                  "--checkpoint-every: found without --checkpoint, which names the folder");
    check_refused(64, "--keep 3", "--keep: found without --checkpoint, which names the folder");
    check_refused(73, "--checkpoint tiny.csv", "--checkpoint tiny.csv: is not a folder");
    assert_runs(TRAIN "--iterations 3 --quiet --checkpoint deep/in/ck; ls deep/in/ck");
    assert_prints(program_out, "step-000000000003.safetensors\n");
    assert_runs(TRAIN "--iterations 3 --quiet --checkpoint ck");
    check_refused(
        64, "--checkpoint ck",
        "checkpoints: ck: found one of step 3 already, expected none: resume that run, or use another folder");
    check_refused(
        64, "--checkpoint ck --resume --beta1 0.5 --momentum 0.8",
        "ck/step-000000000003.safetensors: belongs to another run: momentum or beta1: found 0.9, expected 0.8");
    check_refused(64, "--checkpoint ck --resume --seed 2",
                  "ck/step-000000000003.safetensors: belongs to another run: seed: found 1, expected 2");
    assert_int_equal(run("ls ck"), 0);
    assert_string_equal(program_out, "step-000000000003.safetensors\n");
}

/* ---- SIGKILL ---- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#define KILLS 20

/* A run that is killed twenty times, each time after a random part of a fifth of its total time, ends with the weights
 * and the log of an uninterrupted run. If it ends too soon, it is started again, so that there are twenty kills. */
static void test_killed(void **state)
{
    (void)state;
    const char *command =
        "\"$GRADUS\" train digits --train-samples 700 --holdout 100 --engine reference --batch-size 20 "
        "--optimizer adam --lr 0.003 --epochs 30 --report-every 25 --evaluate-every 50 --patience 100 --quiet "
        "--json";
    char whole[17], rest[17];
    const unsigned seed = (unsigned)time(NULL);
    size_t kills = 0, resumed = 0;
    srand(seed);
    print_message("seed %u\n", seed);
    assert_runs("%s --log whole.jsonl", command);
    read_hash(whole);
    const double before = seconds_now();
    assert_runs("%s --checkpoint ck --checkpoint-every 9 --log l.jsonl", command);
    const double seconds = seconds_now() - before;
    while (kills < KILLS) {
        assert_runs("rm -rf ck l.jsonl");
        for (int code = 137; code == 137;) {
            const double life = kills < KILLS ? 0.2 * seconds * rand() / RAND_MAX + 1e-3 : 1e3;
            code = run("timeout -s KILL %.4f %s --checkpoint ck --checkpoint-every 9 --resume --log l.jsonl", life,
                       command);
            if (code != 0 && code != 137)
                fail_msg("exit code %d: %s", code, program_err);
            kills += code == 137;
        }
        resumed += resumed_from() > 0;
        read_hash(rest);
        assert_string_equal(rest, whole);
        assert_runs(UNTIMED_JSON "l.jsonl >a; " UNTIMED_JSON "whole.jsonl >b; cmp a b; ls ck; ls ck | wc -l >&2");
        assert_int_equal(atoi(program_err), 2);
    }
    assert_true(resumed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_logs),
        program_test(test_log_is_missing),
        program_test(test_begins_without_checkpoint),
        program_test(test_interrupted),
        program_test(test_refusals),
        program_test(test_killed),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
