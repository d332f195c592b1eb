/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged and missing files: each gives one line, the exit code of its kind, and no output file. */
#include "run_program.h"

#include <stdbool.h>

/* Commands that damage a copy of the IDX files, "bad". */
#define IMAGES "bad/train-images-idx3-ubyte"
#define LABELS "bad/train-labels-idx1-ubyte"
#define PATCH(file, offset, bytes) "printf '" bytes "' | dd of=" file " bs=1 seek=" offset " conv=notrunc 2>/dev/null"

typedef struct bad_input {
    const char *what;
    const char *damage; /* shell commands; "bad" is a copy of "tiny", model.safetensors one that fits it */
    const char *arguments;
    int code;
    const char *part; /* of the message */
} bad_input;

static void check(const bad_input *bad)
{
    assert_runs("rm -rf bad out; cp -r tiny bad; cp good.safetensors model.safetensors; mkdir out\n%s", bad->damage);
    int code = run("\"$GRADUS\" %s", bad->arguments);
    bool one_line = strchr(program_err, '\n') == program_err + strlen(program_err) - 1;
    if (code != bad->code || !one_line || program_out[0] != '\0' || strstr(program_err, bad->part) == NULL)
        fail_msg("%s: exit code %d, expected %d and \"%s\": %s%s", bad->what, code, bad->code, bad->part, program_err,
                 program_out);
    assert_runs("ls -A out");
    if (program_out[0] != '\0')
        fail_msg("%s: left %s", bad->what, program_out);
}

static void check_all(const bad_input *inputs, size_t count)
{
    assert_runs("\"$GRADUS\" train tiny --hidden 5 --engine reference --iterations 1 --quiet --out good.safetensors");
    for (size_t i = 0; i < count; i++)
        check(&inputs[i]);
}

#define TRAIN(data) "train " data " --engine reference --iterations 2 --quiet --out out/m --log out/l"
#define DATA 65
#define NO_INPUT 66

static void test_data_sets(void **state)
{
    (void)state;
    static const bad_input inputs[] = {
        {"missing file", "true", TRAIN("nowhere.csv"), NO_INPUT, "nowhere.csv: "},
        {"missing name", "true", TRAIN("nowhere"), NO_INPUT, "nowhere: "},
        {"folder without data", "rm bad/*", TRAIN("bad"), NO_INPUT, "bad"},
        {"images' magic", PATCH(IMAGES, "2", "\\007"), TRAIN("bad"), DATA, IMAGES ": "},
        {"labels' magic", PATCH(LABELS, "3", "\\003"), TRAIN("bad"), DATA, LABELS ": "},
        {"count", PATCH(IMAGES, "7", "\\031"), TRAIN("bad"), DATA, IMAGES ": "},
        {"huge count", PATCH(IMAGES, "4", "\\377"), TRAIN("bad"), DATA, IMAGES ": "},
        {"truncated images", "truncate -s -1 " IMAGES, TRAIN("bad"), DATA, IMAGES ": "},
        {"truncated header", "truncate -s 9 " IMAGES, TRAIN("bad"), DATA, IMAGES ": "},
        {"empty images", "truncate -s 0 " IMAGES, TRAIN("bad"), DATA, IMAGES ": "},
        {"trailing bytes", "echo >>" IMAGES, TRAIN("bad"), DATA, IMAGES ": "},
        {"fewer labels", PATCH(LABELS, "7", "\\027") "; truncate -s -1 " LABELS, TRAIN("bad"), DATA, "labels"},
        {"gzip cut", "gzip " IMAGES "; truncate -s -9 " IMAGES ".gz", TRAIN("bad"), DATA, IMAGES ".gz: "},
        {"test label without class", PATCH("bad/t10k-labels-idx1-ubyte", "10", "\\005"), TRAIN("bad"), DATA,
         "bad: test sample 2: label 5, expected 0 to 2"},
        {"label without class", PATCH(LABELS, "9", "\\005"), TRAIN("bad --init-from model.safetensors"), DATA,
         "bad: train sample 1: label 5, expected 0 to 2"},
        {"evaluated label", PATCH(LABELS, "9", "\\005"), "evaluate model.safetensors bad --split train", DATA,
         "bad: train sample 1: label 5, expected 0 to 2"},
        {"other features", "true", "evaluate model.safetensors tiny.csv", DATA, "tiny.csv"},
        {"CSV short row", "printf '1,2,3\\n0,4\\n' >b.csv", TRAIN("b.csv"), DATA, "b.csv"},
        {"CSV text cell", "printf '1,2,3\\n0,x,4\\n' >b.csv", TRAIN("b.csv"), DATA, "b.csv"},
        {"CSV 256", "printf '1,2,3\\n0,256,4\\n' >b.csv", TRAIN("b.csv"), DATA, "256"},
        {"CSV label -1", "printf '1,2,3\\n-1,0,4\\n' >b.csv", TRAIN("b.csv"), DATA, "-1"},
        {"CSV beyond floats", "printf '1,2,3\\n0,1e400,4\\n' >b.csv", TRAIN("b.csv"), DATA, "b.csv:2: column 2"},
        {"CSV not a number", "printf '1,0.5,3\\n0,nan,4\\n' >b.csv", TRAIN("b.csv"), DATA, "b.csv:2: column 2"},
        {"CSV empty", ": >b.csv", TRAIN("b.csv"), DATA, "b.csv"},
        {"CSV without labels", "true", TRAIN("unlabelled.csv"), DATA, "unlabelled.csv"},
    };
    check_all(inputs, sizeof inputs / sizeof *inputs);
}

