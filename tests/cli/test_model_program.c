/* SPDX-License-Identifier: Apache-2.0 */
/* gradus evaluate, predict, inspect, devices and check from the outside. All but inspect need a device. */
#include "npz_file.h"
#include "run_on_terminal.h"
#include "with_device.h"

static void train_model(void)
{
    assert_runs("\"$GRADUS\" train tiny --engine reference --hidden 5 --lr 0.5 --iterations 40 --quiet "
                "--out m.safetensors");
}

static json_t *item(const json_t *value, const char *key)
{
    json_t *found = json_object_get(value, key);
    if (found == NULL)
        fail_msg("no key %s", key);
    return found;
}

/* ---- evaluate ---- */

static void test_evaluate(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" evaluate m.safetensors tiny");
    assert_prints(program_out, "samples   9 of tiny, test part\n");
    assert_prints(program_out, "accuracy  100.00 %\n");
    assert_prints(program_out, "    0   3   .   .\n    1   .   3   .\n    2   .   .   3\n");
    assert_runs("\"$GRADUS\" evaluate m.safetensors tiny --split train");
    assert_prints(program_out, "samples   24 of tiny, train part\n");
}

/* All samples except one have label 0, and the class of that one is never predicted: its precision is 0/0, and so is
 * that of class 2. */
static void test_evaluate_json(void **state)
{
    (void)state;
    train_model();
    assert_runs(
        "printf '\\000\\000\\000\\001\\000\\000\\000\\000\\000' | "
        "dd of=tiny/t10k-labels-idx1-ubyte bs=1 seek=8 conv=notrunc 2>/dev/null\n"
        "for i in 1 2 4 5 7 8; do dd if=tiny/t10k-images-idx3-ubyte of=tiny/t10k-images-idx3-ubyte bs=16 skip=1 "
        "seek=$((i + 1)) count=1 conv=notrunc 2>/dev/null; done");
    assert_runs("\"$GRADUS\" evaluate m.safetensors tiny --json");
    json_t *result = parse_output(), *class_1 = json_array_get(item(result, "per_class"), 1);
    json_t *confusion = json_pack("[[iii][iii][iii]]", 8, 0, 0, 1, 0, 0, 0, 0, 0);
    assert_true(json_equal(item(result, "confusion"), confusion));
    assert_int_equal(json_integer_value(item(result, "samples")), 9);
    assert_close(json_real_value(item(result, "accuracy")), 8.0 / 9, 1e-8, 0);
    assert_true(json_is_real(item(result, "loss")));
    assert_true(json_is_null(item(class_1, "precision")));
    assert_close(json_number_value(item(class_1, "recall")), 0, 0, 0);
    assert_close(json_number_value(item(class_1, "f1")), 0, 0, 0);
    assert_true(json_is_null(item(json_array_get(item(result, "per_class"), 2), "f1")));
    assert_close(json_number_value(item(json_array_get(item(result, "per_class"), 0), "f1")), 16.0 / 17, 1e-8, 0);
    json_decref(confusion);
    json_decref(result);
}

static void test_evaluate_without_test_part(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train tiny.csv --engine reference --iterations 1 --quiet --out m.safetensors");
    assert_runs("\"$GRADUS\" evaluate m.safetensors tiny.csv");
    assert_prints(program_out, "samples   2 of tiny.csv, train part\n");
    assert_int_equal(run("\"$GRADUS\" evaluate m.safetensors tiny.csv --split test"), 64);
    assert_prints(program_err, "tiny.csv: --split test: the data set has no test part");
}

/* ---- export and import ---- */

static void test_export_and_import(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" export m.safetensors --npz m.npz && \"$GRADUS\" import m.npz --out n.safetensors");
    assert_prints(program_out, "network     16-5-3, 103 parameters\n");
    assert_prints(program_out, "npz         m.npz\n");
    assert_prints(program_out, "model       n.safetensors\n");
    assert_runs("for m in m n; do \"$GRADUS\" inspect $m.safetensors --weights | sed -n '/^tensor/,$p' >$m.txt; done\n"
                "cmp m.txt n.txt; \"$GRADUS\" inspect n.safetensors");
    assert_prints(program_out, "init_from         m.npz");
    assert_runs("\"$GRADUS\" import m.npz --out n.safetensors --json");
    json_t *result = parse_output();
    assert_int_equal(json_integer_value(item(result, "parameters")), 103);
    json_decref(result);
    assert_runs("\"$GRADUS\" export n.safetensors --npz n.npz --json; cmp m.npz n.npz");
    result = parse_output();
    assert_string_equal(json_string_value(item(item(result, "files"), "npz")), "n.npz");
    json_decref(result);
}

