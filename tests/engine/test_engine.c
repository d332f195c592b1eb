/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients: the reference engine against central differences of its own loss, the device's engines against the
 * reference, layered also in many slices; and unsupported cases.
 */
#include "common/activations.h"
#include "compile_quickly.h"
#include "engine/fused_batch/fused_batch.h"
#include "engine/fused_cpu/fused_cpu.h"
#include "engine/fused_gpu/fused_gpu.h"
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "engine/layered/layered_state.h"
#include "engine/select/engines.h"
#include "engine_cases.h"
#include "kernel_kinds.h"

static double loss_of(engine *e, const float *parameters)
{
    batch_sums sums;
    assert_ok(e->type->write_parameters(e, parameters));
    assert_ok(e->type->evaluate(e, 0, e->dataset->info.samples));
    assert_ok(e->type->read_sums(e, &sums));
    return sums.loss / (double)e->dataset->info.samples;
}

/* ---- The reference against central differences ---- */

/* For a network with the activation in the state. */
static void test_reference_gradient(void **state)
{
    /* Two hidden layers; the step is a power of two, so that the parameters move by exactly that much in a float. */
    const gradus_network network = {.layers = 3,
                                    .sizes = {6, 5, 4, 3},
                                    .activation = (gradus_activation)(uintptr_t)*state,
                                    .input_mean = 0.25f,
                                    .input_deviation = 0.5f};
    const double step = 0x1p-12;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    const parameter_layout layout = gr_network_layout(&network);
    float *parameters = calloc(layout.length, sizeof *parameters), *gradient = calloc(layout.length, sizeof *gradient);
    engine *e = NULL;
    batch_sums sums;
    size_t nonzero = 0;

    gr_network_initialise(&network, SEED, parameters);
    for (size_t i = 0; i < layout.length; i++) /* the sums and differences below are then exact */
        parameters[i] = roundf(parameters[i] * 0x1p14f) * 0x1p-14f;
    assert_ok(gr_engine_create(&gr_engine_reference, NULL, &network, dataset, &e));
    gradient_of(e, parameters, 0, dataset->info.samples, gradient, &sums);
    for (size_t l = 0; l < network.layers; l++) {
        const size_t count = network.sizes[l + 1] * (network.sizes[l] + 1);
        for (size_t i = 0; i < count; i++) {
            const size_t weights = network.sizes[l + 1] * network.sizes[l];
            const size_t at = i < weights ? layout.weights[l] + i : layout.bias[l] + i - weights;
            const float value = parameters[at];
            parameters[at] = value + (float)step;
            const double above = loss_of(e, parameters);
            parameters[at] = value - (float)step;
            const double below = loss_of(e, parameters);
            parameters[at] = value;
            assert_close((double)gradient[at], (above - below) / (2 * step), 1e-6, 1e-4);
            nonzero += gradient[at] != 0;
        }
    }
    assert_true(nonzero > layout.length / 8); /* not all units are dead */
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
    free(gradient);
    free(parameters);
}

/* ---- The device's engines against the reference ---- */

static const engine_type *compared;

/* An engine for mini-batches is created for some size, but computes any range. */
static engine *create_compared(const gradus_network *network, const gradus_dataset *dataset)
{
    const engine_settings settings = {.batch = compared == &gr_fused_batch ? dataset->info.samples / 2 + 1 : 0};
    engine *e = NULL;
    assert_ok(gr_engine_create_with(compared, &settings, device, network, dataset, &e));
    return e;
}

static void compare_whole(const gradus_network *network, const gradus_dataset *dataset)
{
    engine *e = create_compared(network, dataset);
    compare_with_reference(e, 0, dataset->info.samples);
    gr_engine_destroy(e);
}

/* A piece of the samples that begins and ends within a tile. */
static void compare_piece(const gradus_network *network, const gradus_dataset *dataset)
{
    const size_t samples = dataset->info.samples;
    engine *e = create_compared(network, dataset);
    compare_with_reference(e, samples / 3, samples - samples / 3 - samples / 5);
    gr_engine_destroy(e);
}

static void test_gradient(void **state)
{
    compared = *state;
    for_each_engine_case(compare_whole);
    for_each_engine_case(compare_piece);
}

/* ---- fused for GPUs, of which PoCL takes seconds to build one: fewer cases, and both ranges with each ---- */

