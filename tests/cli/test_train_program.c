/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train from the outside: figures, files, reproducibility, interruption, divergence. With the reference engine,
 * so that no device is needed. */
#include "run_program.h"

#define TRAIN "\"$GRADUS\" train tiny --engine reference --hidden 5 "

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

static void assert_null_key(const json_t *object, const char *key)
{
    if (!json_is_null(json_object_get(object, key)))
        fail_msg("%s is not null", key);
}

/* The hash that a training run prints; valid until the second call after this one. */
static const char *hash_of_run(const char *options)
{
    static char hashes[2][17];
    static unsigned turn;
    char *hash = hashes[turn++ % 2];
    assert_runs(TRAIN "--iterations 5 --quiet --json %s", options);
    json_t *result = parse_output();
    const char *text = json_string_value(json_object_get(result, "weights_hash"));
    assert_non_null(text);
    assert_int_equal(strlen(text), 16);
    strcpy(hash, text);
    json_decref(result);
    return hash;
}

static void test_json_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "version",          "device",          "engine",         "seed",          "layers",
        "train_samples",    "holdout_samples", "test_samples",   "iterations",    "setup_seconds",
        "train_seconds",    "train_loss",      "train_accuracy", "test_accuracy", "iterations_per_second",
        "holdout_accuracy", "weights_hash",    "model",          "stopped_by",    "model_iterations",
        "holdout_loss",     "resumed_from",
    };
    assert_runs(TRAIN "--iterations 40 --lr 0.5 --train-samples 20 --holdout 3 --seed 7 --json --out m.safetensors");
    json_t *result = parse_output();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(result, keys[i]) == NULL)
            fail_msg("no key %s", keys[i]);
    assert_int_equal(json_object_size(result), sizeof keys / sizeof *keys);
    assert_null_key(result, "device");
    assert_close(number(result, "seed"), 7, 0, 0);
    assert_close(number(result, "train_samples"), 17, 0, 0);
    assert_close(number(result, "holdout_samples"), 3, 0, 0);
    assert_close(number(result, "test_samples"), TEST_SAMPLES, 0, 0);
    assert_close(number(result, "iterations"), 40, 0, 0);
    assert_close(number(result, "test_accuracy"), 1, 0, 0);
    json_t *layers = json_pack("[iii]", IMAGE_SIDE * IMAGE_SIDE, 5, CLASSES);
    assert_true(json_equal(json_object_get(result, "layers"), layers));
    assert_string_equal(json_string_value(json_object_get(result, "model")), "m.safetensors");
    json_decref(layers);
    json_decref(result);
}

