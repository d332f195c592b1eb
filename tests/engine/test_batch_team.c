/* SPDX-License-Identifier: Apache-2.0 */
/* Teams of work-items that take mini-batch steps (kernels/fused_batch/batch_team.clh): they compute the same bits whether
 * the driver runs them side by side or one after the other, and whether they wait for each other or leave. */
#include "compile_quickly.h"
#include "engine/fused_batch/fused_batch.h"
#include "engine_cases.h"

#define TEAM 3
#define STEPS 5
#define BATCH 100

/* Networks whose gradient of W1 is summed by columns, and by shares; and one with a limited norm of the gradient. */
static const struct team_case {
    const char *name;
    gradus_network network;
    float clip_norm;
} cases[] = {
    {"columns", {.layers = 3, .sizes = {300, 97, 9, 5}}, 0},
    {"shares", {.layers = 2, .sizes = {300, 10, 5}}, 0},
    {"columns, clipped", {.layers = 2, .sizes = {300, 64, 5}}, 0.01f},
    {"shares, clipped", {.layers = 2, .sizes = {300, 10, 5}}, 0.01f},
};

/* One core of the device: its driver runs the work-items one after the other. */
static gradus_device *one_core;

/* The parameters after some steps by a team, which is as large as if the device had TEAM cores. */
static float *train(gradus_device *on, const struct team_case *c, const gradus_dataset *dataset)
{
    const unsigned cores = on->info.compute_units;
    engine_settings settings = {.batch = BATCH};
    gradus_optimizer how = gradus_optimizer_default();
    engine *e = NULL;
    update_step steps[STEPS];
    how.name = "adam";
    how.clip_norm = c->clip_norm;
    assert_ok(gr_optimizer_make(&how, &settings.optimizer));
    on->info.compute_units = TEAM;
    assert_ok(gr_engine_create_with(&gr_fused_batch, &settings, on, &c->network, dataset, &e));
    on->info.compute_units = cores;
    float *parameters = calloc(e->layout.length, sizeof *parameters);
    gr_network_initialise(&c->network, 1, parameters);
    assert_ok(e->type->write_parameters(e, parameters));
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, 0.01f, i + 1);
    const step_run run = {0, dataset->info.samples, steps, STEPS, false};
    assert_ok(e->type->take_steps(e, &run));
    assert_ok(e->type->read_parameters(e, parameters));
    gr_engine_destroy(e);
    return parameters;
}

static void test_same_bits(void **state)
{
    const struct team_case *c = *state;
    gradus_dataset *dataset = random_dataset(c->network.sizes[0], STEPS * BATCH - 30, 5);
    const size_t bytes = gr_network_layout(&c->network).length * sizeof(float);
    float *together = train(device, c, dataset), *apart = train(one_core, c, dataset);
    assert_memory_equal(together, apart, bytes);
    gr_program_release_shared(device);
    setenv("GRADUS_BUILD_OPTIONS", "-cl-opt-disable -DTEAM_PATIENCE=0", 1);
    float *impatient = train(device, c, dataset);
    compile_quickly(NULL);
    assert_memory_equal(together, impatient, bytes);
    free(impatient);
    free(apart);
    free(together);
    gradus_dataset_destroy(dataset);
}

int main(void)
{
    struct CMUnitTest tests[sizeof cases / sizeof *cases];
    gradus_device_options options = gradus_device_options_default();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, test_same_bits, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    device = open_test_device();
    options.threads = 1;
    if (gradus_device_open_with(&options, &one_core) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, compile_quickly, compile_fully);
    gradus_device_close(one_core);
    gradus_device_close(device);
    return failed;
}