static void compare_gpu(const gradus_network *network, size_t samples)
{
    gradus_dataset *dataset = random_dataset(network->sizes[0], samples, (uint32_t)network->sizes[network->layers]);
    engine *e = NULL;
    assert_ok(gr_engine_create(&gr_fused_gpu, device, network, dataset, &e));
    compare_with_reference(e, 0, samples);
    if (samples > 2)
        compare_with_reference(e, samples / 3, samples - samples / 3 - samples / 5);
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
}

static void test_gpu_gradient(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof engine_networks / sizeof *engine_networks; n++)
        compare_gpu(&engine_networks[n], n % 2 == 0 ? 257 : 61);
    compare_gpu(&engine_networks[1], 1);
}

/* Fewer samples than work-groups have places for: tiles of 4, and work-groups without samples, in evaluations too. */
static void test_gpu_few_samples(void **state)
{
    (void)state;
    const gradus_network networks[] = {{.layers = 2, .sizes = {784, 10, 3}},
                                       {.layers = 2, .sizes = {9, 130, 3}},
                                       {.layers = 4, .sizes = {16, 1, 1, 5, 3}},
                                       {.layers = 3, .sizes = {785, 7, 7, 9}}};
    const size_t samples[] = {8, 2, 40, 12};
    for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
        const gradus_network *network = &networks[n];
        gradus_dataset *dataset =
            random_dataset(network->sizes[0], samples[n], (uint32_t)network->sizes[network->layers]);
        engine *reference = NULL, *e = NULL;
        float *parameters = calloc(gr_network_layout(network).length, sizeof *parameters);
        gr_network_initialise(network, SEED, parameters);
        assert_ok(gr_engine_create(&gr_engine_reference, NULL, network, dataset, &reference));
        assert_ok(gr_engine_create(&gr_fused_gpu, device, network, dataset, &e));
        compare_with_reference(e, 0, samples[n]);
        assert_close(loss_of(e, parameters), loss_of(reference, parameters), 1e-6, 1e-5);
        free(parameters);
        gr_engine_destroy(e);
        gr_engine_destroy(reference);
        gradus_dataset_destroy(dataset);
    }
}

/* dW1 in several chunks, the last of which is not full, in tiles limited by a small local memory. */
static void test_gpu_chunks(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 3, .sizes = {403, 70, 9, 64}};
    const uint64_t local = device->info.local_memory_bytes;
    device->info.local_memory_bytes = 24576;
    compare_gpu(&network, 79);
    device->info.local_memory_bytes = 1024;
    gradus_dataset *dataset = random_dataset(403, 3, 64);
    engine *e = NULL;
    assert_fails(gr_engine_create(&gr_fused_gpu, device, &network, dataset, &e), GRADUS_ERROR_DEVICE,
                 "403 features and 70 units in the first layer are too many for work-groups of 256 with 1.0 KB");
    gradus_dataset_destroy(dataset);
    device->info.local_memory_bytes = local;
}

/* The state of an engine; to be freed. */
static engine_state state_of(engine *e)
{
    const bool exists[STATE_ARRAYS] = {true, true, gr_optimizer_has_first_moment(&e->optimizer),
                                       gr_optimizer_has_second_moment(&e->optimizer)};
    engine_state state = {0};
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (exists[a])
            assert_non_null(state.arrays[a] = calloc(e->layout.length, sizeof(float)));
    assert_ok(e->type->read_state(e, &state));
    return state;
}

static void free_state(const engine_state *state)
{
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        free(state->arrays[a]);
}

/* Three steps, keeping the parameters before the last one: in whole steps, or as gradient and update. */
static void take_three_steps(engine *e, bool whole, batch_sums sums[3])
{
    const size_t samples = e->dataset->info.samples;
    update_step steps[3];
    for (size_t i = 0; i < 3; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, 0.01f, i + 1);
    const step_run run = {0, samples, steps, 3, true};
    if (whole)
        assert_ok(e->type->take_steps(e, &run));
    for (size_t i = 0; i < 3 && !whole; i++) {
        const sample_range range = gr_step_samples(e, &run, i);
        assert_ok(e->type->gradient(e, range.first, range.count));
        if (i == 2)
            assert_ok(e->type->keep_parameters(e));
        assert_ok(e->type->update(e, &steps[i]));
    }
    const sums_range all = {0, 3};
    assert_ok(e->type->send_sums(e, 0, all));
    assert_ok(e->type->await_sums(e, 0, all, sums));
}

