/* SPDX-License-Identifier: Apache-2.0 */
/* CSV files: two samples of two pixels in every accepted form, and each fault with its line and column. */
#include "data/dataset.h"
#include "scratch.h"

/* The text with UTF-8's byte order mark before it. */
#define BYTE_ORDER_MARK(text) ("\xEF\xBB\xBF" text)

static gradus_status read_text(const char *text, gradus_data_options options, gradus_dataset **out)
{
    *out = NULL;
    gradus_status status = gr_csv_read(scratch_text("f.csv", text), &options, out);
    assert_true((status == GRADUS_OK) == (*out != NULL));
    return status;
}

/* Reads a file that is wrong, with the default options. */
static gradus_status read_wrong(const char *text)
{
    gradus_dataset *dataset = NULL;
    gradus_status status = read_text(text, gradus_data_options_default(), &dataset);
    gradus_dataset_destroy(dataset);
    return status;
}

/* Fails unless the set is 10, 255 | 0, 7 with labels 3 and 9, or without labels. */
static void check_two_samples(gradus_dataset *dataset, bool labelled)
{
    const uint8_t pixels[4] = {10, 255, 0, 7}, labels[2] = {3, 9}; /* (2 x 2), (2) */
    gradus_dataset_info info = gradus_dataset_get_info(dataset);
    assert_int_equal(info.samples, 2);
    assert_int_equal(info.features, 2);
    assert_int_equal(info.width, 2);
    assert_int_equal(info.height, 1);
    assert_int_equal(info.labelled, labelled);
    assert_memory_equal(gradus_dataset_pixels(dataset), pixels, 4);
    if (labelled)
        assert_memory_equal(gradus_dataset_labels(dataset), labels, 2);
    else
        assert_null(gradus_dataset_labels(dataset));
    gradus_dataset_destroy(dataset);
}

static void test_csv_accepted_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "3,10,255\n9,0,7\n",
        "3,10,255\n9,0,7",
        "3,10,255\r\n9,0,7\r\n",
        "3,10,255\r\n9,0,7\r",
        "label,pixel0,pixel1\n3,10,255\n9,0,7\n",
        "\"label\",\"pixel0\",\"pixel,1\"\r\n3,10,255\r\n9,0,7",
        "Label,0,1\n3,10,255\n9,0,7\n",
        BYTE_ORDER_MARK("3,10,255\n9,0,7\n"),
        BYTE_ORDER_MARK("label,pixel0,pixel1\r\n3,10,255\r\n9,0,7\r\n"),
        "003,010,255\n9,000,07\n",
        "3,10,255\n9,0,7\n\n", /* one empty line at the end */
        "label,pixel0,pixel1\r\n3,10,255\r\n9,0,7\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        gradus_dataset *dataset = NULL;
        assert_ok(read_text(texts[i], gradus_data_options_default(), &dataset));
        check_two_samples(dataset, true);
        gradus_data_options options = gradus_data_options_default();
        assert_ok(gr_csv_read(scratch_gzip("f.csv.gz", texts[i], strlen(texts[i])), &options, &dataset));
        check_two_samples(dataset, true);
    }
}

static void test_csv_without_labels(void **state)
{
    (void)state;
    gradus_dataset *dataset = NULL;
    const gradus_data_options allow = {.allow_unlabelled = true}, two = {.allow_unlabelled = true, .features = 2};
    assert_ok(read_text("pixel0,pixel1\n10,255\n0,7\n", allow, &dataset));
    check_two_samples(dataset, false);
    assert_ok(read_text("10,255\n0,7\n", two, &dataset));
    check_two_samples(dataset, false);
    assert_ok(read_text("3,10,255\n9,0,7\n", two, &dataset));
    check_two_samples(dataset, true);
    assert_ok(read_text("3,10,255\n9,0,7\n", allow, &dataset)); /* no header, no number: labels are assumed */
    check_two_samples(dataset, true);

    assert_fails(read_wrong("pixel0,pixel1\n10,255\n"), GRADUS_ERROR_DATA,
                 "f.csv:1: column 1: found pixel0, expected label");
    assert_fails(read_text("10,255\n", (gradus_data_options){.features = 2}, &dataset), GRADUS_ERROR_DATA,
                 "f.csv:1: column 1: found no label, expected a label before the pixels");
}