/* ---- predict ---- */

static void test_predict(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" predict m.safetensors tiny:4-5 tiny:8");
    assert_prints(program_out, "tiny:4       label 1    prediction 1 ");
    assert_prints(program_out, "\ntiny:5       label 2    prediction 2 ");
    assert_prints(program_out, "\ntiny:8 ");
    assert_null(strstr(program_out, "wrong"));
    assert_runs("\"$GRADUS\" predict m.safetensors tiny | wc -l");
    assert_int_equal(atoi(program_out), TEST_SAMPLES);
}

static void test_predict_json(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" predict m.safetensors tiny:0-2 --json");
    json_t *result = parse_output(), *third = json_array_get(result, 2);
    assert_int_equal(json_array_size(result), 3);
    assert_int_equal(json_integer_value(item(third, "index")), 2);
    assert_int_equal(json_integer_value(item(third, "label")), 2);
    assert_int_equal(json_integer_value(item(third, "prediction")), 2);
    double sum = 0;
    for (size_t c = 0; c < CLASSES; c++)
        sum += json_number_value(json_array_get(item(third, "probabilities"), c));
    assert_close(sum, 1, 1e-6, 0);
    json_decref(result);
}

static void test_predict_unlabelled(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train tiny.csv --engine reference --iterations 1 --quiet --out m.safetensors");
    assert_runs("\"$GRADUS\" predict m.safetensors unlabelled.csv:1 --json");
    json_t *result = parse_output();
    assert_true(json_is_null(item(json_array_get(result, 0), "label")));
    json_decref(result);
    assert_runs("cp unlabelled.csv odd:1-2; \"$GRADUS\" predict m.safetensors odd:1-2 odd:1-2:0");
    assert_prints(program_out, "odd:1-2:1 ");
    assert_null(strstr(program_out, "label"));
}

static void test_predict_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *input, *part;
        int code;
    } cases[] = {
        {"tiny:9", "tiny:9: the test part has 9 samples, expected an index from 0 to 8", 64},
        {"tiny:5-9", "tiny:5-9: the test part has 9 samples", 64},
        {"tiny:5-3", "tiny:5-3: found \"5-3\" after the colon, expected INDEX or INDEX-INDEX", 64},
        {"tiny:", "found \"\" after the colon", 64},
        {"tiny:-1", "found \"-1\" after the colon", 64},
        {"tiny:1-", "found \"1-\" after the colon", 64},
        {"tiny:1-2-3", "found \"1-2-3\" after the colon", 64},
        {"tiny:x", "tiny:x: ", 66},
        {"nowhere:3", "nowhere: ", 66},
    };
    train_model();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run("\"$GRADUS\" predict m.safetensors %s", cases[i].input), cases[i].code);
        assert_prints(program_err, cases[i].part);
    }
}

/* In a pipe: no escape sequence, ASCII in the C locale, and a picture in which row 1 of 4 is the bright one. */
static void test_predict_show(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" predict m.safetensors tiny:1 --show");
    for (const char *c = program_out; *c != '\0'; c++)
        assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    assert_prints(program_out, "tiny:1\n");
    assert_prints(program_out, "label 1, prediction 1\n");
    assert_prints(program_out, "  1  ####");
    assert_true(program_out[0] != ' ' && program_out[3] == program_out[0]);
    assert_null(strstr(program_out, " \n"));
}

/* ---- Floats ---- */

/* work/floats.npz: the images of "tiny" as floats from -1 to 1, all of them for training and 3 to test. */
static void write_floats(void)
{
    float images[TRAIN_SAMPLES * IMAGE_SIDE * IMAGE_SIDE];
    uint8_t labels[TRAIN_SAMPLES];
    char path[128];
    for (size_t i = 0; i < TRAIN_SAMPLES; i++) {
        labels[i] = (uint8_t)(i % CLASSES);
        for (size_t p = 0; p < IMAGE_SIDE * IMAGE_SIDE; p++)
            images[i * IMAGE_SIDE * IMAGE_SIDE + p] = p / IMAGE_SIDE == labels[i] ? 1 : (float)((p * i) % 40) / 80 - 1;
    }
    snprintf(path, sizeof path, "%s/work/floats.npz", program_folder);
    write_npz_file(path,
                   (const npz_array[]){{"x_train", "<f4", 3, {TRAIN_SAMPLES, IMAGE_SIDE, IMAGE_SIDE}, images, false},
                                       {"y_train", "|u1", 1, {TRAIN_SAMPLES}, labels, false},
                                       {"x_test", "<f4", 3, {3, IMAGE_SIDE, IMAGE_SIDE}, images, false},
                                       {"y_test", "|u1", 1, {3}, labels, false},
                                       {.name = NULL}});
}