static void compare_whole_steps(engine *e, const float *parameters)
{
    batch_sums whole_sums[3], sums[3];
    assert_ok(e->type->write_parameters(e, parameters));
    take_three_steps(e, true, whole_sums);
    engine_state whole = state_of(e);
    assert_ok(e->type->write_parameters(e, parameters));
    take_three_steps(e, false, sums);
    engine_state apart = state_of(e);
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (whole.arrays[a] != NULL)
            assert_memory_equal(whole.arrays[a], apart.arrays[a], e->layout.length * sizeof(float));
    assert_memory_equal(whole_sums, sums, sizeof sums);
    assert_memory_not_equal(whole.arrays[STATE_PARAMETERS], whole.arrays[STATE_KEPT], sizeof(float));
    free_state(&whole);
    free_state(&apart);
}

/* Parameters that are not finite are not kept: `parameters`, of which this makes one NaN. */
static void check_nothing_kept(engine *e, float *parameters)
{
    batch_sums sums[3];
    engine_state before = state_of(e);
    parameters[0] = NAN;
    assert_ok(e->type->write_parameters(e, parameters));
    take_three_steps(e, true, sums);
    engine_state after = state_of(e);
    assert_false(isfinite(sums[0].loss));
    assert_memory_equal(before.arrays[STATE_KEPT], after.arrays[STATE_KEPT], e->layout.length * sizeof(float));
    free_state(&before);
    free_state(&after);
}

/* An engine for which whole steps are tried with each optimizer; on two networks, by turns. */
typedef struct whole_steps_case {
    const engine_type *type;
    size_t samples, batch;
    gradus_network networks[2];
} whole_steps_case;

static whole_steps_case gpu_steps = {
    &gr_fused_gpu, 70, 0, {{.layers = 2, .sizes = {9, 3, 2}}, {.layers = 2, .sizes = {9, 23, 2}}}};

/* Batches that are not so small that one core takes all steps. */
static whole_steps_case batch_steps = {
    &gr_fused_batch, 250, 100, {{.layers = 2, .sizes = {300, 64, 5}}, {.layers = 3, .sizes = {300, 97, 9, 5}}}};

/* Whole steps give the same bits as gradient and update, and keep nothing after a loss that is not finite. */
static void test_whole_steps(void **state)
{
    const whole_steps_case *c = *state;
    for (size_t o = 0; gradus_optimizer_name(o) != NULL; o++) {
        const gradus_network *network = &c->networks[o % 2];
        gradus_dataset *dataset =
            random_dataset(network->sizes[0], c->samples, (uint32_t)network->sizes[network->layers]);
        engine_settings settings = {.batch = c->batch};
        gradus_optimizer how = gradus_optimizer_default();
        engine *e = NULL;
        float *parameters = calloc(gr_network_layout(network).length, sizeof *parameters);
        how.name = gradus_optimizer_name(o);
        how.weight_decay = 0.1f;
        assert_ok(gr_optimizer_make(&how, &settings.optimizer));
        assert_ok(gr_engine_create_with(c->type, &settings, device, network, dataset, &e));
        gr_network_initialise(network, 1, parameters);
        compare_whole_steps(e, parameters);
        check_nothing_kept(e, parameters);
        free(parameters);
        gr_engine_destroy(e);
        gradus_dataset_destroy(dataset);
    }
}

/* With clipping and max-norm, whose norms need all of the gradient first, there are no whole steps. */
static void test_gpu_norms(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {9, 3, 2}};
    gradus_dataset *dataset = random_dataset(9, 70, 2);
    engine *e = NULL;
    engine_settings settings = {.optimizer = {.max_norm = 1}};
    assert_ok(gr_engine_create_with(&gr_fused_gpu, &settings, device, &network, dataset, &e));
    assert_null(e->type->take_steps);
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
}

