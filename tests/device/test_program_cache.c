/* SPDX-License-Identifier: Apache-2.0 */
/* Programs from the cache: found again, and built again if the entry is damaged. */
#include "device/device.h"
#include "device/program_cache.h"
#include "files/cache.h"
#include "scratch.h"
#include "with_device.h"

#include <dirent.h>
#include <xxhash.h>

static gradus_device *device;

/* Builds a program and checks that it works. */
static void build(const char *options)
{
    cl_program program = NULL;
    cl_int error = 1;
    assert_ok(gr_program_build(device, "common/optimizer.cl", options, &program));
    cl_kernel kernel = clCreateKernel(program, "update_parameters", &error);
    assert_int_equal(error, CL_SUCCESS);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
}

/* The number of entries. *key is one of them. */
static size_t count_entries(program_key *key)
{
    size_t count = 0;
    DIR *folder = opendir(scratch_path("gradus/programs"));
    if (folder == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(key->entry, sizeof key->entry, "programs/%.16s", entry->d_name);
        count++;
    }
    closedir(folder);
    return count;
}

static bool is_hit(const program_key *key)
{
    cl_program program = gr_program_cache_load(device->context, device->id, key, "-cl-std=CL1.2");
    if (program == NULL)
        return false;
    clReleaseProgram(program);
    return true;
}

static void use_cache(const char *forced)
{
    setenv("XDG_CACHE_HOME", scratch_folder, 1);
    setenv("GRADUS_PROGRAM_CACHE", forced, 1);
}

static void test_hit_and_miss(void **state)
{
    (void)state;
    program_key key = {"programs/0123456789abcdef"};
    use_cache("1");
    assert_false(is_hit(&key));
    build("");
    assert_int_equal(count_entries(&key), 1);
    assert_true(is_hit(&key));
    build("");
    assert_int_equal(count_entries(&key), 1);
    build("-D OTHER=1");
    assert_int_equal(count_entries(&key), 2);
}

static void test_not_wanted(void **state)
{
    (void)state;
    program_key key;
    use_cache("0");
    build("");
    assert_int_equal(count_entries(&key), 0);
    use_cache("");
    build("");
    const bool keeps_itself = strcmp(device->info.platform, "Portable Computing Language") == 0 ||
                              strcmp(device->info.platform, "NVIDIA CUDA") == 0;
    assert_int_equal(count_entries(&key), keeps_itself ? 0 : 1);
}

/* A bad entry replaces a good one: it is not used, the build succeeds, and writes a good entry again. */
static void expect_replaced(const program_key *key, const void *bytes, size_t size)
{
    gr_cache_write(key->entry, bytes, size);
    assert_false(is_hit(key));
    build("");
    assert_true(is_hit(key));
}

static void test_broken_entries(void **state)
{
    (void)state;
    program_key key;
    unsigned char *good = NULL, *bad;
    size_t size = 0;
    use_cache("1");
    build("");
    assert_int_equal(count_entries(&key), 1);
    assert_ok(gr_cache_read(key.entry, (void **)&good, &size));
    assert_true(size > 1000);
    bad = malloc(size + 1);

    memcpy(bad, good, size);
    bad[size] = 0;
    expect_replaced(&key, bad, size + 1);
    expect_replaced(&key, bad, size - 1);
    expect_replaced(&key, bad, size / 2);
    expect_replaced(&key, bad, 24); /* the header alone */
    expect_replaced(&key, bad, 23);
    expect_replaced(&key, bad, 0);
    const size_t places[] = {0, 7, 8, 16, 24, size / 2, size - 1}; /* magic, size, hash, binary */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(bad, good, size);
        bad[places[i]] ^= 0x10;
        expect_replaced(&key, bad, size);
    }
    free(bad);
    free(good);
}

/* A complete entry that the driver does not accept, such as that of another version. */
static void test_refused_by_driver(void **state)
{
    (void)state;
    program_key key;
    const char nonsense[] = "this is no program of any driver";
    const uint64_t numbers[] = {sizeof nonsense, XXH3_64bits(nonsense, sizeof nonsense)};
    unsigned char entry[8 + sizeof numbers + sizeof nonsense];
    use_cache("1");
    build("");
    assert_int_equal(count_entries(&key), 1);
    memcpy(entry, "gradusP1", 8);
    memcpy(entry + 8, numbers, sizeof numbers);
    memcpy(entry + 8 + sizeof numbers, nonsense, sizeof nonsense);
    expect_replaced(&key, entry, sizeof entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_hit_and_miss),
        scratch_test(test_not_wanted),
        scratch_test(test_broken_entries),
        scratch_test(test_refused_by_driver),
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
