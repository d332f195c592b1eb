/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training from the same initial parameters as notebook.py, which computes the same in NumPy float64: loss over 500
 * iterations and the first gradient of every parameter. The digits are bundled; MNIST is used if it is found.
 */
#include "assert_close.h"
#include "device/device.h"
#include "engine/select/engines.h"
#include "model/model.h"
#include "with_device.h"

#include <jansson.h>

static gradus_device *device;

typedef struct golden {
    const char *set, *engine;
    kernel_kind kernels;
} golden;

static char *golden_path(const char *name, const char *suffix)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/%s%s", getenv("TEST_SOURCE_DIR"), name, suffix);
    return path;
}

/* The first samples of the training set, in the number of the golden run; NULL if the set is not installed. */
static gradus_dataset *open_set(const json_t *expected, const char *name)
{
    gradus_dataset *train = NULL;
    const gradus_status status = gradus_dataset_open(name, NULL, &train, NULL);
    if (status == GRADUS_ERROR_NO_INPUT && strcmp(name, "mnist") == 0)
        return NULL;
    assert_ok(status);
    assert_ok(gradus_dataset_truncate(train, (size_t)json_integer_value(json_object_get(expected, "samples"))));
    return train;
}

/* ---- The first gradient ---- */

static double distance(const float *a, const float *b, size_t count, double *norm)
{
    double difference = 0;
    *norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        *norm += pow((double)b[i], 2);
    }
    *norm = sqrt(*norm);
    return sqrt(difference);
}

static void check_first_gradient(const golden *run, const gradus_dataset *dataset, const gradus_model *initial)
{
    gradus_model *expected = NULL;
    const engine_type *type = NULL;
    engine *e = NULL;
    float *gradient = calloc(initial->layout.length, sizeof *gradient);

    assert_ok(gradus_model_load(golden_path(run->set, "-gradient.safetensors"), &expected));
    assert_ok(gr_engine_find(run->engine, device, &type));
    assert_ok(gr_engine_create(type, device, &initial->network, dataset, &e));
    assert_ok(e->type->write_parameters(e, initial->parameters));
    assert_ok(e->type->gradient(e, 0, dataset->info.samples));
    assert_ok(e->type->read_gradient(e, gradient));
    for (size_t l = 0; l < 2; l++) {
        const size_t offsets[] = {initial->layout.weights[l], initial->layout.bias[l]};
        const size_t outputs = initial->network.sizes[l + 1];
        const size_t counts[] = {outputs * initial->network.sizes[l], outputs};
        for (size_t t = 0; t < 2; t++) {
            double norm;
            const double d = distance(gradient + offsets[t], expected->parameters + offsets[t], counts[t], &norm);
            assert_true(norm > 0.01); /* a gradient of zero would prove nothing */
            if (!(d < 1e-4 * norm))
                fail_msg("fc%zu.%s: gradient is off by %g of its norm", l + 1, t == 0 ? "weight" : "bias", d / norm);
        }
    }
    gr_engine_destroy(e);
    gradus_model_destroy(expected);
    free(gradient);
}

/* ---- The training ---- */

static size_t iterations; /* of the 500, a multiple of 100 */
static size_t compared;

/* The file has figures of every hundredth iteration and of the last one. */
static void check_figures(const json_t *expected, size_t iteration, const gradus_metrics *got)
{
    char key[32];
    snprintf(key, sizeof key, "%zu", iteration);
    const json_t *loss = json_object_get(json_object_get(expected, "loss"), key);
    const json_t *accuracy = json_object_get(json_object_get(expected, "accuracy"), key);
    if (loss == NULL)
        return;
    compared++;
    const double tolerance = iteration == 0 ? 1e-5 : iteration <= 100 ? 1e-4 : 1e-3;
    print_message("  iteration %3zu: loss %.6f, relative difference %.1e\n", iteration, got->loss,
                  got->loss / json_real_value(loss) - 1);
    assert_close(got->loss, json_real_value(loss), 0, tolerance);
    assert_close(got->accuracy, json_real_value(accuracy), 2e-3, 0);
}

static void check_report(const gradus_report *report, void *user)
{
    check_figures(user, report->iteration, &report->train);
}

static void test_golden(void **state)
{
    const golden *run = *state;
    json_error_t error;
    json_t *expected = json_load_file(golden_path(run->set, ".json"), 0, &error);
    gradus_model *model = NULL;
    gradus_train_options options = gradus_train_options_default();
    gradus_train_result result;

    device->kernels = run->kernels;
    assert_non_null(expected);
    gradus_dataset *dataset = open_set(expected, run->set);
    if (dataset == NULL) {
        print_message("%s is not here: skipped (%s)\n", run->set, gradus_last_error());
        json_decref(expected);
        skip();
    }
    assert_ok(gradus_model_load(golden_path("initial", ".safetensors"), &model));
    check_first_gradient(run, dataset, model);
    options.engine = run->engine;
    options.iterations = iterations;
    options.learning_rate = (float)json_real_value(json_object_get(expected, "learning_rate"));
    options.report_every = 100;
    options.report = check_report;
    options.user = expected;
    compared = 0;
    assert_ok(gradus_train(device, model, dataset, &options, &result));
    check_figures(expected, iterations, &result.train);
    assert_true(compared > iterations / 100);
    gradus_model_destroy(model);
    gradus_dataset_destroy(dataset);
    json_decref(expected);
}

int main(int argc, char **argv)
{
    /* With the kernels for the device's type; and with the others, which are slow, only for the small set. */
    static const struct {
        const char *name, *engine;
        bool other;
    } engines[] = {
        {"reference", "reference", false},
        {"layered", "layered", false},
        {"fused", "fused", false},
        {"sparse", "sparse", false},
#if GRADUS_BLAS
        {"blas", "blas", false},
#endif
        {"layered, other kernels", "layered", true},
        {"fused, other kernels", "fused", true},
        {"sparse, other kernels", "sparse", true},
    };
    enum { engine_count = sizeof engines / sizeof *engines };
    golden runs[engine_count];
    struct CMUnitTest tests[engine_count];
    size_t count = 0;

    iterations = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (iterations == 0 || iterations > 500 || iterations % 100 != 0) {
        fprintf(stderr, "usage: %s SET 100|200|300|400|500\n", argv[0]);
        return 1;
    }
    device = open_test_device();
    const kernel_kind own = device->kernels, other = own == KERNELS_CPU ? KERNELS_GPU : KERNELS_CPU;
    for (size_t i = 0; i < engine_count; i++) {
        if (engines[i].other && strcmp(argv[1], "digits") != 0)
            continue;
        runs[i] = (golden){argv[1], engines[i].engine, engines[i].other ? other : own};
        tests[count++] = (struct CMUnitTest){engines[i].name, test_golden, NULL, NULL, &runs[i]};
    }
    const int failed = _cmocka_run_group_tests(argv[1], tests, count, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
