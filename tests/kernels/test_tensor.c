/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products on tensor cores, which are emulated with all that they cut off: not less accurate than float32, whatever the
 * depth; infinities and NaN are not lost; and without working tensor cores everything else works.
 */
#include "assert_close.h"
#include "core/memory.h"
#include "core/random.h"
#include "engine/product/product_choice.h"
#include "with_device.h"

#include <float.h>
#include <math.h>

static gradus_device *device;

/* ---- A product and its exact results ---- */

typedef struct product_case {
    product_shape shape;
    size_t valid;                          /* samples, after which A ends */
    float *samples, *outputs, *parameters; /* A (I x S), Z or dZ (O x S), W (O x I) and b (O), which are zero for dW */
    uint8_t *bytes;                        /* A, if it is pixels */
    double *exact;                         /* Z, dW or dA */
} product_case;

static size_t result_count(const product_shape *shape)
{
    const product_extents e = gr_product_extents(shape);
    return e.m * e.n;
}

/* From `low` to 1; other ones for each stream. */
static float *random_floats(size_t count, float low, uint32_t stream)
{
    const random_stream numbers = gr_random_stream(7, RANDOM_TEST, stream);
    float *out = NULL;
    assert_ok(gr_allocate(count, &out));
    for (size_t i = 0; i < count; i++)
        out[i] = low + (1 - low) * gr_random_uniform(&numbers, i);
    return out;
}

/* The term of depth k of an element. */
static double term_of(const product_case *p, size_t row, size_t column, size_t k)
{
    const size_t o = p->shape.outputs, i = p->shape.inputs;
    switch (p->shape.kind) {
    case PRODUCT_FORWARD:
        return (double)p->samples[row * i + k] * (double)p->parameters[column * i + k];
    case PRODUCT_WEIGHT_GRADIENT:
        return (double)p->outputs[k * o + row] * (double)p->samples[k * i + column];
    default:
        return (double)p->outputs[row * o + k] * (double)p->parameters[k * i + column];
    }
}

static void find_exact(product_case *p)
{
    const product_extents e = gr_product_extents(&p->shape);
    const double scale = p->shape.pixels ? (double)(1.0f / 255) : 1;
    for (size_t row = 0; row < e.m; row++)
        for (size_t column = 0; column < e.n; column++) {
            double sum = 0;
            for (size_t k = 0; k < e.k; k++)
                sum += term_of(p, row, column, k);
            p->exact[row * e.n + column] = scale * sum;
        }
}

static product_case make_case(const product_shape *shape, float low)
{
    product_case p = {.shape = *shape, .valid = shape->samples};
    const size_t weights = shape->outputs * shape->inputs, samples = shape->inputs * shape->samples;
    p.samples = random_floats(samples, low, 0);
    p.outputs = random_floats(shape->outputs * shape->samples, low, 1);
    p.parameters = random_floats(weights + shape->outputs, low, 2);
    assert_ok(gr_allocate(samples, &p.bytes));
    for (size_t i = 0; shape->pixels && i < samples; i++)
        p.samples[i] = p.bytes[i] = (uint8_t)(255 * fabsf(p.samples[i]));
    memset(p.parameters + weights, 0, shape->outputs * sizeof *p.parameters);
    assert_ok(gr_allocate(result_count(shape), &p.exact));
    find_exact(&p);
    return p;
}

static void free_case(product_case *p)
{
    free(p->samples);
    free(p->outputs);
    free(p->parameters);
    free(p->bytes);
    free(p->exact);
}

/* ---- Running it ---- */

static cl_mem upload(const void *from, size_t bytes)
{
    cl_mem out = NULL;
    assert_ok(gr_buffer_create(device, bytes, "a test", &out));
    if (from != NULL)
        assert_ok(gr_buffer_write(device, out, 0, bytes, from));
    return out;
}

/* The caller frees the result. */
static float *run(const product_case *p, const product_candidate *candidate)
{
    const product_shape *s = &p->shape;
    const size_t weights = s->outputs * s->inputs, samples = s->inputs * s->samples, count = result_count(s);
    const size_t valid = s->inputs * p->valid;
    product_buffers buffers = {.bias_at = weights};
    product *made = NULL;
    float *out = NULL;
    size_t scratch = 0;
    assert_ok(gr_allocate(count, &out));
    buffers.samples = s->pixels ? upload(p->bytes, valid) : upload(p->samples, valid * sizeof(float));
    buffers.outputs = upload(p->outputs, s->outputs * s->samples * sizeof(float));
    buffers.parameters = upload(p->parameters, (weights + s->outputs) * sizeof(float));
    assert_ok(gr_product_scratch_size(device, s, candidate, &scratch));
    buffers.below = upload(NULL, samples * sizeof(float));
    buffers.scratch = upload(NULL, scratch + 1);
    assert_ok(gr_product_create(device, s, candidate, &buffers, &made));
    assert_ok(gr_product_set_samples(made, 0, p->valid));
    assert_ok(gr_product_enqueue(device, made));
    const cl_mem results[] = {buffers.outputs, buffers.parameters, buffers.below}; /* by kind */
    assert_ok(gr_buffer_read(device, results[s->kind], 0, count * sizeof *out, out));
    gr_product_destroy(made);
    gr_buffer_release(&buffers.samples);
    gr_buffer_release(&buffers.outputs);
    gr_buffer_release(&buffers.parameters);
    gr_buffer_release(&buffers.below);
    gr_buffer_release(&buffers.scratch);
    return out;
}

