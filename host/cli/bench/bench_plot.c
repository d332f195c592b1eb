/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the iterations per second as bars, with gnuplot: a child process that reads a script and writes the picture. */
#include "bench/bench_run.h"
#include "command/result_file.h"
#include "text/failure.h"
#include "text/text.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- The child ---- */

/* Runs gnuplot with the given standard input and output. Returns its exit code, or -1 and errno if it cannot be
 * started. */
static int run_gnuplot(int in, int out)
{
    char *const arguments[] = {"gnuplot", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int state = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    errno = posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno != 0)
        return -1;
    while (waitpid(child, &state, 0) == -1 && errno == EINTR)
        continue;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128;
}

/* Passes the script in an unnamed file, so that neither process waits for the other. */
static int draw(const char *script, size_t length, int out)
{
    int code = EX_OK, result = 0;
    FILE *in = tmpfile();
    if (in == NULL || fwrite(script, 1, length, in) != length || fflush(in) != 0)
        TRY(fail(EX_IOERR, "--plot: the script for gnuplot cannot be written: %s", strerror(errno)));
    rewind(in);
    result = run_gnuplot(fileno(in), out);
    if (result == -1)
        TRY(fail(EX_UNAVAILABLE, "--plot: gnuplot cannot be started: %s; Debian's package gnuplot-nox has it",
                 strerror(errno)));
    if (result != 0)
        TRY(fail(EX_SOFTWARE, "--plot: gnuplot failed with exit code %d", result));
cleanup:
    if (in != NULL)
        fclose(in);
    return code;
}

int bench_plot_check(void)
{
    return draw("", 0, STDERR_FILENO);
}

/* ---- The script ---- */

/* Whether both belong to the same set of bars: an engine on a device. */
static bool is_same_series(const bench_case *a, const bench_case *b)
{
    return a->device == b->device && strcmp(a->engine, b->engine) == 0;
}

static bool is_first_of_series(const bench_run *run, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (is_same_series(&run->cases[j], &run->cases[i]))
            return false;
    return true;
}

static bool is_first_of_network(const bench_run *run, size_t i)
{
    return i == 0 || memcmp(&run->cases[i - 1].network, &run->cases[i].network, sizeof run->cases[i].network) != 0;
}

/* Writes a text in quotes, without the characters that have a meaning in gnuplot's strings. */
static void write_text(FILE *script, const char *text)
{
    fputc('"', script);
    for (; *text != '\0'; text++)
        if (strchr("\"\\`$@%\n", *text) == NULL)
            fputc(*text, script);
    fputc('"', script);
}

static void write_series_name(FILE *script, const bench_run *run, const bench_case *c)
{
    char name[192];
    if (c->device == NULL)
        snprintf(name, sizeof name, "%s (host)", c->engine);
    else if (run->setup->device_count == 1)
        snprintf(name, sizeof name, "%s", c->engine);
    else
        snprintf(name, sizeof name, "%s (device %zu)", c->engine, c->device->index);
    write_text(script, name);
}

/* The case of that network in the series of another; NULL if there is none or it was not measured. */
static const bench_case *find_measured(const bench_run *run, size_t network, size_t series)
{
    for (size_t i = network; i < run->case_count; i++) {
        const bench_case *c = &run->cases[i];
        if (memcmp(&c->network, &run->cases[network].network, sizeof c->network) == 0 && c->count > 0 &&
            is_same_series(c, &run->cases[series]))
            return c;
    }
    return NULL;
}

static void write_row(FILE *script, const bench_run *run, size_t network)
{
    fprintf(script, "\n\"%s\"", format_network(&run->cases[network].network).text);
    for (size_t s = 0; s < run->case_count; s++) {
        if (!is_first_of_series(run, s))
            continue;
        const bench_case *c = find_measured(run, network, s);
        if (c != NULL)
            fprintf(script, " %.9g", 1 / c->seconds.median);
        else
            fputs(" NaN", script);
    }
}

/* A row for each network, a column for each series. */
static void write_data(FILE *script, const bench_run *run)
{
    fputs("$data << END\n\"\"", script);
    for (size_t s = 0; s < run->case_count; s++)
        if (is_first_of_series(run, s)) {
            fputc(' ', script);
            write_series_name(script, run, &run->cases[s]);
        }
    for (size_t n = 0; n < run->case_count; n++)
        if (is_first_of_network(run, n))
            write_row(script, run, n);
    fputs("\nEND\n", script);
}

static size_t count_series(const bench_run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->case_count; i++)
        count += is_first_of_series(run, i);
    return count;
}

/* The axis begins at a power of ten below the slowest case, so that no bar is too short to see. */
static double axis_begin(const bench_run *run)
{
    double slowest = INFINITY;
    for (size_t i = 0; i < run->case_count; i++)
        if (run->cases[i].count > 0)
            slowest = fmin(slowest, 1 / run->cases[i].seconds.median);
    return isinf(slowest) ? 1 : pow(10, floor(log10(slowest) - 0.1));
}

static void write_title(FILE *script, const bench_run *run)
{
    char title[600];
    snprintf(title, sizeof title, "Full-batch iterations per second, %s%s, %s samples; gradus %s%s%s",
             run->setup->settings.dataset, run->setup->settings.dense ? " with random pixels" : "",
             format_count(run->setup->info.samples).text, gradus_version(), run->setup->device_count == 1 ? ", " : "",
             run->setup->device_count == 1 ? gradus_device_get_info(run->setup->devices[0].device)->name : "");
    fputs("set title ", script);
    write_text(script, title);
    fputc('\n', script);
}

static void write_script(FILE *script, const bench_run *run)
{
    fputs("set terminal svg size 900,480 font \"sans-serif,13\" background \"white\"\n"
          "set style data histogram\n"
          "set style histogram clustered gap 1\n"
          "set style fill solid 0.85 noborder\n"
          "set boxwidth 0.9\n"
          "set logscale y\n"
          "set format y \"%g\"\n"
          "set ylabel \"iterations / s\"\n"
          "set grid ytics linecolor rgb \"#d0d0d0\" linetype 1\n"
          "set border 3\n"
          "set tics nomirror\n"
          "set xtics scale 0\n"
          "set key outside bottom center horizontal Left reverse samplen 1.5\n"
          "set termoption noenhanced\n",
          script);
    write_title(script, run);
    fprintf(script, "set yrange [%g:*]\n", axis_begin(run));
    write_data(script, run);
    fprintf(script, "plot for [i=2:%zu] $data using i:xticlabels(1) title columnheader(i)\n", count_series(run) + 1);
}

int bench_plot_write(const bench_run *run)
{
    int code = EX_OK;
    char *text = NULL;
    size_t length = 0;
    result_file file = {0};
    FILE *script = NULL;
    if (run->setup->settings.plot == NULL)
        return EX_OK;
    script = open_memstream(&text, &length);
    if (script == NULL)
        return fail(EX_OSERR, "out of memory: --plot");
    write_script(script, run);
    fclose(script);
    TRY(result_file_open("--plot", run->setup->settings.plot, &file));
    code = draw(text, length, fileno(file.stream));
    if (code == EX_OK)
        code = result_file_commit(&file);
    else
        result_file_abandon(&file);
cleanup:
    free(text);
    return code;
}