static void test_csv_number_of_features(void **state)
{
    (void)state;
    gradus_dataset *dataset = NULL;
    const gradus_data_options four = {.features = 4}, four_or_five = {.features = 4, .allow_unlabelled = true};
    assert_fails(read_text("3,10,255\n", four, &dataset), GRADUS_ERROR_DATA,
                 "f.csv:1: found 2 features after the label, expected 4");
    assert_fails(read_text("label,a,b,c,d,e\n3,1,2,3,4,5\n", four, &dataset), GRADUS_ERROR_DATA,
                 "f.csv:2: found 5 features after the label, expected 4");
    assert_fails(read_text("a,b\n3,1\n", four_or_five, &dataset), GRADUS_ERROR_DATA,
                 "f.csv:2: found 2 features, expected 4");
    assert_fails(read_wrong("label\n3\n"), GRADUS_ERROR_DATA, "f.csv:2: found a label only, expected pixels after it");
    assert_ok(read_text("3,1,2,3,4\n", four, &dataset));
    assert_int_equal(gradus_dataset_get_info(dataset).width, 2); /* four pixels are a square */
    assert_int_equal(gradus_dataset_get_info(dataset).height, 2);
    gradus_dataset_destroy(dataset);
}

static void test_csv_wrong_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"label,pixel0,pixel1\n3,10,255\n9,abc,7\n",
         "f.csv:3: column 2 (pixel0): found \"abc\", expected an integer 0..255"},
        {"label,pixel0,pixel1\n3,10,256\n", "f.csv:2: column 3 (pixel1): found \"256\", expected an integer 0..255"},
        {"label,pixel0,pixel1\n-1,10,25\n", "f.csv:2: column 1 (label): found \"-1\", expected an integer 0..255"},
        {"256,10,255\n", "f.csv:1: column 1: found \"256\", expected an integer 0..255"},
        {"3,,255\n", "f.csv:1: column 2: found \"\", expected an integer 0..255"},
        {"3,10,\r\n", "f.csv:1: column 3: found \"\", expected an integer 0..255"},
        {"3,10,", "f.csv:1: column 3: found \"\", expected an integer 0..255"},
        {"3,10,256\n1,2,300\n", "f.csv:1: column 3: found \"256\", expected an integer 0..255"},
        {"3.0,10,255\n", "f.csv:1: column 1: found \"3.0\", expected an integer 0..255"},
        {"3, 1,2\n", "f.csv:1: column 2: found \" 1\", expected an integer 0..255"},
        {"3,1\r,2\n", "f.csv:1: column 2: found \"1\", expected an integer 0..255"},
        {"3,0001,2\n", "f.csv:1: column 2: found \"0001\", expected an integer 0..255"},
        {"3,4294967297,2\n", "f.csv:1: column 2: found \"4294967297\", expected an integer 0..255"},
        {"3,10\n\n9,1\n", "f.csv:2: column 1: found \"\", expected an integer 0..255"},
        {"3,10\n\n\n", "f.csv:2: column 1: found \"\", expected an integer 0..255"},
        {"\n3,10\n", "f.csv:1: column 1: found \"\", expected an integer 0..255"},
        {"label,a\n\n", "f.csv:2: column 1 (label): found \"\", expected an integer 0..255"},
        {"3,\x01\x02,1\n", "f.csv:1: column 2: found \"??\", expected an integer 0..255"},
        {"3,abcdefghijklmnopqrstuvwxyz\n", "f.csv:1: column 2: found \"abcdefghijklmnopqrstuvwx...\", expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(read_wrong(cases[i].text), GRADUS_ERROR_DATA, cases[i].message);
}

/* ---- Floats ---- */

/* Fails unless the set is two samples of these features with labels 3 and 9, or without labels. */
static void check_two_of_floats(gradus_dataset *dataset, const float features[4], bool labelled)
{
    const uint8_t labels[2] = {3, 9};
    const gradus_dataset_info info = gradus_dataset_get_info(dataset);
    assert_true(info.floats);
    assert_int_equal(info.samples, 2);
    assert_int_equal(info.features, 2);
    assert_int_equal(info.labelled, labelled);
    assert_null(gradus_dataset_pixels(dataset));
    assert_memory_equal(gradus_dataset_floats(dataset), features, 4 * sizeof *features);
    if (labelled)
        assert_memory_equal(gradus_dataset_labels(dataset), labels, 2);
    gradus_dataset_destroy(dataset);
}