static void test_floats(void **state)
{
    (void)state;
    write_floats();
    assert_runs(
        "\"$GRADUS\" train floats.npz --hidden 5 --lr 0.5 --iterations 60 --holdout 4 --quiet --out f.safetensors");
    assert_prints(program_out, "engine      layered\n");
    assert_prints(program_out, "samples     20 train, 4 holdout, 3 test\n");
    assert_runs("\"$GRADUS\" inspect f.safetensors");
    assert_prints(program_out, "input       floats\n");
    assert_runs("\"$GRADUS\" evaluate f.safetensors floats.npz");
    assert_prints(program_out, "accuracy  100.00 %\n");
    assert_runs("\"$GRADUS\" predict f.safetensors floats.npz:1-2");
    assert_prints(program_out, "floats.npz:1       label 1    prediction 1");
    assert_runs("\"$GRADUS\" predict f.safetensors floats.npz:1 --show");
    assert_true(program_out[0] != ' ' && program_out[3] == program_out[0]);
    assert_runs(
        "\"$GRADUS\" bench floats.npz --engine auto,layered,fused --hidden 5 --repeats 1 --seconds 0.1 --device cpu");
    assert_prints(program_out, "of the floats are not zero");
    assert_prints(program_out, "engine fused: does not support float features");

    assert_int_equal(run("\"$GRADUS\" train floats.npz --engine fused"), 64);
    assert_prints(program_err, "engine fused: does not support float features; use another engine, such as layered");
    assert_int_equal(run("\"$GRADUS\" evaluate f.safetensors tiny"), 65);
    assert_prints(program_err, "the samples have bytes for features, the network takes floats");
    train_model();
    assert_int_equal(run("\"$GRADUS\" predict m.safetensors floats.npz"), 65);
    assert_prints(program_err, "the samples have float features, the network takes bytes 0..255");
    assert_int_equal(run("\"$GRADUS\" train floats.npz --init-from m.safetensors"), 65);
}

/* A CSV file of integers is read as floats for a model of floats, and as bytes for another. */
static void test_floats_as_text(void **state)
{
    (void)state;
    assert_runs("printf '0,0.5,-1\n1,2,3\n' >f.csv; printf '0,9\n300,4\n' >whole.csv");
    assert_runs("\"$GRADUS\" train f.csv --hidden 3 --iterations 5 --engine reference --quiet --out f.safetensors");
    assert_runs("\"$GRADUS\" predict f.safetensors whole.csv");
    assert_int_equal(run("\"$GRADUS\" train whole.csv"), 65);
    assert_prints(program_err, "whole.csv:2: column 1: found \"300\", expected an integer 0..255");
}

/* ---- inspect ---- */

static void test_inspect(void **state)
{
    (void)state;
    train_model();
    assert_runs("\"$GRADUS\" inspect m.safetensors");
    assert_prints(program_out, "network     16-5-3, relu between layers, softmax over 3 classes\n");
    assert_prints(program_out, "image       4 x 4\n");
    assert_prints(program_out, "parameters  103\n");
    assert_prints(program_out, "dataset           tiny\n");
    assert_prints(program_out, "learning_rate     0.5\n");
    assert_prints(program_out, "fc1.weight    5 x 16 ");
    assert_prints(program_out, "fc2.bias      3 ");
    assert_null(strstr(program_out, "[0,0]"));
    assert_runs("\"$GRADUS\" inspect m.safetensors --weights");
    assert_prints(program_out, "\nfc1.weight\n  [0,0] ");
    assert_prints(program_out, "\n  [4,12] ");
    assert_prints(program_out, "\nfc2.bias\n  [0] ");
}

/* The values in JSON are those of the file, bit for bit. */
static void test_inspect_json(void **state)
{
    (void)state;
    char path[128];
    gradus_model *model = NULL;
    float *weights, *bias;
    train_model();
    assert_runs("\"$GRADUS\" inspect m.safetensors --weights --json");
    json_t *result = parse_output(), *tensor = json_array_get(item(result, "tensors"), 0);
    snprintf(path, sizeof path, "%s/work/m.safetensors", program_folder);
    assert_ok(gradus_model_load(path, &model));
    assert_ok(gradus_model_layer(model, 0, &weights, &bias));
    assert_string_equal(json_string_value(item(tensor, "name")), "fc1.weight");
    for (size_t h = 0; h < 5; h++)
        for (size_t f = 0; f < IMAGE_SIDE * IMAGE_SIDE; f++) {
            json_t *value = json_array_get(json_array_get(item(tensor, "values"), h), f);
            assert_true((float)json_number_value(value) == weights[h * IMAGE_SIDE * IMAGE_SIDE + f]);
        }
    gradus_model_destroy(model);
    json_decref(result);
}

