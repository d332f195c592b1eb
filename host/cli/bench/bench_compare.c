/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two files of `gradus bench --json`. */
#include "bench/bench_setup.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Note [noise]: a difference counts if the samples agree on it: of all pairs of a sample of A and a sample of B, nine
 * in ten must be faster, or slower. That needs no assumption about the noise, an outlier weighs no more than any other
 * sample, and with five samples each it happens by chance in 3 of 100 cases. With fewer than three samples there is no
 * answer. The samples do not show how the machine's load differed between the two runs: hence the threshold.
 */
#define AGREEMENT 0.9
#define SAMPLES_MIN 3

/* ---- Reading ---- */

static bool is_sample_list(const json_t *list)
{
    size_t i;
    const json_t *sample;
    json_array_foreach(list, i, sample)
    {
        if (!json_is_number(sample) || !(json_number_value(sample) > 0))
            return false;
    }
    return json_is_array(list);
}

/* [784, 10, 10] */
static bool is_network(const json_t *sizes)
{
    size_t i;
    const json_t *size;
    json_array_foreach(sizes, i, size)
    {
        if (json_integer_value(size) < 1)
            return false;
    }
    return json_array_size(sizes) >= 2 && json_array_size(sizes) <= GRADUS_LAYERS_MAX + 1;
}

/* An engine, or a kernel at a shape. */
static bool is_case(const json_t *c)
{
    const json_t *device = json_object_get(c, "device");
    const bool kernel = json_is_string(json_object_get(c, "kernel")) && json_is_string(json_object_get(c, "shape"));
    return is_network(json_object_get(c, "network")) && (kernel || json_is_string(json_object_get(c, "engine"))) &&
           (json_is_string(device) || json_is_null(device)) && is_sample_list(json_object_get(c, "seconds"));
}

static int check_format(const char *path, const json_t *file)
{
    const char *format = json_string_value(json_object_get(file, "format"));
    const json_t *cases = json_object_get(file, "cases"), *data = json_object_get(file, "data"), *c;
    size_t i;
    if (format == NULL || strcmp(format, BENCH_FORMAT) != 0)
        return fail(EX_DATAERR, "%s: found format \"%s\", expected \"%s\", a file of gradus bench --json", path,
                    format == NULL ? "none" : format, BENCH_FORMAT);
    if (!json_is_array(cases) || !json_is_object(data))
        return fail(EX_DATAERR, "%s: found no cases or data, expected both", path);
    json_array_foreach(cases, i, c)
    {
        if (!is_case(c))
            return fail(EX_DATAERR, "%s: case %zu: expected network, device, engine or kernel, and positive seconds",
                        path, i);
    }
    return EX_OK;
}

static int read_file(const char *path, json_t **out)
{
    int code = EX_OK;
    json_error_t error;
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
    *out = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
    fclose(stream);
    if (*out == NULL)
        TRY(fail(EX_DATAERR, "%s: line %d: %s, expected a file of gradus bench --json", path, error.line, error.text));
    TRY(check_format(path, *out));
cleanup:
    return code;
}

/* ---- Matching cases ---- */

/* Whether both files have the same data and number of samples. Network, engine and device belong to the cases. */
static bool is_same_data(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"name", "dense", "samples", "features"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_equal(json_object_get(json_object_get(a, "data"), keys[i]),
                        json_object_get(json_object_get(b, "data"), keys[i])))
            return false;
    return true;
}

static bool is_same_value(const json_t *a, const json_t *b)
{
    return (a == NULL && b == NULL) || json_equal(a, b);
}

static const json_t *find_case(const json_t *file, const json_t *wanted)
{
    static const char *const keys[] = {"network", "device", "engine", "kernel", "shape"};
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(file, "cases"), i, c)
    {
        bool same = true;
        for (size_t k = 0; same && k < sizeof keys / sizeof *keys; k++)
            same = is_same_value(json_object_get(c, keys[k]), json_object_get(wanted, keys[k]));
        if (same)
            return c;
    }
    return NULL;
}

static bool is_measured(const json_t *c)
{
    return c != NULL && json_array_size(json_object_get(c, "seconds")) > 0;
}

/* ---- Comparing ---- */

typedef struct comparison {
    const json_t *a, *b; /* the files */
    const char *a_path, *b_path;
    double threshold; /* ratio of times: 1.1 */
    int width;        /* of the column with engines or kernels */
    size_t compared, regressions;
} comparison;

typedef struct case_text {
    char text[192];
} case_text;

/* "fused", or "relu_forward, 128 x 4500" */
static case_text format_case(const json_t *c)
{
    case_text out;
    const char *engine = json_string_value(json_object_get(c, "engine"));
    if (engine != NULL)
        snprintf(out.text, sizeof out.text, "%s", engine);
    else
        snprintf(out.text, sizeof out.text, "%s, %s", json_string_value(json_object_get(c, "kernel")),
                 json_string_value(json_object_get(c, "shape")));
    return out;
}