/* The candidate of a family with the smallest tiles, which compute the least besides these small products. */
static product_candidate smallest(const product_family *family, const product_shape *shape)
{
    product_candidate all[PRODUCT_CANDIDATES];
    size_t least = SIZE_MAX, best = 0;
    const size_t count = gr_product_candidates(device, family, shape, EFFORT_THOROUGH, all);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        char name[PRODUCT_NAME];
        size_t m = 0, n = 0;
        gr_product_name(&all[i], name);
        assert_int_equal(sscanf(name, "own %*s %zux%zux", &m, &n), 2);
        best = m * n < least ? i : best;
        least = m * n < least ? m * n : least;
    }
    return all[best];
}

/* ---- All kinds ---- */

/* As small as they can be with several tiles and shares: also for Oclgrind, which takes a second for a few mma_bf16. */
static void test_small_products(void **state)
{
    (void)state;
    static const product_shape shapes[] = {
        {PRODUCT_FORWARD, 34, 40, 3, true, false},         {PRODUCT_FORWARD, 5, 33, 34, false, false},
        {PRODUCT_WEIGHT_GRADIENT, 6, 34, 70, true, false}, {PRODUCT_WEIGHT_GRADIENT, 35, 3, 65, false, false},
        {PRODUCT_INPUT_GRADIENT, 36, 4, 5, false, false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        product_case p = make_case(&shapes[i], -1);
        const product_candidate candidate = smallest(&gr_product_tensor, &shapes[i]);
        float *got = run(&p, &candidate);
        for (size_t k = 0; k < result_count(&shapes[i]); k++)
            assert_close(got[k], p.exact[k], 1e-5, 1e-6);
        free(got);
        free_case(&p);
    }
}

/* A tile without valid samples, which are all that there is of A. */
static void test_only_valid_samples_are_read(void **state)
{
    (void)state;
    const product_shape shape = {PRODUCT_FORWARD, 3, 8, 65, true, false};
    product_case p = make_case(&shape, -1);
    const product_candidate candidate = smallest(&gr_product_tensor, &shape);
    p.valid = 31;
    float *got = run(&p, &candidate);
    for (size_t k = 0; k < result_count(&shape); k++)
        assert_close(got[k], k < p.valid * shape.outputs ? p.exact[k] : (double)p.outputs[k], 1e-5, 1e-6);
    free(got);
    free_case(&p);
}

/* ---- Accuracy ---- */

/* The square root of the mean of the squared errors, and the largest error. */
typedef struct errors {
    double mean, largest;
} errors;

static errors errors_of(const product_case *p, const product_family *family)
{
    const product_candidate candidate = smallest(family, &p->shape);
    const size_t count = result_count(&p->shape);
    float *got = run(p, &candidate);
    errors e = {0, 0};
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)got[i] - p->exact[i]);
        e.mean += error * error / (double)count;
        e.largest = fmax(e.largest, error);
    }
    e.mean = sqrt(e.mean);
    free(got);
    return e;
}

