/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the program as a user does, by the shell, in a folder of its own with small data sets. The folder is created for
 * each test and removed afterwards.
 */
#ifndef GRADUS_TESTS_RUN_PROGRAM_H
#define GRADUS_TESTS_RUN_PROGRAM_H

#include "assert_close.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A test that uses the folder. */
#define program_test(function) cmocka_unit_test_setup_teardown(function, program_folder_create, program_folder_remove)

#define TRAIN_SAMPLES 24
#define TEST_SAMPLES 9
#define IMAGE_SIDE 4
#define CLASSES 3

static char program_folder[] = "/tmp/gradus-test-XXXXXX";
static char program_out[1 << 16], program_err[1 << 14]; /* output of the last command */

static inline void read_text(const char *name, char *text, size_t capacity)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", program_folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(text, 1, capacity - 1, file);
    assert_true(feof(file));
    text[length] = '\0';
    fclose(file);
}

/* Runs a shell command in the folder "work", where $GRADUS is the program. Returns its exit code, 128 + n for signal n. */
__attribute__((format(printf, 1, 2))) static inline int run(const char *format, ...)
{
    char command[2048];
    int used = snprintf(command, sizeof command, "cd %s/work && {\n", program_folder);
    va_list arguments;
    va_start(arguments, format);
    used += vsnprintf(command + used, sizeof command - (size_t)used, format, arguments);
    va_end(arguments);
    used += snprintf(command + used, sizeof command - (size_t)used, "\n} >../out 2>../err");
    assert_true((size_t)used < sizeof command);
    int result = system(command);
    read_text("out", program_out, sizeof program_out);
    read_text("err", program_err, sizeof program_err);
    return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}

#define assert_runs(...)                                                                                              \
    do {                                                                                                              \
        int code_ = run(__VA_ARGS__);                                                                                 \
        if (code_ != 0)                                                                                               \
            fail_msg("exit code %d: %s", code_, program_err);                                                         \
    } while (0)

#define assert_prints(text, part)                                                                                     \
    do {                                                                                                              \
        if (strstr((text), (part)) == NULL)                                                                           \
            fail_msg("\"%s\" lacks \"%s\"", (text), (part));                                                          \
    } while (0)

/* Arguments that a command refuses, a part of its message, and its exit code. */
typedef struct refusal {
    const char *arguments, *message;
    int code;
} refusal;

static inline void assert_refused(const char *command, const refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(run("\"$GRADUS\" %s %s", command, cases[i].arguments), cases[i].code);
        assert_prints(program_err, cases[i].message);
    }
}

/* The single JSON value that the last command printed; the caller releases it. */
static inline json_t *parse_output(void)
{
    json_error_t error;
    json_t *value = json_loads(program_out, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        fail_msg("%s: %s", error.text, program_out);
    return value;
}

/* ---- Data ---- */

/* Class c has a bright row c; faint pixels make the samples different. */
static inline void write_images(FILE *file, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        for (size_t p = 0; p < IMAGE_SIDE * IMAGE_SIDE; p++)
            fputc(p / IMAGE_SIDE == i % CLASSES ? 255 : (int)((p * i) % 40), file);
}

static inline void write_idx_pair(const char *folder, const char *part, uint8_t samples)
{
    const uint8_t images[16] = {0, 0, 8, 3, 0, 0, 0, samples, 0, 0, 0, IMAGE_SIDE, 0, 0, 0, IMAGE_SIDE};
    const uint8_t labels[8] = {0, 0, 8, 1, 0, 0, 0, samples};
    char path[256];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, part);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(images, 1, sizeof images, file);
    write_images(file, samples);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, part);
    file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(labels, 1, sizeof labels, file);
    for (size_t i = 0; i < samples; i++)
        fputc((int)(i % CLASSES), file);
    assert_int_equal(fclose(file), 0);
}

/* work/tiny: four IDX files; work/tiny.csv and work/unlabelled.csv: two samples of four pixels. */
static inline int program_folder_create(void **state)
{
    (void)state;
    char tiny[64];
    assert_non_null(mkdtemp(program_folder));
    snprintf(tiny, sizeof tiny, "mkdir -p %s/work/tiny", program_folder);
    assert_int_equal(system(tiny), 0);
    snprintf(tiny, sizeof tiny, "%s/work/tiny", program_folder);
    write_idx_pair(tiny, "train", TRAIN_SAMPLES);
    write_idx_pair(tiny, "t10k", TEST_SAMPLES);
    return run("printf 'label,pixel0,pixel1,pixel2,pixel3\\n0,9,8,7,6\\n1,0,1,2,255\\n' >tiny.csv\n"
               "printf 'pixel0,pixel1,pixel2,pixel3\\n9,8,7,6\\n0,1,2,255\\n' >unlabelled.csv");
}

static inline int program_folder_remove(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", program_folder);
    int failed = system(command);
    memcpy(program_folder + sizeof program_folder - 7, "XXXXXX", 6);
    return failed;
}

/* The user's environment variables must not affect the tests. */
static inline void program_prepare(void)
{
    setenv("GRADUS", getenv("TEST_PROGRAM"), 1);
    setenv("LC_ALL", "C", 1);
    unsetenv("GRADUS_DEVICE");
    unsetenv("GRADUS_DATA_DIR");
    unsetenv("NO_COLOR");
}

#endif