static void check_plan(const gradus_network *network, size_t samples, const gpu_model *model)
{
    fused_gpu_plan plan;
    if (gr_fused_gpu_plan(network, samples, model, SIZE_MAX, &plan) != GRADUS_OK)
        fail_msg("%s", gradus_last_error());
    const size_t features = network->sizes[0], units = network->sizes[1], pixels = (features + 15) / 16;
    const size_t shared = plan.items - plan.main_items;
    assert_true(plan.threads <= model->group_items && plan.main_items + shared * plan.splits <= plan.threads);
    assert_true(plan.unit_block * plan.unit_blocks >= units);
    assert_true(plan.columns * plan.quad_block * 4 >= features);
    assert_true(plan.items * plan.chunks >= plan.columns * plan.unit_blocks);
    assert_true(plan.slices >= 1 && plan.splits >= 1 && plan.groups >= 1 && plan.shares >= 1);
    assert_true(plan.slices * plan.unit_blocks * (plan.tile / plan.sample_block) <= plan.threads);
    assert_true(plan.groups <= samples && plan.shares <= samples);
    assert_true(plan.tile * pixels * 16 + plan.activations * sizeof(float) < plan.pass_local_bytes);
    assert_true(plan.groups_per_unit <=
                gr_gpu_groups_per_unit(model, plan.threads, plan.registers, plan.pass_local_bytes));
    assert_true(plan.groups <= model->units * plan.groups_per_unit);
}

static const gpu_model *described(const char *key)
{
    size_t i = 0;
    while (strcmp(gr_gpu_description(i)->key, key) != 0)
        i++;
    return &gr_gpu_description(i)->model;
}

/* The plan for GPUs, without a GPU. */
static void test_gpu_plan(void **state)
{
    (void)state;
    static const gradus_network networks[] = {{.layers = 2, .sizes = {784, 10, 10}},
                                              {.layers = 2, .sizes = {784, 64, 10}},
                                              {.layers = 4, .sizes = {3072, 32, 64, 64, 64}},
                                              {.layers = 1, .sizes = {1, 2}}};
    for (size_t d = 0; gr_gpu_description(d) != NULL; d++)
        for (size_t n = 0; n < 4; n++)
            for (size_t samples = 1; samples < 100000; samples = 7 * samples + 3)
                check_plan(&networks[n], samples, &gr_gpu_description(d)->model);
    gpu_model small = *described("irisxe");
    small.group_items = 64;
    check_plan(&networks[1], 1000, &small);
    assert_true(gr_fused_gpu_suits(&networks[1]));
    const gradus_network wide = {.layers = 2, .sizes = {784, 65, 10}};
    assert_false(gr_fused_gpu_suits(&wide));
}

/* 784-10-10 fills a multiprocessor as Note [estimate for an H100] in fused_gpu.cl says. */
static void test_gpu_plan_h100(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
    fused_gpu_plan plan;
    assert_ok(gr_fused_gpu_plan(&network, 41000, described("h100"), SIZE_MAX, &plan));
    assert_int_equal(plan.threads, 256);
    assert_int_equal(plan.tile, 40);
    assert_int_equal(plan.groups, 264);
    assert_int_equal(plan.chunks, 1);
}

/* ---- Sparse products ---- */

static int compile_quickly_for_gpu(void **state)
{
    return compile_quickly(state) + use_gpu_kernels(state);
}

static int compile_fully_for_own(void **state)
{
    return compile_fully(state) + use_own_kernels(state);
}

/* Widths around those of vectors and blocks; no hidden layer, one and two; and X with only zeros, many, and none. */
static void test_sparse_widths(void **state)
{
    static const size_t widths[] = {1, 7, 10, 33, 129};
    (void)state;
    compared = &gr_engine_sparse;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t layers = 1; layers <= 3; layers++)
            for (int data = 0; data < 3; data++) {
                gradus_network network = {.layers = layers, .sizes = {53, widths[w], widths[w], 3}};
                network.sizes[layers] = layers == 1 ? widths[w] + 1 : 3;
                gradus_dataset *dataset = random_dataset(53, 300, (uint32_t)network.sizes[layers]);
                for (size_t i = 0; data != 1 && i < 53 * 300; i++)
                    dataset->pixels[i] = data == 0 ? 0 : (uint8_t)(1 + i % 255);
                compare_whole(&network, dataset);
                compare_piece(&network, dataset);
                gradus_dataset_destroy(dataset);
            }
}

