/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations, dropout, label smoothing and a standardised input: the masks themselves, every engine against the
 * reference with each of them, and that an evaluation uses none of a training's options. The kernels are compiled
 * without optimisation: test_operations compares those of users with the reference, with each activation too.
 */
#include "common/activations.h"
#include "compile_quickly.h"
#include "device/device.h"
#include "engine/fused_cpu/fused_cpu.h"
#include "engine/select/engines.h"
#include "engine_cases.h"
#include "kernel_kinds.h"

/* ---- Masks ---- */

/* Of many draws the share is dropped, whatever else differs, and the mean of the factors is 1. */
static void test_dropout_keeps_expectation(void **state)
{
    (void)state;
    static const float shares[] = {0.1f, 0.2f, 0.5f, 0.9f};
    enum { UNITS = 1001, SAMPLES = 50 };
    float factors[UNITS];
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        double sum = 0, dropped = 0;
        for (uint32_t s = 0; s < SAMPLES; s++) {
            gr_dropout_draw(shares[i], &(dropout_place){7, 1, s, 3}, UNITS, factors);
            for (size_t u = 0; u < UNITS; u++) {
                sum += (double)factors[u];
                dropped += factors[u] == 0;
            }
        }
        const double share = (double)shares[i], count = (double)UNITS * SAMPLES;
        const double deviation = sqrt(share * (1 - share) / count);
        assert_close(dropped / count, share, 4 * deviation, 0);
        assert_close(sum / count, 1, 4 * deviation / (1 - share), 0);
    }
}

/* Seed, layer, sample and step each give another mask; half of its units are the same. */
static void test_masks_differ(void **state)
{
    (void)state;
    enum { UNITS = 800 };
    static const dropout_place places[] = {{1, 1, 1, 1}, {2, 1, 1, 1}, {1 + (1ULL << 32), 1, 1, 1},
                                           {1, 2, 1, 1}, {1, 1, 2, 1}, {1, 1, 1, 2}};
    float first[UNITS], other[UNITS];
    gr_dropout_draw(0.5f, &places[0], UNITS, first);
    for (size_t i = 1; i < sizeof places / sizeof *places; i++) {
        size_t same = 0;
        gr_dropout_draw(0.5f, &places[i], UNITS, other);
        for (size_t u = 0; u < UNITS; u++)
            same += first[u] == other[u];
        assert_true(same > UNITS / 2 - 60 && same < UNITS / 2 + 60);
    }
    gr_dropout_draw(0.5f, &places[0], 13, other); /* for any number of units */
    assert_memory_equal(first, other, 13 * sizeof *first);
}

/* ---- Engines against the reference ---- */

typedef struct function_case {
    const char *name;
    gradus_activation activation;
    float mean, deviation;
    regularization regularization;
} function_case;

#define NONE                                                                                                          \
    {                                                                                                                 \
        .seed = 0                                                                                                     \
    }

#define ACTIVATION_CASE(NAME, formula, name, operators) {name, GRADUS_##NAME, 0, 0, NONE},

static const function_case cases[] = {
    {"dropout", GRADUS_RELU, 0, 0, {.dropout = 0.4f, .seed = 3}},
    {"tanh and dropout", GRADUS_TANH, 0, 0, {.dropout = 0.5f, .seed = 1ULL << 40 | 9}},
    {"input dropout", GRADUS_RELU, 0, 0, {.input_dropout = 0.2f, .seed = 5}},
    {"both", GRADUS_RELU, 0, 0, {.dropout = 0.5f, .input_dropout = 0.2f, .seed = 5}},
    {"smoothing", GRADUS_RELU, 0, 0, {.label_smoothing = 0.1f}},
    {"standardised", GRADUS_RELU, 0.25f, 0.5f, NONE},
    {"all", GRADUS_GELU, 0.1f, 0.3f, {.dropout = 0.1f, .label_smoothing = 0.2f, .seed = 8}},
    {"all of the input", GRADUS_SIGMOID, 0.1f, 0.3f, {.input_dropout = 0.3f, .seed = 8}},
    ACTIVATIONS(ACTIVATION_CASE)};
#define CASES (sizeof cases / sizeof *cases)
#define OTHER_CASES (CASES - ACTIVATION_COUNT)

static const gradus_network networks[] = {
    {.layers = 2, .sizes = {97, 10, 7}},
    {.layers = 3, .sizes = {97, 65, 33, 7}},
    {.layers = 1, .sizes = {31, 5}},
    {.layers = 2, .sizes = {13, 1, 2}},
};

/* An engine with the settings of a test: kernels, batch. Some build a program for every case, which takes PoCL seconds,
 * so they are tried with fewer networks. */
