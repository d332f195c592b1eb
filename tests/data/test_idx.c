/* SPDX-License-Identifier: Apache-2.0 */
/* IDX files: three images of 2 x 3 (width x height) with their labels, intact and damaged in every way. */
#include "data/dataset.h"
#include "scratch.h"

enum { IMAGES_SIZE = 16 + 18, LABELS_SIZE = 8 + 3 };

static void make_images(uint8_t file[IMAGES_SIZE])
{
    const uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 2};
    memcpy(file, header, sizeof header);
    for (size_t i = 0; i < 18; i++)
        file[16 + i] = (uint8_t)(200 + i);
}

static const uint8_t good_labels[LABELS_SIZE] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};

/* Reads the images' first `size` bytes with byte `at` changed, and good labels. */
static gradus_status read_images(size_t size, size_t at, uint8_t value)
{
    uint8_t file[IMAGES_SIZE + 1] = {0};
    gradus_dataset *dataset = NULL;
    make_images(file);
    file[at] = value;
    const char *images = scratch_write("images", file, size);
    gradus_status status = gr_idx_read(images, scratch_write("labels", good_labels, LABELS_SIZE), &dataset);
    assert_true((status == GRADUS_OK) == (dataset != NULL));
    gradus_dataset_destroy(dataset);
    return status;
}

static gradus_status read_labels(size_t size, size_t at, uint8_t value)
{
    uint8_t images[IMAGES_SIZE], file[LABELS_SIZE + 1] = {0};
    gradus_dataset *dataset = NULL;
    make_images(images);
    memcpy(file, good_labels, LABELS_SIZE);
    file[at] = value;
    const char *labels = scratch_write("labels", file, size);
    gradus_status status = gr_idx_read(scratch_write("images", images, IMAGES_SIZE), labels, &dataset);
    assert_true((status == GRADUS_OK) == (dataset != NULL));
    gradus_dataset_destroy(dataset);
    return status;
}

static void test_idx_raw_and_gzipped(void **state)
{
    (void)state;
    uint8_t file[IMAGES_SIZE];
    make_images(file);
    const char *images[] = {scratch_write("raw", file, IMAGES_SIZE), scratch_gzip("packed.gz", file, IMAGES_SIZE)};
    const char *labels = scratch_gzip("labels.gz", good_labels, LABELS_SIZE);
    for (size_t i = 0; i < 2; i++) {
        gradus_dataset *dataset = NULL;
        assert_ok(gr_idx_read(images[i], labels, &dataset));
        gradus_dataset_info info = gradus_dataset_get_info(dataset);
        assert_int_equal(info.samples, 3);
        assert_int_equal(info.features, 6);
        assert_int_equal(info.width, 2);
        assert_int_equal(info.height, 3);
        assert_int_equal(info.classes, 10);
        assert_memory_equal(gradus_dataset_pixels(dataset), file + 16, 18);
        assert_memory_equal(gradus_dataset_labels(dataset), good_labels + 8, 3);
        gradus_dataset_destroy(dataset);
    }
}

static void test_idx_wrong_magic(void **state)
{
    (void)state;
    assert_ok(read_images(IMAGES_SIZE, 3, 3)); /* the other tests damage this valid file */
    assert_ok(read_labels(LABELS_SIZE, 3, 1));
    assert_fails(read_images(IMAGES_SIZE, 3, 1), GRADUS_ERROR_DATA,
                 "images: byte 0: found 0x00000801, expected 0x00000803 for IDX images");
    assert_fails(read_labels(LABELS_SIZE, 0, 255), GRADUS_ERROR_DATA,
                 "labels: byte 0: found 0xff000801, expected 0x00000801 for IDX labels");
}

static void test_idx_impossible_sizes(void **state)
{
    (void)state;
    assert_fails(read_images(IMAGES_SIZE, 7, 0), GRADUS_ERROR_DATA,
                 "images: byte 4: found 0 images, expected at least 1");
    assert_fails(read_labels(LABELS_SIZE, 7, 0), GRADUS_ERROR_DATA,
                 "labels: byte 4: found 0 labels, expected at least 1");
    assert_fails(read_images(IMAGES_SIZE, 11, 0), GRADUS_ERROR_DATA,
                 "images: byte 8: found an image height of 0, expected 1..65535");
    assert_fails(read_images(IMAGES_SIZE, 12, 255), GRADUS_ERROR_DATA,
                 "images: byte 12: found an image width of 4278190082, expected 1..65535");
}