/* The sums over samples have a fixed order: the same bits every time. */
static void test_sparse_same_bits(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {97, 33, 7}};
    const parameter_layout layout = gr_network_layout(&network);
    gradus_dataset *dataset = random_dataset(97, 3001, 7);
    float *parameters = calloc(layout.length, sizeof *parameters), *first = calloc(layout.length, sizeof *first),
          *again = calloc(layout.length, sizeof *again);
    batch_sums sums;
    engine *e = NULL;
    gr_network_initialise(&network, SEED, parameters);
    assert_ok(gr_engine_create(&gr_engine_sparse, device, &network, dataset, &e));
    gradient_of(e, parameters, 0, 3001, first, &sums);
    for (int i = 0; i < 20; i++) {
        gradient_of(e, parameters, 0, 3001, again, &sums);
        assert_memory_equal(again, first, layout.length * sizeof *first);
    }
    gr_engine_destroy(e);
    free(again);
    free(first);
    free(parameters);
    gradus_dataset_destroy(dataset);
}

/* ---- layered with other products than its own choice ---- */

typedef struct layered_variant {
    product_preference products;
    kernel_kind kernels;
} layered_variant;

static layered_variant clblast_products = {PRODUCTS_CLBLAST, KERNELS_CPU}, gpu_products = {PRODUCTS_OWN, KERNELS_GPU},
                       cpu_products = {PRODUCTS_OWN, KERNELS_CPU};

static void test_layered_products(void **state)
{
    const layered_variant *variant = *state;
    const layered_variant before = {device->products, device->kernels};
    compared = &gr_engine_layered;
    device->products = variant->products;
    device->kernels = variant->kernels;
    for_each_engine_case(compare_piece);
    device->products = before.products;
    device->kernels = before.kernels;
}

/* ---- Slices of layered and sparse ---- */

/* Compares on all of `dataset`. Returns the number of slices. */
static size_t compare_slices(const engine_type *type, const gradus_network *network, const gradus_dataset *dataset)
{
    engine *e = NULL;
    assert_ok(gr_engine_create(type, device, network, dataset, &e));
    compare_with_reference(e, 0, dataset->info.samples);
    compare_with_reference(e, 77, dataset->info.samples - 200);
    const size_t slice = ((layered *)e)->slice;
    gr_engine_destroy(e);
    return (dataset->info.samples + slice - 1) / slice;
}

/* A batch whose activations do not fit is computed in slices; the last one is shorter for these numbers. */
static void test_slices(void **state)
{
    const engine_type *type = *state;
    const gradus_network network = {.layers = 3, .sizes = {97, 33, 17, 7}};
    gradus_dataset *dataset = random_dataset(97, 1003, 7);
    const uint64_t memory = device->memory_limit, allocation = device->info.max_allocation_bytes;
    device->memory_limit = type == &gr_engine_layered ? 400000 : 500000; /* sparse products need some of it */
    assert_true(compare_slices(type, &network, dataset) >= 2);
    device->memory_limit = memory;
    device->info.max_allocation_bytes = 110000; /* room for X, but not for as many floats */
    assert_true(type != &gr_engine_layered || compare_slices(type, &network, dataset) >= 2);
    device->info.max_allocation_bytes = allocation;
    gradus_dataset_destroy(dataset);
}

static void test_layered_slices(void **state)
{
    const layered_variant *variant = *state;
    const product_preference products = device->products;
    const engine_type *type = &gr_engine_layered;
    void *slices = (void *)(uintptr_t)type;
    device->products = variant->products;
    test_slices(&slices);
    device->products = products;
}

/* The number of samples that the message gives does fit. */
static void test_too_large_for_device(void **state)
{
    const engine_type *type = *state;
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
    gradus_dataset *dataset = random_dataset(784, 2000, 10);
    const uint64_t memory = device->memory_limit;
    engine *e = NULL;
    unsigned long fit = 0;

    device->memory_limit = 1000000;
    assert_fails(gr_engine_create(type, device, &network, dataset, &e), GRADUS_ERROR_DEVICE,
                 "X of 2000 samples x 784 features takes");
    assert_int_equal(sscanf(strstr(gradus_last_error(), "about"), "about %lu samples would fit", &fit), 1);
    assert_true(fit > 300 && fit < 1275);
    assert_ok(gradus_dataset_truncate(dataset, fit));
    assert_ok(gr_engine_create(type, device, &network, dataset, &e));
    gr_engine_destroy(e);
    device->memory_limit = memory;
    gradus_dataset_destroy(dataset);
}

/* ---- Refused cases ---- */