typedef struct engine_case {
    const engine_type *type;
    size_t batch;
    bool gpu_kernels;
    size_t first_network, networks;
    bool shares_activations; /* with another engine here, which is tried with each of them */
} engine_case;

static engine_case layered = {&gr_engine_layered, 0, false, 0, 4, false},
                   layered_batch = {&gr_engine_layered, 50, false, 0, 4, false},
                   layered_gpu = {&gr_engine_layered, 0, true, 0, 4, false},
                   sparse = {&gr_engine_sparse, 0, false, 0, 4, false},
                   sparse_gpu = {&gr_engine_sparse, 0, true, 0, 1, false},
                   groups = {&gr_fused_groups, 0, false, 0, 1, true},
                   elements = {&gr_fused_elements, 0, false, 1, 1, false},
                   dense = {&gr_fused_dense, 0, false, 2, 1, true}, wide = {&gr_fused_wide, 0, false, 0, 1, true},
                   fused_batch = {&gr_engine_fused, 50, false, 1, 1, false},
                   batch_gpu = {&gr_engine_fused, 50, true, 1, 1, true};
#if GRADUS_BLAS
static engine_case blas = {&gr_engine_blas, 0, false, 0, 4, false},
                   blas_batch = {&gr_engine_blas, 50, false, 0, 4, false};
#endif

static void open_case(const engine_case *how, const function_case *c, const gradus_network *network,
                      const gradus_dataset *dataset, engine **out)
{
    engine base = {.type = how->type,
                   .network = *network,
                   .dataset = dataset,
                   .batch = how->batch,
                   .regularization = c->regularization};
    base.network.activation = c->activation;
    base.network.input_mean = c->mean;
    base.network.input_deviation = c->deviation;
    base.layout = gr_network_layout(network);
    *out = NULL;
    if (gr_engine_unsupported(how->type, &base, device) == NULL)
        assert_ok(how->type->create(&base, device, out));
}

static void test_functions(void **state)
{
    const engine_case *how = *state;
    const kernel_kind own = device->kernels;
    const size_t case_count = how->shares_activations ? OTHER_CASES : CASES;
    size_t compared = 0;
    device->kernels = how->gpu_kernels ? KERNELS_GPU : own;
    for (size_t n = how->first_network; n < how->first_network + how->networks; n++) {
        const size_t classes = networks[n].sizes[networks[n].layers];
        gradus_dataset *dataset = random_dataset(networks[n].sizes[0], 129, (uint32_t)classes);
        for (size_t c = 0; c < case_count; c++) {
            engine *e = NULL;
            open_case(how, &cases[c], &networks[n], dataset, &e);
            if (e == NULL)
                continue;
            compared++;
            compare_with_reference(e, 0, how->batch > 0 ? 50 : 129);
            compare_with_reference(e, 33, 40);
            gr_engine_destroy(e);
        }
        gradus_dataset_destroy(dataset);
    }
    device->kernels = own;
    assert_true(compared >= case_count / 2 * how->networks);
}

/* ---- Steps and evaluations ---- */

/* Loss and number correct of the gradients of steps 0, 1 and 2, in the order of epoch 3, and of evaluations between and
 * after them; the parameters do not change. */
static void sums_of_steps(const engine_case *how, const gradus_network *network, const gradus_dataset *dataset,
                          batch_sums sums[5])
{
    const function_case c = {"", GRADUS_RELU, 0, 0, {.dropout = 0.5f, .input_dropout = 0.2f, .label_smoothing = 0.1f}};
    const update_step still = {.learning_rate = 0};
    const permutation order = gr_permutation((uint32_t)dataset->info.samples, 4, 3);
    float *parameters = calloc(gr_network_layout(network).length, sizeof *parameters);
    engine *e = NULL;
    gr_network_initialise(network, SEED, parameters);
    open_case(how, &c, network, dataset, &e);
    assert_non_null(e);
    assert_ok(e->type->write_parameters(e, parameters));
    assert_ok(e->type->shuffle(e, &order));
    for (int step = 0; step < 5; step++) {
        const bool evaluates = step == 1 || step == 4;
        assert_ok(evaluates ? e->type->evaluate(e, 11, 50) : e->type->gradient(e, 11, 50));
        assert_ok(e->type->read_sums(e, &sums[step]));
        if (!evaluates)
            assert_ok(e->type->update(e, &still));
    }
    gr_engine_destroy(e);
    free(parameters);
}

