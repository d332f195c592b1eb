/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 200 mini-batch steps with each optimizer and each schedule, and with each activation, against PyTorch's in float64
 * (steps.py, steps.json): from the same weights, with the same batches.
 */
#include "assert_close.h"
#include "compile_quickly.h"
#include "core/random.h"
#include "kernel_kinds.h"

#include <jansson.h>
#include <string.h>

static json_t *golden;
static gradus_dataset *dataset;

static const char *golden_path(const char *name)
{
    static char path[512];
    const char *source = getenv("TEST_SOURCE_DIR");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/tests/golden/%s", source, name);
    return path;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* The expected values of a run, and the number of comparisons. */
typedef struct comparison {
    const json_t *losses;
    size_t compared;
    double worst;
} comparison;

static void check_report(const gradus_report *report, void *user)
{
    comparison *c = user;
    char key[32];
    snprintf(key, sizeof key, "%zu", report->iteration);
    const json_t *loss = json_object_get(c->losses, key);
    if (loss == NULL)
        return;
    const double difference = fabs(report->train.loss / json_real_value(loss) - 1);
    c->worst = fmax(c->worst, difference);
    c->compared++;
}

/* The initial model with another activation. */
static gradus_model *initial_model(gradus_activation activation)
{
    gradus_model *initial = NULL, *model = NULL;
    assert_ok(gradus_model_load(golden_path("initial.safetensors"), &initial));
    gradus_network network = *gradus_model_network(initial);
    network.activation = activation;
    assert_ok(gradus_model_create(&network, 1, &model));
    for (size_t l = 0; l < network.layers; l++) {
        float *from_weights, *from_bias, *weights, *bias;
        assert_ok(gradus_model_layer(initial, l, &from_weights, &from_bias));
        assert_ok(gradus_model_layer(model, l, &weights, &bias));
        memcpy(weights, from_weights, network.sizes[l] * network.sizes[l + 1] * sizeof *weights);
        memcpy(bias, from_bias, network.sizes[l + 1] * sizeof *bias);
    }
    gradus_model_destroy(initial);
    return model;
}

static void check_run(const char *engine, const json_t *run, gradus_activation activation)
{
    gradus_train_options options = gradus_train_options_default();
    const char *optimizer = json_string_value(json_object_get(run, "optimizer"));
    comparison c = {.losses = json_object_get(run, "loss")};
    gradus_model *model = initial_model(activation);

    options.engine = engine;
    options.batch_size = (size_t)number(golden, "batch");
    options.iterations = (size_t)number(golden, "steps");
    options.seed = (uint64_t)number(golden, "seed");
    options.learning_rate = (float)number(json_object_get(golden, "learning_rates"), optimizer);
    options.optimizer.name = optimizer;
    options.optimizer.weight_decay = (float)number(golden, "weight_decay");
    options.schedule.name = json_string_value(json_object_get(run, "schedule"));
    options.schedule.gamma = (float)number(golden, "gamma");
    options.schedule.decay_every = (size_t)number(golden, "decay_every");
    options.report_every = 20;
    options.report = check_report;
    options.user = &c;
    assert_ok(gradus_train(device, model, dataset, &options, NULL));
    gradus_model_destroy(model);
    print_message("  %-8s  %-11s  %-10s  largest relative difference %.1e\n", optimizer, options.schedule.name,
                  gradus_activation_name(activation), c.worst);
    assert_int_equal(c.compared, json_object_size(c.losses));
    assert_true(c.compared >= 10 && c.worst < 1e-5);
}

/* The run with these values of two keys, which must exist. */
static const json_t *find_run(const char *key, const char *value, const char *other_key, const char *other_value)
{
    const json_t *run;
    size_t i;
    json_array_foreach(json_object_get(golden, "runs"), i, run)
    {
        const char *found = json_string_value(json_object_get(run, key));
        const char *other_found = json_string_value(json_object_get(run, other_key));
        if (found != NULL && strcmp(found, value) == 0 && strcmp(other_found, other_value) == 0)
            return run;
    }
    fail_msg("steps.json has no run of %s and %s", value, other_value);
    return NULL;
}

static void test_optimizers(void **state)
{
    for (size_t o = 0; gradus_optimizer_name(o) != NULL; o++)
        for (size_t s = 0; gradus_schedule_name(s) != NULL; s++)
            check_run(*state, find_run("optimizer", gradus_optimizer_name(o), "schedule", gradus_schedule_name(s)),
                      GRADUS_RELU);
}

static void test_steps(void **state)
{
    test_optimizers(state);
    for (gradus_activation a = GRADUS_RELU; gradus_activation_name(a) != NULL; a++)
        check_run(*state, find_run("activation", gradus_activation_name(a), "schedule", "constant"), a);
}

/* With the kernels for GPUs, whatever the device is. Many steps in a launch with each optimizer, as GPUs get them
 * (FEW_REGISTERS), without optimisation, with which PoCL would take 5 seconds for each and compute wrong sums;
 * test_operations has them as users compile them. Then, where the parameters do not fit into local memory, two launches a
 * step. */
static void test_gpu_steps(void **state)
{
    const uint64_t local = device->info.local_memory_bytes;
    use_gpu_kernels(state);
    compile_quickly(state);
    setenv("GRADUS_BUILD_OPTIONS", "-cl-opt-disable -DFEW_REGISTERS=1", 1);
    for (size_t o = 0; gradus_optimizer_name(o) != NULL; o++)
        check_run(*state, find_run("optimizer", gradus_optimizer_name(o), "schedule", "constant"), GRADUS_RELU);
    compile_fully(state);
    device->info.local_memory_bytes = 32768;
    test_steps(state);
    device->info.local_memory_bytes = local;
    use_own_kernels(state);
}

int main(void)
{
    static char reference[] = "reference", layered[] = "layered", fused[] = "fused";
#if GRADUS_BLAS
    static char blas[] = "blas";
#endif
    const struct CMUnitTest tests[] = {
        {"reference", test_steps, NULL, NULL, reference},
        {"layered", test_steps, NULL, NULL, layered},
        {"fused", test_steps, NULL, NULL, fused},
        {"fused for GPUs", test_gpu_steps, NULL, NULL, fused},
#if GRADUS_BLAS
        {"blas", test_steps, NULL, NULL, blas},
#endif
    };
    json_error_t error;
    device = open_test_device();
    golden = json_load_file(golden_path("steps.json"), 0, &error);
    if (golden == NULL || gradus_dataset_open("digits", NULL, &dataset, NULL) != GRADUS_OK) {
        fprintf(stderr, "%s\n", golden == NULL ? error.text : gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(dataset);
    json_decref(golden);
    gradus_device_close(device);
    return failed;
}