static void test_refusals(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}}, wider = {.layers = 2, .sizes = {7, 5, 3}};
    gradus_dataset *dataset = random_dataset(6, 11, 4);
    const engine_type *type = NULL;
    engine *e = NULL;
    assert_fails(gr_engine_create(&gr_engine_reference, NULL, &network, dataset, &e), GRADUS_ERROR_DATA,
                 "sample 0 has label 3, the network's 3 classes are 0..2");
    assert_fails(gr_engine_create(&gr_engine_reference, NULL, &wider, dataset, &e), GRADUS_ERROR_DATA,
                 "the samples have 6 features, the network takes 7");
    assert_fails(gr_engine_find("magic", device, &type), GRADUS_ERROR_ARGUMENT,
                 "engine \"magic\": expected auto, fused, sparse, layered");
    assert_fails(gr_engine_find("layered", NULL, &type), GRADUS_ERROR_ARGUMENT, "needs an OpenCL device");
    gradus_dataset_destroy(dataset);
}

int main(void)
{
    struct CMUnitTest gradients[ACTIVATION_COUNT];
    for (size_t a = 0; a < ACTIVATION_COUNT; a++)
        gradients[a] = (struct CMUnitTest){gr_activation_name(a), test_reference_gradient, NULL, NULL, (void *)a};
    const struct CMUnitTest tests[] = {
        {"gradient, layered", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_engine_layered},
        {"gradient, sparse", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_engine_sparse},
        {"gradient, groups", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_fused_groups},
        {"gradient, elements", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_fused_elements},
        {"gradient, dense", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_fused_dense},
        {"gradient, batch", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_fused_batch},
        {"gradient, wide", test_gradient, compile_quickly, compile_fully, (void *)(uintptr_t)&gr_fused_wide},
        cmocka_unit_test_setup_teardown(test_gpu_gradient, compile_quickly, compile_fully),
        cmocka_unit_test(test_gpu_chunks),
        cmocka_unit_test_setup_teardown(test_gpu_few_samples, compile_quickly, compile_fully),
        cmocka_unit_test(test_gpu_plan),
        cmocka_unit_test(test_gpu_plan_h100),
        {"whole steps, fused for GPUs", test_whole_steps, compile_quickly, compile_fully, &gpu_steps},
        {"whole steps, batches", test_whole_steps, compile_quickly, compile_fully, &batch_steps},
        cmocka_unit_test(test_gpu_norms),
        {"gradient, sparse, GPU kernels", test_gradient, compile_quickly_for_gpu, compile_fully_for_own,
         (void *)(uintptr_t)&gr_engine_sparse},
        cmocka_unit_test_setup_teardown(test_sparse_widths, compile_quickly, compile_fully),
        cmocka_unit_test_setup_teardown(test_sparse_widths, compile_quickly_for_gpu, compile_fully_for_own),
        cmocka_unit_test(test_sparse_same_bits),
        cmocka_unit_test_setup_teardown(test_sparse_same_bits, compile_quickly_for_gpu, compile_fully_for_own),
        {"slices, sparse", test_slices, NULL, NULL, (void *)(uintptr_t)&gr_engine_sparse},
        {"slices, sparse, GPU kernels", test_slices, compile_quickly_for_gpu, compile_fully_for_own,
         (void *)(uintptr_t)&gr_engine_sparse},
        {"too large, sparse", test_too_large_for_device, NULL, NULL, (void *)(uintptr_t)&gr_engine_sparse},
        {"layered, own products for CPUs", test_layered_products, NULL, NULL, &cpu_products},
        {"layered, own products for GPUs", test_layered_products, compile_quickly, compile_fully, &gpu_products},
        {"layered, CLBlast", test_layered_products, compile_quickly, compile_fully, &clblast_products},
        {"slices, own products", test_layered_slices, NULL, NULL, &cpu_products},
        {"slices, CLBlast", test_layered_slices, NULL, NULL, &clblast_products},
        {"too large, layered", test_too_large_for_device, NULL, NULL, (void *)(uintptr_t)&gr_engine_layered},
        {"too large, fused", test_too_large_for_device, NULL, NULL, (void *)(uintptr_t)&gr_engine_fused},
        {"too large, gpu", test_too_large_for_device, NULL, NULL, (void *)(uintptr_t)&gr_fused_gpu},
        cmocka_unit_test(test_refusals),
    };
    device = open_test_device();
    const int failed = _cmocka_run_group_tests("gradients", gradients, ACTIVATION_COUNT, NULL, NULL) +
                       cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
