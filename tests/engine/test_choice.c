/* SPDX-License-Identifier: Apache-2.0 */
/* Stored choices of measurements: written, found again, replaced; damaged files are ignored; and products use them. */
#include "assert_close.h"
#include "engine/opencl/choice.h"
#include "engine/product/product_choice.h"
#include "with_device.h"

#include <dirent.h>
#include <unistd.h>

static gradus_device *device;
static char folder[] = "/tmp/gradus-choices-XXXXXX";

static void assert_choice(const char *key, const char *expected)
{
    char value[CHOICE_TEXT];
    assert_ok(gr_choice_read(device, key, value));
    assert_string_equal(value, expected);
}

static void test_written_and_replaced(void **state)
{
    (void)state;
    assert_choice("a", "");
    assert_ok(gr_choice_write(device, "a", "1"));
    assert_ok(gr_choice_write(device, "ab", "2"));
    assert_ok(gr_choice_write(device, "b", "3"));
    assert_ok(gr_choice_write(device, "ab", "4 and more"));
    assert_choice("a", "1");
    assert_choice("ab", "4 and more");
    assert_choice("b", "3");
    device->kernels = device->kernels == KERNELS_CPU ? KERNELS_GPU : KERNELS_CPU;
    assert_choice("a", ""); /* valid for the other kernels only */
    device->kernels = device->kernels == KERNELS_CPU ? KERNELS_GPU : KERNELS_CPU;
}

/* Calls the function for each file of choices. */
static void for_each_file(void (*change)(const char *path))
{
    char path[512];
    snprintf(path, sizeof path, "%s/gradus/choices", folder);
    DIR *files = opendir(path);
    size_t changed = 0;
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/gradus/choices/%s", folder, entry->d_name);
        change(path);
        changed++;
    }
    closedir(files);
    assert_true(changed > 0);
}

static void cut_short(const char *path)
{
    assert_int_equal(truncate(path, 70), 0);
}

static void test_broken_file_is_ignored(void **state)
{
    (void)state;
    assert_ok(gr_choice_write(device, "a", "1"));
    for_each_file(cut_short);
    assert_choice("a", "");
    assert_ok(gr_choice_write(device, "a", "2"));
    assert_choice("a", "2");
}

static const product_candidate clblast = {&gr_product_clblast, NULL};
static const product_shape shape = {PRODUCT_WEIGHT_GRADIENT, 33, 97, 1003, false, false};

static void assert_chosen(const product_candidate *expected)
{
    char name[PRODUCT_NAME], expected_name[PRODUCT_NAME];
    product_choice choice;
    assert_ok(gr_product_choose(device, &shape, &choice));
    gr_product_name(&choice.candidate, name);
    gr_product_name(expected, expected_name);
    assert_string_equal(name, expected_name);
}

static void test_products_obey(void **state)
{
    (void)state;
    product_candidate own[PRODUCT_CANDIDATES];
    char key[PRODUCT_KEY];
    const size_t count = gr_product_candidates(device, gr_product_own(device), &shape, EFFORT_THOROUGH, own);
    const product_choice other = {own[count - 1], 0.001, 0};
    assert_true(count > 1);
    assert_chosen(&own[0]); /* too small to be measured */
    assert_ok(gr_product_remember(device, &shape, &other));
    assert_chosen(&own[count - 1]);
    device->products = PRODUCTS_OWN;
    assert_chosen(&own[0]);
    device->products = PRODUCTS_CLBLAST;
    assert_chosen(&clblast);
    device->products = PRODUCTS_AUTO;
    gr_product_key(&shape, key);
    assert_ok(gr_choice_write(device, key, "own abacus; 0.1; 0.2"));
    assert_chosen(&own[0]);
}