/* 2^32 - 1 images of 65535 x 65535 do not overflow, but no machine has that much memory; it must not be allocated. */
static void test_idx_huge_claim_allocates_little(void **state)
{
    (void)state;
    const uint8_t file[20] = {0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 1, 2, 3, 4};
    gradus_dataset *dataset = NULL;
    const char *labels = scratch_write("labels", good_labels, LABELS_SIZE);
    assert_fails(gr_idx_read(scratch_write("images", file, sizeof file), labels, &dataset), GRADUS_ERROR_DATA,
                 "images: byte 20: found the end of the file, expected 18446181123756261375 bytes of pixels");
}

static void test_idx_truncated(void **state)
{
    (void)state;
    assert_fails(read_images(0, 0, 0), GRADUS_ERROR_DATA,
                 "images: byte 0: found the end of the file, expected an IDX header of 16 bytes");
    assert_fails(read_images(15, 0, 0), GRADUS_ERROR_DATA,
                 "images: byte 15: found the end of the file, expected an IDX header of 16 bytes");
    assert_fails(read_images(IMAGES_SIZE - 1, 0, 0), GRADUS_ERROR_DATA,
                 "images: byte 33: found the end of the file, expected 18 bytes of pixels in all, 1 more");
    assert_fails(read_labels(7, 0, 0), GRADUS_ERROR_DATA,
                 "labels: byte 7: found the end of the file, expected an IDX header of 8 bytes");
    assert_fails(read_labels(LABELS_SIZE - 2, 0, 0), GRADUS_ERROR_DATA,
                 "labels: byte 9: found the end of the file, expected 3 bytes of labels in all, 2 more");
}

static void test_idx_trailing_bytes(void **state)
{
    (void)state;
    assert_fails(read_images(IMAGES_SIZE + 1, 0, 0), GRADUS_ERROR_DATA,
                 "images: byte 34: found more bytes, expected the end of the file after 18 bytes of pixels");
    assert_fails(read_labels(LABELS_SIZE + 1, 0, 0), GRADUS_ERROR_DATA,
                 "labels: byte 11: found more bytes, expected the end of the file after 3 bytes of labels");
}

static void test_idx_labels_of_another_count(void **state)
{
    (void)state;
    assert_fails(read_labels(LABELS_SIZE, 7, 4), GRADUS_ERROR_DATA,
                 "labels: byte 4: found 4 labels, expected 3, one for each image of /tmp/gradus-test-");
}

/* The checksum is after the last byte that the header counts; it must still be verified. */
static void test_idx_gzip_without_its_end(void **state)
{
    (void)state;
    uint8_t file[IMAGES_SIZE], packed[256];
    gradus_dataset *dataset = NULL;
    make_images(file);
    const size_t size = scratch_pack(file, IMAGES_SIZE, packed, sizeof packed);
    const char *labels = scratch_write("labels", good_labels, LABELS_SIZE);
    assert_fails(gr_idx_read(scratch_write("images.gz", packed, size - 8), labels, &dataset), GRADUS_ERROR_DATA,
                 "images.gz: byte 34 (unpacked): found the end of the file within gzip data");
    assert_fails(gr_idx_read(scratch_write("images.gz", packed, size / 2), labels, &dataset), GRADUS_ERROR_DATA,
                 "found the end of the file within gzip data, which are cut off");
    packed[size - 8] ^= 1;
    assert_fails(gr_idx_read(scratch_write("images.gz", packed, size), labels, &dataset), GRADUS_ERROR_DATA,
                 "images.gz: at or before byte 34 (unpacked): found damaged gzip data");
}

static void test_idx_missing_file(void **state)
{
    (void)state;
    gradus_dataset *dataset = NULL;
    assert_fails(gr_idx_read(scratch_path("none"), scratch_path("none"), &dataset), GRADUS_ERROR_NO_INPUT,
                 "none: cannot be opened: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_idx_raw_and_gzipped),
        scratch_test(test_idx_wrong_magic),
        scratch_test(test_idx_impossible_sizes),
        scratch_test(test_idx_huge_claim_allocates_little),
        scratch_test(test_idx_truncated),
        scratch_test(test_idx_trailing_bytes),
        scratch_test(test_idx_labels_of_another_count),
        scratch_test(test_idx_gzip_without_its_end),
        scratch_test(test_idx_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
