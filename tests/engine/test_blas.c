/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "blas" against the reference, for several numbers of threads; needs no device. */
#include "core/cores.h"
#include "engine/blas/blas_state.h"
#include "engine/select/engines.h"
#include "engine_cases.h"

#include <cblas.h>

static engine *new_engine(const gradus_network *network, const gradus_dataset *dataset)
{
    engine *e = NULL;
    assert_ok(gr_engine_create(&gr_engine_blas, NULL, network, dataset, &e));
    return e;
}

static void compare_all(const gradus_network *network, const gradus_dataset *dataset)
{
    engine *e = new_engine(network, dataset);
    compare_with_reference(e, 0, dataset->info.samples);
    gr_engine_destroy(e);
}

static void test_blas_gradient(void **state)
{
    (void)state;
    for_each_engine_case(compare_all);
}

static const gradus_network deep = {.layers = 3, .sizes = {97, 33, 17, 7}};

/* Any number of threads, each with several slices, or with none if a batch has fewer samples than threads. */
static void test_blas_threads_and_slices(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(97, 3001, 7);
    const int before = openblas_get_num_threads();
    for (size_t threads = 1; threads <= 5; threads++) {
        engine *e = NULL;
        assert_ok(gr_engine_open("blas", &(engine_settings){.threads = threads}, NULL, &deep, dataset, &e));
        assert_int_equal(((blas *)e)->part_count, threads);
        assert_true(((blas *)e)->slice * threads < 3001);
        compare_with_reference(e, 0, 3001);
        compare_with_reference(e, 7, 1234);
        compare_with_reference(e, 3000, 1);
        gr_engine_destroy(e);
        assert_int_equal(openblas_get_num_threads(), before);
    }
    gradus_dataset_destroy(dataset);
}

/* Without a number: at most as many as OpenBLAS would use and the process may use. */
static void test_blas_automatic_threads(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(97, 3001, 7);
    const int before = openblas_get_num_threads();
    const size_t cores = gr_cores_available();
    for (int threads = 1; threads <= 3; threads++) {
        openblas_set_num_threads(threads);
        const size_t usual = (size_t)openblas_get_num_threads(); /* a sequential OpenBLAS keeps one */
        engine *e = new_engine(&deep, dataset);
        assert_int_equal(((blas *)e)->part_count, usual < cores ? usual : cores);
        gr_engine_destroy(e);
    }
    openblas_set_num_threads(before);
    gradus_dataset_destroy(dataset);
}

/* Large samples make slices short: these layers would be 8 MB for each hundred samples. */
static void test_blas_short_slices(void **state)
{
    (void)state;
    const gradus_network wide = {.layers = 2, .sizes = {20011, 3, 2}};
    gradus_dataset *dataset = random_dataset(20011, 500, 2);
    engine *e = new_engine(&wide, dataset);
    assert_true(((blas *)e)->slice >= 64 && ((blas *)e)->slice < 250);
    compare_with_reference(e, 0, 500);
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
}

/* The sums of the parts are added in a fixed order, whichever is ready first. */
static void test_blas_same_bits(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(97, 3001, 7);
    const parameter_layout layout = gr_network_layout(&deep);
    float *parameters = calloc(layout.length, sizeof *parameters), *first = calloc(layout.length, sizeof *first),
          *again = calloc(layout.length, sizeof *again);
    batch_sums first_sums, sums;
    gr_network_initialise(&deep, SEED, parameters);
    engine *e = new_engine(&deep, dataset);
    gradient_of(e, parameters, 0, 3001, first, &first_sums);
    for (int i = 0; i < 20; i++) {
        gradient_of(e, parameters, 0, 3001, again, &sums);
        assert_memory_equal(again, first, layout.length * sizeof *first);
        assert_memory_equal(&sums, &first_sums, sizeof sums);
    }
    gr_engine_destroy(e);
    free(again);
    free(first);
    free(parameters);
    gradus_dataset_destroy(dataset);
}

static void test_blas_refuses_huge_layers(void **state)
{
    (void)state;
    gradus_dataset *dataset = random_dataset(1, 2, 2);
    const gradus_network huge = {.layers = 2, .sizes = {1, (size_t)1 << 31, 2}};
    engine *e = NULL;
    assert_fails(gr_engine_create(&gr_engine_blas, NULL, &huge, dataset, &e), GRADUS_ERROR_ARGUMENT,
                 "found a layer of 2147483648 units, expected at most 2147483647");
    gradus_dataset_destroy(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blas_gradient),          cmocka_unit_test(test_blas_threads_and_slices),
        cmocka_unit_test(test_blas_automatic_threads), cmocka_unit_test(test_blas_short_slices),
        cmocka_unit_test(test_blas_same_bits),         cmocka_unit_test(test_blas_refuses_huge_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