static void test_accepted(void **state)
{
    (void)state;
    assert_runs("printf '\\357\\273\\277label,a,b\\r\\n1,2,3\\r\\n0,4,5\\r\\n' >bom.csv\n\"$GRADUS\" %s",
                "train bom.csv --engine reference --iterations 1 --json --quiet");
    assert_prints(program_out, "\"layers\": [2, 10, 2]");
    assert_runs("gzip tiny/*; gzip tiny.csv\n\"$GRADUS\" train tiny --engine reference --iterations 1\n"
                "\"$GRADUS\" train tiny.csv.gz --engine reference --iterations 1");
    assert_runs("\"$GRADUS\" train tiny --data-dir . --engine reference --iterations 1");
}

#define MODEL "model.safetensors"
#define INSPECT "inspect " MODEL
/* Replaces text in the header by text of the same length. */
#define EDIT(from, to) "LC_ALL=C sed -i 's/" from "/" to "/' " MODEL

static void test_models(void **state)
{
    (void)state;
    static const bad_input inputs[] = {
        {"missing", "rm " MODEL, INSPECT, NO_INPUT, MODEL ": "},
        {"empty", ": >" MODEL, INSPECT, DATA, MODEL ": "},
        {"not a model", "echo hello, world >" MODEL, INSPECT, DATA, MODEL ": "},
        {"truncated", "truncate -s -4 " MODEL, INSPECT, DATA, MODEL ": "},
        {"trailing bytes", "echo >>" MODEL, INSPECT, DATA, MODEL ": "},
        {"overlapping offsets", EDIT("\\[320,340\\]", "[316,336]"), INSPECT, DATA, "fc1.bias"},
        {"offsets out of range", EDIT("\\[320,340\\]", "[920,940]"), INSPECT, DATA, "fc1.bias"},
        {"header of 2^60", PATCH(MODEL, "0", "\\0\\0\\0\\0\\0\\0\\0\\020"), INSPECT, DATA, MODEL ": "},
        {"wrong shape", EDIT("\"shape\":\\[5,16\\]", "\"shape\":[16,5]"), INSPECT, DATA, "fc"},
        {"missing tensor", EDIT("fc1.bias", "fc1.bi_s"), INSPECT, DATA, "fc1"},
        {"NaN weights", PATCH(MODEL, "$(($(stat -c %s " MODEL ") - 4))", "\\377\\377\\377\\377"), INSPECT, DATA,
         "fc2.bias"},
        {"to evaluate", "truncate -s -4 " MODEL, "evaluate " MODEL " tiny", DATA, MODEL ": "},
        {"to predict", "truncate -s -4 " MODEL, "predict " MODEL " tiny", DATA, MODEL ": "},
        {"to export", "truncate -s -4 " MODEL, "export " MODEL " --npz out/m.npz", DATA, MODEL ": "},
        {"to import", "truncate -s -4 " MODEL, "import " MODEL " --out out/m", DATA, MODEL ": "},
        {"NPZ cut", "\"$GRADUS\" export " MODEL " --npz m.npz; truncate -s -4 m.npz", "import m.npz --out out/m", DATA,
         "m.npz: ZIP archive: "},
        {"nothing to import", "true", "import none.npz --out out/m", NO_INPUT, "none.npz: cannot be opened"},
        {"no folder to export to", "true", "export " MODEL " --npz none/m.npz", 73, "--npz none/m.npz: folder none"},
        {"to start from", "truncate -s -4 " MODEL, TRAIN("tiny --init-from " MODEL), DATA, MODEL ": "},
    };
    check_all(inputs, sizeof inputs / sizeof *inputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_data_sets),
        program_test(test_accepted),
        program_test(test_models),
    };
    program_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