static void test_steps(void **state)
{
    static const engine_case reference = {&gr_engine_reference, 50, false, 0, 0, false};
    const gradus_network network = {.layers = 3, .sizes = {97, 65, 33, 7}};
    gradus_dataset *dataset = random_dataset(97, 129, 7);
    batch_sums expected[5], sums[5];
    const engine_case *how = *state;
    const kernel_kind own = device->kernels;
    sums_of_steps(&reference, &network, dataset, expected);
    device->kernels = how->gpu_kernels ? KERNELS_GPU : own;
    sums_of_steps(how, &network, dataset, sums);
    device->kernels = own;
    for (int step = 0; step < 5; step++) {
        assert_close(sums[step].loss, expected[step].loss, 0, 1e-5);
        assert_close(sums[step].correct, expected[step].correct, 0, 0);
    }
    assert_true(fabs(sums[0].loss - sums[2].loss) > 0.1 && fabs(sums[2].loss - sums[3].loss) > 0.1);
    assert_close(sums[1].loss, sums[4].loss, 0, 1e-6);
    gradus_dataset_destroy(dataset);
}

/* ---- Max-norm ---- */

#define MAX_NORM 0.7f

/* The parameters after three steps on batches. */
static void limited_steps(const char *name, const gradus_network *network, const gradus_dataset *dataset,
                          float *parameters)
{
    const engine_settings settings = {.batch = 50, .optimizer = {.max_norm = MAX_NORM}};
    const update_step step = {.learning_rate = 0.5f};
    engine *e = NULL;
    gr_network_initialise(network, SEED, parameters);
    assert_ok(gr_engine_open(name, &settings, device, network, dataset, &e));
    assert_string_equal(e->type->name, name);
    assert_ok(e->type->write_parameters(e, parameters));
    for (size_t s = 0; s < 3; s++) {
        assert_ok(e->type->gradient(e, 40 * s, 50));
        assert_ok(e->type->update(e, &step));
    }
    assert_ok(e->type->read_parameters(e, parameters));
    gr_engine_destroy(e);
}

static double norm(const float *row, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += pow((double)row[i], 2);
    return sqrt(squares);
}

/* No row's norm exceeds the limit, some reach it, and every engine scales them alike. */
static void test_max_norm(void **state)
{
    const gradus_network network = {.layers = 3, .sizes = {97, 65, 33, 7}};
    const parameter_layout layout = gr_network_layout(&network);
    gradus_dataset *dataset = random_dataset(97, 130, 7);
    float *expected = calloc(layout.length, sizeof *expected), *got = calloc(layout.length, sizeof *got);
    size_t longest = 0, rows = 0;
    limited_steps("reference", &network, dataset, expected);
    limited_steps(*state, &network, dataset, got);
    assert_true(tensor_error(got, expected, layout.length) < 1e-5);
    for (size_t l = 0; l < network.layers; l++)
        for (size_t r = 0; r < network.sizes[l + 1]; r++, rows++) {
            const double length = norm(got + layout.weights[l] + r * network.sizes[l], network.sizes[l]);
            assert_true(length < (double)MAX_NORM + 1e-6);
            longest += length > (double)MAX_NORM - 1e-6;
        }
    assert_true(longest > rows / 2);
    free(got);
    free(expected);
    gradus_dataset_destroy(dataset);
}

#define ENGINE_TEST(test, name)                                                                                       \
    {                                                                                                                 \
#test ", " #name, test, NULL, NULL, &(name)                                                                   \
    }

int main(void)
{
    static char layered_name[] = "layered", fused_name[] = "fused";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout_keeps_expectation),
        cmocka_unit_test(test_masks_differ),
        ENGINE_TEST(test_functions, layered),
        ENGINE_TEST(test_functions, layered_batch),
        ENGINE_TEST(test_functions, layered_gpu),
        ENGINE_TEST(test_functions, sparse),
        ENGINE_TEST(test_functions, sparse_gpu),
        ENGINE_TEST(test_functions, groups),
        ENGINE_TEST(test_functions, elements),
        ENGINE_TEST(test_functions, dense),
        ENGINE_TEST(test_functions, wide),
        ENGINE_TEST(test_functions, fused_batch),
        ENGINE_TEST(test_functions, batch_gpu),
#if GRADUS_BLAS
        ENGINE_TEST(test_functions, blas),
        ENGINE_TEST(test_functions, blas_batch),
        ENGINE_TEST(test_steps, blas_batch),
#endif
        ENGINE_TEST(test_steps, layered_batch),
        ENGINE_TEST(test_steps, fused_batch),
        ENGINE_TEST(test_steps, batch_gpu),
        ENGINE_TEST(test_max_norm, layered_name),
        ENGINE_TEST(test_max_norm, fused_name),
        {"test_max_norm, fused for GPUs", test_max_norm, use_gpu_kernels, use_own_kernels, &fused_name},
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, compile_quickly, compile_fully);
    gradus_device_close(device);
    return failed;
}