/* Numbers of both signs, and positive ones, with which what is cut off adds up. */
static void test_as_accurate_as_float32(void **state)
{
    (void)state;
    static const product_shape shapes[] = {
        {PRODUCT_FORWARD, 32, 784, 32, true, false},
        {PRODUCT_FORWARD, 32, 784, 32, false, false},
        {PRODUCT_WEIGHT_GRADIENT, 32, 32, 20000, true, false},
        {PRODUCT_WEIGHT_GRADIENT, 32, 32, 10000, false, false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int low = -1; low <= 0; low++) {
            product_case p = make_case(&shapes[i], (float)low);
            const errors gpu = errors_of(&p, &gr_product_gpu), tensor = errors_of(&p, &gr_product_tensor);
            char key[PRODUCT_KEY];
            gr_product_key(&shapes[i], key);
            print_message("  %s, from %d: mean error %.2e, float32 %.2e; largest %.2e, float32 %.2e\n", key, low,
                          tensor.mean, gpu.mean, tensor.largest, gpu.largest);
            assert_true(gpu.mean > 0);
            assert_true(tensor.mean <= gpu.mean && tensor.largest <= gpu.largest);
            free_case(&p);
        }
}

/* ---- Other numbers ---- */

/* z (1 x 1) = x w */
static float multiply(float x, float w)
{
    const product_shape shape = {PRODUCT_FORWARD, 1, 1, 1, false, false};
    float parameters[] = {w, 0}, z = 0;
    const product_case p = {.shape = shape, .valid = 1, .samples = &x, .outputs = &z, .parameters = parameters};
    const product_candidate candidate = smallest(&gr_product_tensor, &shape);
    float *got = run(&p, &candidate);
    z = *got;
    free(got);
    return z;
}

/* NaN whose bits are all set is what NVIDIA's GPUs make; rounded like a number, it would become zero. */
static void test_infinity_and_nan_are_not_lost(void **state)
{
    (void)state;
    const uint32_t all_set = 0x7fffffff, least = 0x7f800001;
    float nans[2];
    memcpy(&nans[0], &all_set, sizeof all_set);
    memcpy(&nans[1], &least, sizeof least);
    for (size_t i = 0; i < 2; i++) {
        assert_true(isnan(multiply(nans[i], 1)) && isnan(multiply(1, nans[i])) && isnan(multiply(nans[i], 0)));
        assert_true(isnan(multiply(i == 0 ? INFINITY : -INFINITY, 1)));
    }
    assert_false(isfinite(multiply(1, FLT_MAX)));
    assert_false(isfinite(multiply(1e30f, 1e30f)));
}

static void test_large_and_small_numbers(void **state)
{
    (void)state;
    static const float numbers[][2] = {{3.38e38f, 1},      {1.2345678e30f, -7.654321e7f}, {1.2345678e-30f, 3.2109876f},
                                       {-9.87654e-33f, 1}, {1.1754944e-38f, 8192},        {0, -5}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const float x = numbers[i][0], w = numbers[i][1];
        assert_close(multiply(x, w), (double)x * (double)w, 0x1p-133 * fabs((double)w), FLT_EPSILON);
    }
}

/* ---- Without tensor cores ---- */

/* Here the compiler does not know NVIDIA's instruction; with a wrong kernel it computes something else. */
static void assert_not_used(void)
{
    const product_shape shape = {PRODUCT_FORWARD, 40, 50, 60, false, false};
    product_candidate all[PRODUCT_CANDIDATES];
    double seconds = 0;
    device->tensor = TENSOR_UNPROVEN;
    gr_program_release_shared(device);
    const product_candidate candidate = smallest(&gr_product_tensor, &shape);
    assert_ok(gr_product_measure(device, &shape, &candidate, &(product_measure_limits){1e9, 1}, &seconds));
    assert_true(isinf(seconds));
    assert_int_equal(device->tensor, TENSOR_NONE);
    assert_int_equal(gr_product_candidates(device, &gr_product_tensor, &shape, EFFORT_THOROUGH, all), 0);
    device->tensor = TENSOR_PROVEN;
}

static void test_refused_kernel_is_not_used(void **state)
{
    (void)state;
    device->emulates_tensor = false;
    assert_not_used();
    device->emulates_tensor = true;
}

static void test_right_kernel_is_used(void **state)
{
    (void)state;
    const product_shape shape = {PRODUCT_FORWARD, 40, 50, 60, false, false};
    const product_candidate candidate = smallest(&gr_product_tensor, &shape);
    bool works = false;
    device->tensor = TENSOR_UNPROVEN;
    assert_ok(gr_product_prove(device, &candidate, &works));
    assert_true(works);
    assert_int_equal(device->tensor, TENSOR_PROVEN);
}

/* A folder of kernels in which lanes have other rows of A than an mma expects. */
static void test_wrong_kernel_is_not_used(void **state)
{
    (void)state;
    char folder[] = "/tmp/gradus-kernels-XXXXXX", command[512];
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command,
             "mkdir %s/product && sed 's/upper.y, lower.y/lower.y, upper.y/' %s/kernels/product/product_tensor.cl "
             ">%s/product/product_tensor.cl",
             folder, getenv("TEST_SOURCE_DIR"), folder);
    assert_int_equal(system(command), 0);
    setenv("GRADUS_KERNEL_DIR", folder, 1);
    assert_not_used();
    unsetenv("GRADUS_KERNEL_DIR");
    gr_program_release_shared(device);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* With an argument only the small products. */
int main(int count, char **arguments)
{
    const struct CMUnitTest small[] = {
        cmocka_unit_test(test_small_products),
        cmocka_unit_test(test_only_valid_samples_are_read),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_products),           cmocka_unit_test(test_only_valid_samples_are_read),
        cmocka_unit_test(test_right_kernel_is_used),     cmocka_unit_test(test_refused_kernel_is_not_used),
        cmocka_unit_test(test_wrong_kernel_is_not_used), cmocka_unit_test(test_infinity_and_nan_are_not_lost),
        cmocka_unit_test(test_large_and_small_numbers),  cmocka_unit_test(test_as_accurate_as_float32),
    };
    device = open_test_device();
    device->info.compute_units = 1; /* with few parts, so that their sums are long */
    device->tensor = TENSOR_PROVEN;
    device->emulates_tensor = true;
    (void)arguments;
    const int failed = count > 1 ? cmocka_run_group_tests_name("small", small, NULL, NULL)
                                 : cmocka_run_group_tests_name("all", tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
