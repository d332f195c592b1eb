/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: refused ones and their messages, help, version. */
#include "run_program.h"

#include <gradus/gradus.h>

/* Exactly one line on stderr, nothing on stdout, and no new file. */
static void check_refusal(const char *arguments, const char *part)
{
    static char before[4096];
    assert_runs("ls -R");
    strcpy(before, program_out);
    int code = run("\"$GRADUS\" %s", arguments);
    if (code != 64 || program_out[0] != '\0' || strchr(program_err, '\n') != program_err + strlen(program_err) - 1)
        fail_msg("gradus %s: exit code %d, \"%s\", \"%s\"", arguments, code, program_out, program_err);
    assert_int_equal(strncmp(program_err, "gradus: ", 8), 0);
    assert_prints(program_err, part);
    assert_runs("ls -R");
    assert_string_equal(program_out, before);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *part;
    } cases[] = {
        {"trian tiny", "unknown subcommand trian; did you mean train?"},
        {"xyzzy", "'gradus --help' lists them"},
        {"--verison", "unknown option --verison; did you mean --version?"},
        {"hepl", "unknown subcommand hepl; did you mean help?"},
        {"help trian", "unknown subcommand trian; did you mean train?"},
        {"help train tiny", "help: found an argument \"tiny\" too many, expected [SUBCOMMAND]"},
        {"train", "train: found 0 arguments, expected DATASET"},
        {"train tiny more", "\"more\" too many"},
        {"train tiny --iteration 3", "unknown option --iteration; did you mean --iterations?"},
        {"train tiny --xyzzy", "unknown option --xyzzy; 'gradus train --help' lists them"},
        {"train tiny --foo", "unknown option --foo; 'gradus train --help' lists them"},
        {"train tiny --lgo x", "unknown option --lgo; did you mean --log?"},
        {"train tiny --hiden=10", "unknown option --hiden; did you mean --hidden?"},
        {"train tiny --kernels gpu", "unknown option --kernels; did you mean --kernel-kind?"},
        {"train tiny --learning-rate 0.1", "unknown option --learning-rate; did you mean --lr?"},
        {"train tiny --learning_rate=0.1", "unknown option --learning_rate; did you mean --lr?"},
        {"train tiny --leraning-rate 0.1", "unknown option --leraning-rate; did you mean --lr?"},
        {"train tiny --steps 3", "unknown option --steps; did you mean --iterations?"},
        {"inspect model --steps=3", "unknown option --steps; 'gradus inspect --help' lists them"},
        {"train tiny --lr", "--lr: found no value"},
        {"train tiny --json=1", "--json=1: found a value, expected none"},
        {"train tiny --hidden 0", "--hidden: found \"0\""},
        {"train tiny --hidden ''", "--hidden: found \"\""},
        {"train tiny --hidden 10,", "--hidden: found \"10,\""},
        {"train tiny --hidden 10,,5", "--hidden: found \"10,,5\""},
        {"train tiny --hidden 10x", "--hidden: found \"10x\""},
        {"train tiny --hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "expected 1 to 15 sizes"},
        {"train tiny --hidden 99999999999999999999", "--hidden: found \"99999999999999999999\""},
        {"train tiny --lr nan", "--lr: found \"nan\", expected a number above 0"},
        {"train tiny --lr inf", "--lr: found \"inf\""},
        {"train tiny --lr 1e99", "--lr: found \"1e99\""},
        {"train tiny --lr 1e-99", "--lr: found \"1e-99\""},
        {"train tiny --lr 0", "--lr: found \"0\""},
        {"train tiny --lr -0.1", "--lr: found \"-0.1\""},
        {"train tiny --lr 0x1", "--lr: found \"0x1\""},
        {"train tiny --lr '0.1 '", "--lr: found \"0.1 \""},
        {"train tiny --lr 0,1", "--lr: found \"0,1\""},
        {"train tiny --iterations -1", "--iterations: found \"-1\", expected an integer of at least 1"},
        {"train tiny --iterations 0", "--iterations: found \"0\""},
        {"train tiny --iterations 1e3", "--iterations: found \"1e3\""},
        {"train tiny --iterations +1", "--iterations: found \"+1\""},
        {"train tiny --iterations 99999999999999999999", "--iterations: found \"99999999999999999999\""},
        {"train tiny --seed x", "--seed: found \"x\", expected an integer of at least 0"},
        {"train tiny --seed ''", "--seed: found \"\""},
        {"train tiny --holdout 24", "--holdout: found 24, expected fewer than the 24 training samples"},
        {"train tiny --holdout 1.5", "--holdout: found \"1.5\", expected an integer, or a share such as 0.1"},
        {"train tiny --holdout 0.01", "--holdout: found 0.01, which is less than one of the 24 training samples"},
        {"train tiny --holdout 0.99", "--holdout: found 24, expected fewer than the 24 training samples"},
        {"train tiny --patience 3", "--patience: found without --holdout"},
        {"train tiny --patience 3 --holdout 0", "--patience: found without --holdout"},
        {"train tiny --monitor accuracy --holdout 3", "--monitor: found without --patience"},
        {"train tiny --monitor los --holdout 3", "--monitor: found \"los\", expected one of: loss, accuracy"},
        {"train tiny --evaluate-every 3", "--evaluate-every: found without --holdout or --target-accuracy"},
        {"train tiny --target-accuracy 97", "--target-accuracy: found \"97\", expected a number from 0 to 1"},
        {"train tiny --until-converged x", "--until-converged: found \"x\", expected a number from 0 to 1"},
        {"train tiny --max-seconds -1", "--max-seconds: found \"-1\", expected a number from 0 to 1e+09"},
        {"train tiny --holdout 9 --train-samples 9", "expected fewer than the 9 training samples"},
        {"train tiny --train-samples 25", "--train-samples: found 25, expected at most 24"},
        {"train tiny --engine fast",
         "--engine: found \"fast\", expected one of: auto, fused, sparse, layered, blas, reference"},
        {"train tiny --initializer lecun",
         "--initializer: found \"lecun\", expected one of: uniform, he, he-uniform,"},
        {"train tiny --initializer he --init-from m", "--initializer: found --init-from as well"},
        {"train tiny --batch-size 0", "--batch-size: found \"0\", expected an integer of at least 1, or full"},
        {"train tiny --batch-size 25 --engine reference", "batch size: found 25, expected at most 24"},
        {"train tiny --drop-last", "--drop-last: found without --batch-size"},
        {"train tiny --augment-shift 2", "--augment-shift: found without --batch-size"},
        {"train tiny --augment-elastic 1 --batch-size full", "--augment-elastic: found without --batch-size"},
        {"train tiny --batch-size 5 --augment-shift -1",
         "--augment-shift: found \"-1\", expected a number from 0 to 2047"},
        {"train tiny --batch-size 5 --augment-rotate 200",
         "--augment-rotate: found \"200\", expected a number from 0 to 180"},
        {"train tiny --batch-size 5 --augment-scale 1",
         "--augment-scale: found \"1\", expected a number from 0 to 0.5"},
        {"train tiny --batch-size 5 --engine reference --augment-shift 4",
         "augmentation: found a shift of 4, expected 0 to 3 pixels, less than the image's side"},
        {"train tiny --batch-size 5 --engine reference --augment-elastic 4",
         "augmentation: found an elastic displacement of 4, expected 0 to 3 pixels"},
        {"train tiny --epochs 2 --iterations 3", "--epochs: found --iterations as well"},
        {"train tiny --optimizer adma", "--optimizer: found \"adma\", expected one of: sgd, momentum, nesterov,"},
        {"train tiny --engine reference --optimizer adam --beta2 1",
         "beta2: found 1, expected a number from 0 to below 1"},
        {"train tiny --weight-decay -1", "--weight-decay: found \"-1\", expected a number above 0, such as 0.1, or 0"},
        {"train tiny --schedule linear",
         "--schedule: found \"linear\", expected one of: constant, step, exponential, cosine"},
        {"train tiny --engine reference --iterations 5 --warmup 5", "warm-up: found 5 steps, the run has 5"},
        {"train tiny --engine reference --iterations 5 --decay-every 6", "decay every 6 steps: the run has 5"},
        {"train tiny --engine reference --gamma 2", "gamma: found 2, expected a number above 0, at most 1"},
        {"train tiny --preset xyzzy", "--preset: found \"xyzzy\", expected one of: notebook, fast, accurate"},
        {"train tiny --preset fsat", "expected one of: notebook, fast, accurate; did you mean fast?"},
        {"train tiny --show --preset fast --epochs 2 --iterations 3", "--epochs: found --iterations as well"},
        {"train", "train: found 0 arguments, expected DATASET"},
        {"train tiny --out ''", "--out: found an empty text, expected MODEL"},
        {"train tiny --out x --log x", "--log x: is the file of --out as well"},
        {"train tiny --out x --log ./x", "--log ./x: is the file of --out as well"},
        {"train tiny --out tiny.csv --log ../work/tiny.csv", "--log ../work/tiny.csv: is the file of --out as well"},
        {"train tiny --init-from tiny.csv --log ./tiny.csv", "--log ./tiny.csv: is the file of --init-from as well"},
        {"train tiny.csv --log ./tiny.csv", "--log ./tiny.csv: is the data set as well"},
        {"evaluate model", "evaluate: found 1 argument, expected MODEL DATASET"},
        {"evaluate model tiny --split dev", "--split: found \"dev\", expected one of: train, test"},
        {"predict model", "predict: found 1 argument, expected MODEL INPUT..."},
        {"predict model tiny --json --show", "found both --json and --show"},
        {"inspect", "inspect: found 0 arguments, expected MODEL"},
        {"export model", "export: found no format, expected --npz FILE"},
        {"export tiny.csv --npz ./tiny.csv", "--npz ./tiny.csv: is the model as well, expected another file"},
        {"export model --nzp x", "unknown option --nzp; did you mean --npz?"},
        {"export model --npz x --onnx ./x", "--onnx ./x: is the file of --npz as well, expected another one"},
        {"import tiny.csv", "import: found no --out, expected --out MODEL"},
        {"import tiny.csv --out ./tiny.csv", "--out ./tiny.csv: is the file to import as well"},
        {"devices 0", "devices: found an argument \"0\" too many, expected only options"},
        {"bench tiny more", "bench: found an argument \"more\" too many"},
        {"bench tiny --engine fast",
         "--engine: found \"fast\", expected one or more of: auto, fused, sparse, layered"},
        {"bench tiny --engine blas,", "--engine: found \"blas,\", expected 1 to 16 names"},
        {"bench tiny --device ''", "--device: found an empty text"},
        {"bench tiny --device none --engine fused", "--engine: each of these engines needs a device"},
        {"bench tiny --hidden 10/", "--hidden: found \"10/\", expected the hidden layers of 1 to 32 networks"},
        {"bench tiny --hidden 10,,5/3", "--hidden: found \"10,,5/3\""},
        {"bench tiny --hidden 10/0", "--hidden: found \"10/0\""},
        {"bench tiny --device none --batch 25", "--batch: found 25, expected at most 24"},
        {"bench tiny --repeats 0", "--repeats: found \"0\", expected an integer of at least 1"},
        {"bench tiny --seconds -1", "--seconds: found \"-1\""},
        {"bench tiny --threshold 5", "--threshold: found without --compare"},
        {"bench tiny --json x --plot ./x", "--plot ./x: is the file of --json as well"},
        {"bench --compare a b --engine blas", "--compare: found --engine as well"},
        {"bench --compare a b --dense", "--compare: found --dense as well"},
        {"bench --compare a", "--compare: found 1 argument, expected two files"},
        {"check --jsn", "did you mean --json?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refusal(cases[i].arguments, cases[i].part);
}

static void test_no_arguments(void **state)
{
    (void)state;
    assert_int_equal(run("\"$GRADUS\""), 64);
    assert_string_equal(program_out, "");
    assert_prints(program_err, "Usage: gradus SUBCOMMAND");
}

static void test_help(void **state)
{
    (void)state;
    static const char *const commands[] = {"train",  "evaluate", "predict", "inspect", "export",
                                           "import", "devices",  "check",   "tune",    "bench"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_runs("\"$GRADUS\" --help");
        assert_prints(program_out, commands[i]);
        assert_runs("\"$GRADUS\" %s --help", commands[i]);
        assert_prints(program_out, "Usage: gradus ");
        assert_prints(program_out, "--help");
        assert_prints(program_out, "--json");
        assert_string_equal(program_err, "");
        const size_t length = strlen(program_out);
        assert_runs("\"$GRADUS\" help %s", commands[i]);
        assert_int_equal(strlen(program_out), length);
    }
    assert_runs("\"$GRADUS\" help");
    assert_prints(program_out, "Usage: gradus SUBCOMMAND");
}

static void test_version(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" --version");
    assert_prints(program_out, gradus_version());
}

static void test_lost_output(void **state)
{
    (void)state;
    assert_int_equal(run("\"$GRADUS\" --help >/dev/full"), 74);
    assert_prints(program_err, "standard output: cannot be written: No space left on device");
    assert_int_equal(run("\"$GRADUS\" --help >&-"), 74);
    assert_prints(program_err, "standard output: cannot be written");
}

/* A reader that ends early, as head does: no message, and the usual end by SIGPIPE. A training continues without its
 * reader. */
static void test_no_reader(void **state)
{
    (void)state;
    assert_runs("{ sleep 0.2\n"
                "for command in --help help 'train --help' devices 'train --show' "
                "'train tiny --engine reference --iterations 3 --out m' 'inspect m' 'export m --npz m.npz' "
                "'import m.npz --out n' 'bench tiny --device none --engine blas --hidden 2 --repeats 1'; do\n"
                "\"$GRADUS\" $command 2>err; echo \"$? $command $(grep -v iteration err)\" >>codes; done; } | true\n"
                "test -s m && test -s n && ! grep -v '^141 [a-z0-9 .-]*$' codes");
}

/* Options that the value 0 switches off: none is refused, and the training is the same. */
static void test_zero_is_none(void **state)
{
    (void)state;
    static const char *const options[] = {
        "--holdout 0",
        "--holdout 0.0 --evaluate-every 3",
        "--patience 0 --monitor accuracy",
        "--target-accuracy 0",
        "--holdout 0 --target-accuracy 0.00",
        "--until-converged 0",
        "--max-seconds 0",
        "--dropout 0 --input-dropout 0.0",
        "--label-smoothing 0",
        "--weight-decay 0",
        "--clip-norm 0 --max-norm 0",
        "--augment-shift 0 --augment-rotate 0",
        "--augment-scale 0",
        "--augment-elastic 0",
        "--warmup 0",
        "--threads 0",
        "--momentum 0 --beta1 0 --beta2 0 --rho 0",
    };
    static char expected[sizeof program_out];
    const char *const train = "\"$GRADUS\" train tiny --engine reference --iterations 4 --quiet";
    assert_runs("%s | grep weights", train);
    strcpy(expected, program_out);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_runs("%s %s | grep weights", train, options[i]);
        assert_string_equal(program_out, expected);
        assert_string_equal(program_err, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_refusals),     program_test(test_no_arguments), program_test(test_help),
        program_test(test_version),      program_test(test_lost_output),  program_test(test_no_reader),
        program_test(test_zero_is_none),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