/* Each sign that the numbers are floats, in each position: numbers that were read as bytes before become floats. */
static void test_csv_floats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        float features[4];
    } cases[] = {
        {"3,0.5,255\n9,0,7\n", {0.5f, 255, 0, 7}},
        {"3,10,255\n9,0,7.\n", {10, 255, 0, 7}},
        {"3,10,-1\n9,0,+7\n", {10, -1, 0, 7}},
        {"3,10,255\n9,0,1e-3\r\n", {10, 255, 0, 1e-3f}},
        {"3,10,1E2\n9,0,.25", {10, 100, 0, 0.25f}},
        {"label,a,b\n3,300,70000\n9,0,0.1\n\n", {300, 70000, 0, 0.1f}}, /* after integers above 255 */
        {"3.0,1,2\n9e0,3,4.5\n", {1, 2, 3, 4.5f}},
        {"3.000000000000000000e+00,1.0000000000000000000000000000001,2\n9,16777217,3.4e38\n",
         {1, 2, 16777216, 3.4e38f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gradus_dataset *dataset = NULL;
        assert_ok(read_text(cases[i].text, gradus_data_options_default(), &dataset));
        check_two_of_floats(dataset, cases[i].features, true);
    }
}

/* Floats requested by the options; and without labels, where the first number may be the only sign of floats. */
static void test_csv_floats_by_options(void **state)
{
    (void)state;
    gradus_dataset *dataset = NULL;
    const gradus_data_options floats = {.floats = true}, two = {.allow_unlabelled = true, .features = 2};
    assert_ok(read_text("3,10,255\n9,0,7\n", floats, &dataset));
    check_two_of_floats(dataset, (const float[4]){10, 255, 0, 7}, true);
    assert_ok(read_text("3,10,256\n9,0,7\n", floats, &dataset));
    check_two_of_floats(dataset, (const float[4]){10, 256, 0, 7}, true);
    assert_ok(read_text("-10,255\n0,7\n", two, &dataset));
    check_two_of_floats(dataset, (const float[4]){-10, 255, 0, 7}, false);
    assert_fails(read_text("256,255\n0,7\n", two, &dataset), GRADUS_ERROR_DATA,
                 "f.csv:1: column 1: found \"256\", expected an integer 0..255");
}

static void test_csv_wrong_floats(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"label,a\n3,1.5\n9,nan\n", "f.csv:3: column 2 (a): found \"nan\", expected a number"},
        {"3,1.5,inf\n", "f.csv:1: column 3: found \"inf\", expected a number"},
        {"3,1.5,1e39\n", "f.csv:1: column 3: found \"1e39\", expected a number that a float holds"},
        {"3,1.5,\n", "f.csv:1: column 3: found \"\", expected a number"},
        {"3,1.5,1.5.5\n", "f.csv:1: column 3: found \"1.5.5\", expected a number"},
        {"3,1.5,1e\n", "f.csv:1: column 3: found \"1e\", expected a number"},
        {"3,1.5,0x10\n", "f.csv:1: column 3: found \"0x10\", expected a number"},
        {"3,1.5, 1\n", "f.csv:1: column 3: found \" 1\", expected a number"},
        {"3,-\n", "f.csv:1: column 2: found \"-\", expected an integer 0..255"},
        {"3,1.5\n9.5,1\n", "f.csv:2: column 1: found \"9.5\", expected an integer 0..255"},
        {"label,a\n3,1.5\n256,1\n", "f.csv:3: column 1 (label): found \"256\", expected an integer 0..255"},
        {"3,1.5\n-1,1\n", "f.csv:2: column 1: found \"-1\", expected an integer 0..255"},
        {"3,1.5,2\n9,1\n", "f.csv:2: found 2 columns, expected 3"},
        {"3,1.5\n9,1,2\n", "f.csv:2: found more than 2 columns, expected the end of the line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(read_wrong(cases[i].text), GRADUS_ERROR_DATA, cases[i].message);
}

/* A number of 130 bytes is read, at any position of the block's end; a longer one is refused. */
static void test_csv_long_numbers(void **state)
{
    (void)state;
    static char text[400 * 200];
    gradus_dataset *dataset = NULL;
    for (int size = 130; size <= 131; size++) {
        char *p = text;
        for (int i = 0; i < 500; i++)
            p += sprintf(p, "1,1.%0*d\r\n", size - 2, i);
        assert_true(p - text > 65536);
        const gradus_status status = read_text(text, gradus_data_options_default(), &dataset);
        assert_int_equal(status, size == 130 ? GRADUS_OK : GRADUS_ERROR_DATA);
        assert_true(status != GRADUS_OK || gradus_dataset_get_info(dataset).samples == 500);
        gradus_dataset_destroy(dataset);
    }
    assert_non_null(strstr(gradus_last_error(), "f.csv:1: column 2: found \"1.0000000000000000000000...\", expected"));
}

static void test_csv_wrong_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"3,10,255\n9,0\n", "f.csv:2: found 2 columns, expected 3"},
        {"3,10,255\n9,0,7,1\n", "f.csv:2: found more than 3 columns, expected the end of the line"},
        {"label,pixel0,pixel1\n3,10\n", "f.csv:2: found 2 columns, expected 3"},
        {"label,pixel0\n3,10,20\n", "f.csv:2: found more than 2 columns, expected the end of the line"},
        {"3,10,255\n9,0", "f.csv:2: found 2 columns, expected 3"},
        {"", "f.csv:1: found an empty file, expected samples"},
        {BYTE_ORDER_MARK(""), "f.csv:1: found an empty file, expected samples"},
        {"label,pixel0,pixel1\n", "f.csv:2: found the end of the file after the header, expected samples"},
        {"label,pixel0,pixel1", "f.csv:2: found the end of the file after the header, expected samples"},
        {"\"label,pixel0\n3,1\n", "f.csv:1: column 1: found \"\"label\", expected a name of at most 128 bytes in"},
        {"\"label\"x,pixel0\n3,1\n", "f.csv:1: column 1: found \"\"label\"x\", expected a name of at most 128 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(read_wrong(cases[i].text), GRADUS_ERROR_DATA, cases[i].message);
}