/* ---- devices and check ---- */

static void test_devices(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" devices --json");
    json_t *result = parse_output();
    json_t *chosen = json_array_get(item(result, "devices"), (size_t)json_integer_value(item(result, "chosen")));
    assert_non_null(item(chosen, "name"));
    assert_true(json_integer_value(item(chosen, "memory_bytes")) > 0);
    assert_true(json_is_string(item(result, "reason")));
    json_decref(result);
    assert_runs("\"$GRADUS\" devices");
    assert_prints(program_out, "* chosen: ");
    assert_int_equal(run("GRADUS_DEVICE=nosuch \"$GRADUS\" devices"), 69);
    assert_prints(program_out, "selector");
    assert_prints(program_err, "nosuch");
    assert_int_equal(run("\"$GRADUS\" train tiny --device nosuch --out m"), 69);
    assert_null(strstr(program_err, "hint"));
    assert_int_equal(run("test -e m"), 1);
}

static void test_check(void **state)
{
    (void)state;
    assert_int_equal(run_on_terminal("\"$GRADUS\" check"), 0);
    assert_prints(program_out, CLEAR "preparing the device ...");
    assert_prints(program_out, CLEAR "checking ...  ");
    assert_prints(program_out, "\nrelu_forward ");
    assert_null(strstr(program_out, "FAILED"));
    assert_runs("\"$GRADUS\" check --json");
    json_t *result = parse_output();
    assert_true(json_is_true(item(result, "passed")));
    assert_true(json_array_size(item(result, "kernels")) > 0);
    json_decref(result);
}

/* The device and the reference agree. Other tests compare the engines; this one tests that the option reaches them. */
static void test_train_layered(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train tiny --engine layered --iterations 3 --quiet --json");
    json_t *result = parse_output();
    assert_string_equal(json_string_value(item(result, "engine")), "layered");
    assert_true(json_is_string(item(result, "device")));
    json_decref(result);
}

static void test_train_verbose(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" train tiny --engine layered --products own --iterations 1 --quiet -v");
    assert_non_null(strstr(program_err, "gradus: forward"));
    assert_non_null(strstr(program_err, ": own "));
    assert_runs("\"$GRADUS\" train tiny --engine layered --products clblast --iterations 1 --quiet --verbose");
    assert_non_null(strstr(program_err, ": clblast"));
    assert_runs("\"$GRADUS\" train tiny --engine layered --iterations 1 --quiet");
    assert_string_equal(program_err, "");
}

static void test_tune(void **state)
{
    (void)state;
    assert_runs("\"$GRADUS\" tune --samples 50 --features 9 --classes 3 --hidden 4 --seconds 1");
    assert_non_null(strstr(program_out, "weight gradient 9-4, 50 samples, pixels"));
    assert_non_null(strstr(program_out, "input gradient 4-3, 50 samples, relu"));
    assert_non_null(strstr(program_out, "  own "));
    assert_runs("\"$GRADUS\" tune tiny --hidden 4 --seconds 1 --json");
    json_t *result = parse_output();
    assert_true(json_is_string(item(result, "device")));
    assert_int_equal(json_integer_value(item(result, "samples")), TRAIN_SAMPLES);
    assert_true(json_array_size(item(result, "products")) > 0);
    const json_t *product = json_array_get(item(result, "products"), 0);
    assert_string_equal(json_string_value(item(product, "product")), "forward 16-4, 24 samples, pixels, relu");
    assert_true(json_is_string(item(product, "configuration")) &&
                json_number_value(item(product, "seconds_after")) > 0);
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        program_test(test_evaluate),
        program_test(test_evaluate_json),
        program_test(test_evaluate_without_test_part),
        program_test(test_export_and_import),
        program_test(test_predict),
        program_test(test_predict_json),
        program_test(test_predict_unlabelled),
        program_test(test_predict_ranges),
        program_test(test_predict_show),
        program_test(test_floats),
        program_test(test_floats_as_text),
        program_test(test_inspect),
        program_test(test_inspect_json),
        program_test(test_devices),
        program_test(test_check),
        program_test(test_train_layered),
        program_test(test_train_verbose),
        program_test(test_tune),
    };
    program_prepare();
    gradus_device_close(open_test_device());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