static int longest_case(const json_t *file, int width)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(file, "cases"), i, c)
    {
        const int length = (int)strlen(format_case(c).text);
        width = length > width ? length : width;
    }
    return width;
}

static double *samples_of(const json_t *c, size_t *count)
{
    const json_t *list = json_object_get(c, "seconds");
    *count = json_array_size(list);
    double *samples = calloc(*count, sizeof *samples);
    for (size_t i = 0; samples != NULL && i < *count; i++)
        samples[i] = json_number_value(json_array_get(list, i));
    return samples;
}

static void print_case_name(const comparison *all, const json_t *c)
{
    gradus_network network = {0};
    const json_t *sizes = json_object_get(c, "network");
    const char *device = json_string_value(json_object_get(c, "device"));
    network.layers = json_array_size(sizes) - 1;
    for (size_t i = 0; i <= network.layers; i++)
        network.sizes[i] = (size_t)json_integer_value(json_array_get(sizes, i));
    printf("%-16s  %-*s  %-24.24s", format_network(&network).text, all->width, format_case(c).text,
           device == NULL ? "host" : device);
}

static const char *outcome(comparison *all, double times, double slower, size_t samples)
{
    if (samples < SAMPLES_MIN)
        return "too few samples";
    if (slower <= 1 - AGREEMENT)
        return "faster";
    if (slower < AGREEMENT)
        return "within the noise";
    if (times <= all->threshold)
        return "slower, tolerated";
    all->regressions++;
    return "SLOWER";
}

static int compare_case(comparison *all, const json_t *a, const json_t *b)
{
    int code = EX_OK;
    size_t a_count = 0, b_count = 0;
    double *as = samples_of(a, &a_count), *bs = samples_of(b, &b_count);
    if (as == NULL || bs == NULL)
        TRY(fail(EX_OSERR, "out of memory: samples"));
    const double slower = share_larger(as, a_count, bs, b_count);
    const double a_median = summarise(as, a_count).median, b_median = summarise(bs, b_count).median;
    print_case_name(all, a);
    printf(" %9.4g %9.4g  %5.2f  %s\n", 1e3 * a_median, 1e3 * b_median, a_median / b_median,
           outcome(all, b_median / a_median, slower, a_count < b_count ? a_count : b_count));
    all->compared++;
cleanup:
    free(as);
    free(bs);
    return code;
}

/* Lists the cases that only the file `of` has. */
static void list_missing(const comparison *all, const json_t *of, const json_t *other, const char *name)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(of, "cases"), i, c)
    {
        if (!is_measured(c) || is_measured(find_case(other, c)))
            continue;
        print_case_name(all, c);
        printf(" only in %s\n", name);
    }
}

static int compare_all(comparison *all)
{
    int code = EX_OK;
    size_t i;
    const json_t *c;
    all->width = longest_case(all->b, longest_case(all->a, 10));
    printf("A: %s\nB: %s\n\n%-16s  %-*s  %-24s %9s %9s  %5s\n", all->a_path, all->b_path, "network", all->width,
           "measured", "device", "A ms", "B ms", "A/B");
    json_array_foreach(json_object_get(all->a, "cases"), i, c)
    {
        const json_t *other = find_case(all->b, c);
        if (is_measured(c) && is_measured(other))
            TRY(compare_case(all, c, other));
    }
    list_missing(all, all->a, all->b, "A");
    list_missing(all, all->b, all->a, "B");
    if (all->compared == 0)
        TRY(fail(EX_DATAERR, "%s and %s: found no case in both files", all->a_path, all->b_path));
    printf("\nA/B: B is this many times as fast. Faster or slower: nine in ten of all pairs of a sample of A\n"
           "and a sample of B agree; otherwise the difference is within the noise.\n");
    fflush(stdout);
    if (all->regressions > 0) {
        note("%zu of %zu became slower by more than %g %%", all->regressions, all->compared,
             100 * (all->threshold - 1));
        code = 1;
    }
cleanup:
    return code;
}

int bench_compare(const bench_settings *settings)
{
    int code = EX_OK;
    json_t *a = NULL, *b = NULL;
    comparison all = {.a_path = settings->line.arguments[0], .b_path = settings->line.arguments[1]};
    TRY(read_file(all.a_path, &a));
    TRY(read_file(all.b_path, &b));
    if (!is_same_data(a, b))
        TRY(fail(EX_DATAERR, "%s and %s: measured with different data, expected the same name, samples and features",
                 all.a_path, all.b_path));
    all.a = a;
    all.b = b;
    all.threshold = 1 + settings->threshold / 100;
    TRY(compare_all(&all));
cleanup:
    json_decref(a);
    json_decref(b);
    return code;
}