static void test_csv_names_have_a_limit(void **state)
{
    (void)state;
    char text[200];
    gradus_dataset *dataset = NULL;
    for (int size = 128; size <= 129; size++) {
        snprintf(text, sizeof text, "label,%0*d\n3,1\n", size, 0);
        gradus_status status = read_text(text, gradus_data_options_default(), &dataset);
        assert_int_equal(status, size == 128 ? GRADUS_OK : GRADUS_ERROR_DATA);
        gradus_dataset_destroy(dataset);
    }
    assert_non_null(strstr(gradus_last_error(), "f.csv:1: column 2: found \"000000000000000000000000...\", expected a "
                                                "name of at most 128 bytes"));
}

static void test_csv_other_files(void **state)
{
    (void)state;
    const gradus_data_options options = gradus_data_options_default();
    gradus_dataset *dataset = NULL;
    assert_fails(gr_csv_read(scratch_path("none.csv"), &options, &dataset), GRADUS_ERROR_NO_INPUT,
                 "none.csv: cannot be opened");
    assert_fails(gr_csv_read(scratch_write("idx", "\0\0\x08\x03", 4), &options, &dataset), GRADUS_ERROR_DATA,
                 "idx:1: found binary data, expected CSV");
    unsigned char packed[256];
    const size_t size = scratch_pack("3,10,255\n9,0,7\n", 15, packed, sizeof packed);
    assert_fails(gr_csv_read(scratch_write("cut.gz", packed, size - 4), &options, &dataset), GRADUS_ERROR_DATA,
                 "found the end of the file within gzip data, which are cut off");
    packed[size - 8] ^= 1;
    assert_fails(gr_csv_read(scratch_write("damaged.gz", packed, size), &options, &dataset), GRADUS_ERROR_DATA,
                 "found damaged gzip data");
    assert_null(dataset);
}

/* Cells and line ends must be read at any position of the end of the reader's block of 64 KiB. It is within each of
 * them in one of these files: a name of `shift` bytes in the header shifts everything after it. */
static void test_csv_blocks_end_anywhere(void **state)
{
    (void)state;
    enum { F = 37, B = 1500 };
    static char text[F * B * 4 + B * 8];
    for (int shift = 1; shift <= 12; shift++) {
        gradus_dataset *dataset = NULL;
        char *p = text;
        p += sprintf(p, "label,%.*s", shift, "abcdefghijklm");
        for (size_t f = 1; f < F; f++)
            p += sprintf(p, ",p%zu", f);
        p += sprintf(p, "\r\n");
        for (size_t i = 0; i < B; i++) {
            p += sprintf(p, "%zu", i % 10);
            for (size_t f = 0; f < F; f++)
                p += sprintf(p, ",%zu", (i * 31 + f * 7) % 256);
            p += sprintf(p, "\r\n");
        }
        assert_true(p - text > 3 * 65536);
        assert_ok(read_text(text, gradus_data_options_default(), &dataset));
        assert_int_equal(gradus_dataset_get_info(dataset).samples, B);
        assert_int_equal(gradus_dataset_get_info(dataset).features, F);
        for (size_t i = 0; i < B; i++) {
            assert_int_equal(gradus_dataset_labels(dataset)[i], i % 10);
            for (size_t f = 0; f < F; f++)
                assert_int_equal(gradus_dataset_pixels(dataset)[i * F + f], (i * 31 + f * 7) % 256);
        }
        gradus_dataset_destroy(dataset);

        strcpy(p, "1,2\n"); /* the message has the right line even after several blocks */
        assert_fails(read_wrong(text), GRADUS_ERROR_DATA, "f.csv:1502: found 2 columns, expected 38");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_csv_accepted_forms),
        scratch_test(test_csv_without_labels),
        scratch_test(test_csv_number_of_features),
        scratch_test(test_csv_wrong_cells),
        scratch_test(test_csv_floats),
        scratch_test(test_csv_floats_by_options),
        scratch_test(test_csv_wrong_floats),
        scratch_test(test_csv_long_numbers),
        scratch_test(test_csv_wrong_lines),
        scratch_test(test_csv_names_have_a_limit),
        scratch_test(test_csv_other_files),
        scratch_test(test_csv_blocks_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