/* The number of work-groups of the product's first candidate on a device of 132 compute units. */
static size_t groups_of(const product_shape *of)
{
    const unsigned units = device->info.compute_units;
    const product_extents e = gr_product_extents(of);
    product_candidate first[PRODUCT_CANDIDATES];
    char name[PRODUCT_NAME];
    size_t tile_m = 0, tile_n = 0, scratch = 0;
    device->info.compute_units = 132;
    (void)gr_product_candidates(device, &gr_product_gpu, of, EFFORT_DEFAULT, first);
    assert_ok(gr_product_scratch_size(device, of, &first[0], &scratch));
    device->info.compute_units = units;
    gr_product_name(&first[0], name);
    assert_int_equal(sscanf(name, "own gpu %zux%zux", &tile_m, &tile_n), 2);
    const size_t tiles = (e.m + tile_m - 1) / tile_m * ((e.n + tile_n - 1) / tile_n);
    return scratch == 0 ? tiles : tiles * (scratch / (e.m * e.n * sizeof(float)));
}

/* Tiles and splits are chosen so that the work-groups fill the device, as far as there is work for that many. A weight
 * gradient never has a few groups more than the device runs at once. */
static void test_groups_fill_the_device(void **state)
{
    (void)state;
    const product_shape wide = {PRODUCT_FORWARD, 128, 784, 128, true, true};
    const product_shape narrow = {PRODUCT_FORWARD, 10, 784, 32, true, true};
    const product_shape full = {PRODUCT_FORWARD, 128, 784, 41000, true, true};
    assert_true(groups_of(&wide) >= 132);
    assert_true(groups_of(&narrow) >= 12);
    assert_true(groups_of(&full) >= 264);
    for (size_t outputs = 1; outputs < 600; outputs += 37) {
        const product_shape gradient = {PRODUCT_WEIGHT_GRADIENT, outputs, 784, 41000, true, false};
        const size_t groups = groups_of(&gradient);
        assert_true(groups > 132 && groups <= 4 * 132);
    }
}

/* A GPU runs work-items in waves of 32 or 64. */
static void test_no_tiny_groups(void **state)
{
    (void)state;
    static const product_shape shapes[] = {{PRODUCT_FORWARD, 10, 784, 32, true, true},
                                           {PRODUCT_WEIGHT_GRADIENT, 10, 16, 32, false, false},
                                           {PRODUCT_INPUT_GRADIENT, 1, 1, 1, false, true}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        product_candidate all[PRODUCT_CANDIDATES];
        const size_t count = gr_product_candidates(device, &gr_product_gpu, &shapes[i], EFFORT_THOROUGH, all);
        assert_true(count > 0);
        for (size_t c = 0; c < count; c++) {
            char name[PRODUCT_NAME];
            unsigned m = 0, n = 0, k = 0, item_m = 0, item_n = 0;
            gr_product_name(&all[c], name);
            assert_int_equal(sscanf(name, "own gpu %ux%ux%u %ux%u", &m, &n, &k, &item_m, &item_n), 5);
            assert_true(m / item_m * (n / item_n) >= 64);
        }
    }
}

/* CLBlast has errors of its own beside OpenCL's. */
static void test_errors_of_clblast_have_names(void **state)
{
    (void)state;
    product_buffers buffers = {0};
    product *made = NULL;
    assert_ok(gr_buffer_create_zeroed(device, 33 * 1003 * sizeof(float), "dZ", &buffers.outputs));
    assert_ok(gr_buffer_create_zeroed(device, 97 * 1003 * sizeof(float), "A", &buffers.samples));
    assert_ok(gr_buffer_create_zeroed(device, 32 * 97 * sizeof(float), "a row too few", &buffers.parameters));
    assert_ok(gr_product_create(device, &shape, &clblast, &buffers, &made));
    assert_fails(gr_product_enqueue(device, made), GRADUS_ERROR_DEVICE, "CLBlastInsufficientMemoryC");
    gr_product_destroy(made);
    gr_buffer_release(&buffers.outputs);
    gr_buffer_release(&buffers.samples);
    gr_buffer_release(&buffers.parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_replaced), cmocka_unit_test(test_broken_file_is_ignored),
        cmocka_unit_test(test_products_obey),        cmocka_unit_test(test_groups_fill_the_device),
        cmocka_unit_test(test_no_tiny_groups),       cmocka_unit_test(test_errors_of_clblast_have_names),
    };
    char command[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    setenv("XDG_CACHE_HOME", folder, 1);
    device = open_test_device();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return failed + (system(command) != 0);
}