static void test_json_nulls(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train tiny.csv --engine reference --iterations 2 --json --quiet");
    assert_string_equal(program_err, "");
    json_t *result = parse_output();
    static const char *const keys[] = {"holdout_samples", "test_samples",  "holdout_accuracy",
                                       "holdout_loss",    "test_accuracy", "model"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_null_key(result, keys[i]);
    json_decref(result);
}

static void test_summary_and_progress(void **state)
{
    (void)state;
    assert_runs(TRAIN "--iterations 12 --report-every 5");
    assert_prints(program_out, "network     16-5-3, 103 parameters\n");
    assert_prints(program_out, "samples     24 train, 9 test\n");
    assert_prints(program_err, "iteration 0 of 12: loss ");
    assert_prints(program_err, "\niteration 10 of 12: ");
    assert_prints(program_err, "\niteration 11 of 12: ");
    assert_null(strchr(program_err, '\033'));
    assert_null(strchr(program_out, '\033'));
}

/* Batches of 10 of 24 samples: two full ones and one of 4, which --drop-last skips. */
static void test_epochs(void **state)
{
    (void)state;
    assert_runs(TRAIN "--batch-size 10 --epochs 3 --log l.jsonl --quiet --json");
    json_t *result = parse_output();
    assert_close(number(result, "iterations"), 9, 0, 0);
    json_decref(result);
    assert_runs("tail -n 1 l.jsonl");
    json_t *last = parse_output();
    assert_close(number(last, "epoch"), 2, 0, 0);
    assert_close(number(last, "iteration"), 8, 0, 0);
    json_decref(last);
    assert_runs("wc -l <l.jsonl");
    assert_int_equal(atoi(program_out), 3);
    assert_runs(TRAIN "--batch-size 10 --epochs 3 --drop-last --quiet --json");
    result = parse_output();
    assert_close(number(result, "iterations"), 6, 0, 0);
    json_decref(result);
}

/* The seed determines which samples share a batch: the initial weights are from a file here. */
static void test_batches_by_seed(void **state)
{
    (void)state;
    assert_runs(TRAIN "--iterations 1 --quiet --out m.safetensors");
    const char *first = hash_of_run("--init-from m.safetensors --batch-size 7 --seed 1");
    assert_string_equal(first, hash_of_run("--init-from m.safetensors --batch-size 7 --seed 1"));
    first = hash_of_run("--init-from m.safetensors --batch-size 7 --seed 1");
    assert_string_not_equal(first, hash_of_run("--init-from m.safetensors --batch-size 7 --seed 2"));
    first = hash_of_run("--init-from m.safetensors --batch-size full");
    assert_string_equal(first, hash_of_run("--init-from m.safetensors"));
}

static void test_log(void **state)
{
    (void)state;
    assert_runs(TRAIN
                "--iterations 12 --report-every 5 --log l.jsonl --quiet; cat l.jsonl | tail -n 1 >last; cat last");
    assert_runs("cat last");
    json_t *last = parse_output();
    assert_close(number(last, "iteration"), 11, 0, 0);
    assert_true(number(last, "train_loss") > 0);
    assert_true(number(last, "train_accuracy") <= 1);
    assert_true(number(last, "seconds") >= 0);
    assert_close(number(last, "step"), 12, 0, 0);
    assert_close(number(last, "lr"), 0.1, 0, 0);
    assert_true(number(last, "samples_per_second") > 0);
    assert_null_key(last, "holdout_loss");
    assert_null_key(last, "holdout_accuracy");
    assert_int_equal(json_object_size(last), 10);
    json_decref(last);
    assert_runs("wc -l <l.jsonl");
    assert_int_equal(atoi(program_out), 4);
    assert_int_equal(run(TRAIN "--log /dev/full --out m.safetensors"), 74);
    assert_prints(program_err, "--log /dev/full: cannot be written: No space left on device");
    assert_runs("test -s m.safetensors");
}

/* Each run writes a file, with its version and a record for each report, without figures that were not evaluated. */
static void test_tensorboard(void **state)
{
    (void)state;
    assert_runs("for run in 1 2; do " TRAIN "--iterations 12 --report-every 5 --quiet --tensorboard runs/; done >&2\n"
                "ls runs | wc -l; ls runs | grep -c '^events.out.tfevents.[0-9]*.[0-9]*.gradus$'");
    assert_string_equal(program_out, "2\n2\n");
    assert_runs("cat runs/* | grep -ao 'brain.Event:2' | wc -l; cat runs/* | grep -ao train/loss | wc -l; "
                "! cat runs/* | grep -ao holdout/loss");
    assert_string_equal(program_out, "2\n8\n");
    assert_runs("rm -r runs; " TRAIN
                "--holdout 3 --iterations 1 --quiet --tensorboard runs; grep -aoh holdout/loss runs/*");
    assert_prints(program_out, "holdout/loss");
    assert_runs(TRAIN "--iterations 1 --quiet --tensorboard logs/a//b/ >&2; ls logs/a/b | wc -l");
    assert_string_equal(program_out, "1\n");
}

static void test_log_of_holdout(void **state)
{
    (void)state;
    assert_runs(TRAIN "--iterations 12 --report-every 5 --holdout 0.25 --evaluate-every 4 --log l.CSV --json --quiet");
    json_t *result = parse_output();
    assert_close(number(result, "holdout_samples"), 6, 0, 0);
    assert_runs("cut -d, -f1-4,7 l.CSV | sed 's/,[0-9.]*$/,x/'");
    assert_string_equal(program_out, "iteration,epoch,step,lr,holdout_loss\n"
                                     "0,0,1,0.1,x\n3,3,4,0.1,x\n5,5,6,0.1,x\n7,7,8,0.1,x\n10,10,11,0.1,x\n"
                                     "11,11,12,0.1,x\n");
    assert_runs("awk -F, 'NR > 1 && $7 == \"\" { printf \"%%s \", $1 } NR == 7 { print $7, $8 }' l.CSV");
    char expected[64];
    snprintf(expected, sizeof expected, "0 5 10 %.9g %.9g\n", number(result, "holdout_loss"),
             number(result, "holdout_accuracy"));
    assert_string_equal(program_out, expected);
    json_decref(result);
}

/* No byte can be written to any file, as on a full disk: one message for the log, and no empty file. */
static void test_log_in_full_folder(void **state)
{
    (void)state;
    assert_runs("{ (trap '' XFSZ; ulimit -f 0; " TRAIN "--iterations 3 --report-every 1 --log l.jsonl --quiet --json; "
                "echo code $? >&2) 2>&1 >/dev/null; } | cat");
    assert_string_equal(program_out, "gradus: --log l.jsonl: cannot be written: File too large\ncode 74\n");
    assert_int_equal(run("test -e l.jsonl"), 1);
}

static void test_tensorboard_in_full_folder(void **state)
{
    (void)state;
    assert_runs("{ (trap '' XFSZ; ulimit -f 0; " TRAIN "--iterations 3 --report-every 1 --tensorboard runs --quiet "
                "--json; echo code $? >&2) 2>&1 >/dev/null; } | cat; ls runs");
    assert_string_equal(program_out, "gradus: --tensorboard runs: cannot be written: File too large\ncode 74\n");
}

static void test_reproducible(void **state)
{
    (void)state;
    const char *first = hash_of_run("--seed 3"), *second = hash_of_run("--seed 3");
    assert_string_equal(first, second);
    second = hash_of_run("--preset notebook --seed 3 --lr 0.1");
    assert_string_equal(first, second);
    second = hash_of_run("--seed 4");
    assert_string_not_equal(first, second);
}

static double loss_of_run(const char *options)
{
    assert_runs(TRAIN "--quiet --json %s", options);
    json_t *result = parse_output();
    double loss = number(result, "train_loss");
    json_decref(result);
    return loss;
}

/* Five iterations and five more from the file equal ten, except for the file's rounding to float. */
static void test_init_from(void **state)
{
    (void)state;
    double five = loss_of_run("--iterations 5 --out five.safetensors");
    double continued = loss_of_run("--iterations 5 --init-from five.safetensors --seed 9");
    double ten = loss_of_run("--iterations 10");
    assert_close(continued, ten, 0, 1e-5);
    assert_true(fabs(five - ten) > 1e-3);
    assert_runs(TRAIN "--iterations 1 --quiet --init-from five.safetensors");
    assert_int_equal(run("\"$GRADUS\" train tiny --engine reference --init-from five.safetensors --hidden 6"), 64);
    assert_prints(program_err, "--hidden: contradicts --init-from five.safetensors, which is 16-5-3");
    assert_int_equal(run("\"$GRADUS\" train tiny.csv --engine reference --init-from five.safetensors"), 65);
}

/* A model has the permissions that the umask gives any new file, and no temporary file remains beside it. */
static void test_permissions(void **state)
{
    (void)state;
    assert_runs("mkdir new; umask 027; " TRAIN "--iterations 1 --quiet --out new/m >&2; stat -c %%a new/m; ls -A new");
    assert_string_equal(program_out, "640\nm\n");
}

/* The link remains, and its target, in another folder, is replaced. */
static void test_out_is_link(void **state)
{
    (void)state;
    assert_runs("mkdir far; echo old >far/m; ln -s far/m m; " TRAIN "--iterations 1 --quiet --out m");
    assert_prints(program_out, "model       m\n");
    assert_runs("test -L m; \"$GRADUS\" inspect far/m; ls -A far");
    assert_prints(program_out, "network     16-5-3");
    assert_prints(program_out, "\nm\n");
}

static void test_outputs_checked_first(void **state)
{
    (void)state;
    static const struct {
        const char *options, *part;
    } cases[] = {
        {"--out nowhere/m", "--out nowhere/m: folder nowhere: No such file or directory"},
        {"--out tiny", "--out tiny: is a folder"},
        {"--out new/", "--out new/: is a folder"},
        {"--out tiny.csv/m", "tiny.csv is not a folder"},
        {"--out /dev/null", "--out /dev/null: exists and is not a regular file"},
        {"--log nowhere/l", "--log nowhere/l: folder nowhere: No such file or directory"},
        {"--log tiny", "--log tiny: is a folder"},
        {"--tensorboard tiny.csv", "--tensorboard tiny.csv: is not a folder"},
        {"--tensorboard tiny.csv/a/b", "--tensorboard tiny.csv/a/b: tiny.csv is not a folder"},
        {"--checkpoint tiny.csv/a", "--checkpoint tiny.csv/a: tiny.csv is not a folder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run(TRAIN "--iterations 1000000000 %s", cases[i].options), 73);
        assert_prints(program_err, cases[i].part);
        assert_string_equal(program_out, "");
    }
}

/* ---- Ending early ---- */

static void expect_ending(const char *options, int code, const char *reason)
{
    if (run(TRAIN "--lr 0.5 --iterations 2000 --quiet --json %s", options) != code)
        fail_msg("%s: expected exit code %d: %s", options, code, program_err);
    json_t *result = parse_output();
    assert_string_equal(json_string_value(json_object_get(result, "stopped_by")), reason);
    json_decref(result);
}

static void test_endings(void **state)
{
    (void)state;
    expect_ending("", 0, "steps");
    expect_ending("--target-accuracy 0.9", 0, "target");
    expect_ending("--target-accuracy 0.9 --holdout 5", 0, "target");
    expect_ending("--until-converged 0.9", 0, "converged");
    expect_ending("--max-seconds 0.000001 --report-every 0", 0, "time");
    expect_ending("--target-accuracy 0.9 --iterations 1", 1, "steps");
    assert_prints(program_err, "gradus: the target accuracy of 90.00 % was not reached: ");
    expect_ending("--target-accuracy 0.9 --iterations 1 --holdout 0.2", 1, "steps");
    assert_prints(program_err, " holdout\n");
    assert_runs(TRAIN "--target-accuracy 0.9 --lr 0.5 --quiet");
    assert_prints(program_out, "stopped     at the target accuracy\n");
}

/* With this learning rate the loss soon rises. */
static void test_patience(void **state)
{
    (void)state;
    assert_runs(TRAIN "--lr 3 --holdout 8 --patience 3 --report-every 1 --log l.jsonl --out m.safetensors --json");
    json_t *result = parse_output();
    assert_string_equal(json_string_value(json_object_get(result, "stopped_by")), "patience");
    const double steps = number(result, "model_iterations");
    assert_close(number(result, "iterations"), steps + 3, 0, 0);
    assert_prints(program_err, "; holdout: loss ");
    char best[17], command[256];
    strcpy(best, json_string_value(json_object_get(result, "weights_hash")));
    json_decref(result);
    assert_runs("\"$GRADUS\" inspect m.safetensors");
    snprintf(command, sizeof command, "--lr 3 --holdout 8 --iterations %.0f", steps);
    assert_string_equal(hash_of_run(command), best);
}

static void check_interrupted(const char *signal, int code)
{
    assert_int_equal(run("rm -f m.safetensors\n" TRAIN
                         "--iterations 1000000000 --log l.jsonl --out m.safetensors & program=$!\n"
                         "while ! test -s l.jsonl; do sleep 0.01; done\nkill -%s $program; wait $program",
                         signal),
                     code);
    assert_prints(program_err, "gradus: interrupted after ");
    assert_prints(program_err, " of 1000000000 iterations; the model is in m.safetensors");
    assert_prints(program_out, "model       m.safetensors");
    assert_runs("\"$GRADUS\" inspect m.safetensors; rm l.jsonl");
}

static void test_interrupted(void **state)
{
    (void)state;
    check_interrupted("INT", 130);
    check_interrupted("TERM", 143);
}

/* Deep enough that the product of all weights is too large for the reference's doubles in the second iteration. */
#define DIVERGE TRAIN "--hidden 20,20,20,20,20,20,20,20,20,20,20,20,20,20 --lr 1e30 --out m.safetensors "

static void test_diverged(void **state)
{
    (void)state;
    assert_int_equal(run(DIVERGE "--report-every 1"), 65);
    assert_string_equal(program_out, "");
    assert_prints(program_err, "gradus: the loss became ");
    assert_prints(program_err, "hint: try a smaller --lr");
    assert_prints(program_err, "the last good weights, of iteration ");
    assert_runs("\"$GRADUS\" inspect m.safetensors");
}

static void test_diverged_unreported(void **state)
{
    (void)state;
    assert_int_equal(run(DIVERGE "--report-every 0"), 65);
    assert_prints(program_err, "gradus: the loss became ");
    assert_null(strstr(program_err, "last good weights"));
    assert_int_equal(run("test -e m.safetensors"), 1);
}

/* ---- Without any device, as on a machine without drivers ---- */

#define NO_DRIVER "OCL_ICD_VENDORS=/nonexistent-folder \"$GRADUS\" "

static void check_message_lines(size_t expected)
{
    size_t lines = 0;
    for (const char *c = program_err; *c != '\0'; c++)
        lines += *c == '\n';
    if (lines != expected)
        fail_msg("%zu lines, expected %zu: %s", lines, expected, program_err);
}

static void test_no_device(void **state)
{
    (void)state;
    assert_int_equal(run(NO_DRIVER "train tiny --quiet"), 69);
    assert_prints(program_err, "gradus: no OpenCL platform");
    assert_prints(program_err, "hint: --engine reference needs no device");
    check_message_lines(2);
    assert_int_equal(run(NO_DRIVER "devices"), 69);
    assert_prints(program_err, "gradus: no OpenCL platform");
    check_message_lines(1);
}

/* The host replaces the default device, but not a requested one. */
static void test_no_device_for_model(void **state)
{
    (void)state;
    assert_runs(TRAIN "--lr 0.5 --iterations 40 --quiet --out m.safetensors");
    assert_runs(NO_DRIVER "evaluate m.safetensors tiny");
    assert_prints(program_out, "accuracy  100.00 %\n");
    assert_prints(program_err, "gradus: no OpenCL device, so the host computes");
    check_message_lines(1);
    assert_runs(NO_DRIVER "predict m.safetensors tiny:4");
    assert_prints(program_out, "tiny:4       label 1    prediction 1 ");
    check_message_lines(1);
    assert_int_equal(run(NO_DRIVER "evaluate m.safetensors tiny --device gpu"), 69);
    check_message_lines(1);
    assert_int_equal(run("GRADUS_DEVICE=0 " NO_DRIVER "predict m.safetensors tiny"), 69);
    check_message_lines(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_json_keys),
        program_test(test_json_nulls),
        program_test(test_summary_and_progress),
        program_test(test_epochs),
        program_test(test_batches_by_seed),
        program_test(test_log),
        program_test(test_tensorboard),
        program_test(test_log_of_holdout),
        program_test(test_log_in_full_folder),
        program_test(test_tensorboard_in_full_folder),
        program_test(test_reproducible),
        program_test(test_init_from),
        program_test(test_permissions),
        program_test(test_out_is_link),
        program_test(test_outputs_checked_first),
        program_test(test_endings),
        program_test(test_patience),
        program_test(test_interrupted),
        program_test(test_diverged),
        program_test(test_diverged_unreported),
        program_test(test_no_device),
        program_test(test_no_device_for_model),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
