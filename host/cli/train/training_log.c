/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the log as JSON lines or CSV, and continues one. */
#include "train/training_log.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Lines ---- */

enum { COUNTS = 3, FIGURES = 7 };

/* The columns of a line, in order. A figure that is not a number is null in JSON and empty in CSV. */
typedef struct log_line {
    struct {
        const char *name;
        size_t value;
    } counts[COUNTS];
    struct {
        const char *name;
        double value;
    } figures[FIGURES];
} log_line;

/* The double with the fewest digits that rounds to this float: 0.1, not 0.100000001. */
static double short_figure(float value)
{
    return strtod(format_float(value).text, NULL);
}

static log_line make_line(const gradus_report *report)
{
    return (log_line){{{"iteration", report->iteration}, {"epoch", report->epoch}, {"step", report->iteration + 1}},
                      {{"lr", short_figure(report->learning_rate)},
                       {"train_loss", report->train.loss},
                       {"train_accuracy", report->train.accuracy},
                       {"holdout_loss", report->holdout.loss},
                       {"holdout_accuracy", report->holdout.accuracy},
                       {"samples_per_second", report->samples_per_second},
                       {"seconds", report->seconds}}};
}

static bool write_json(FILE *stream, const log_line *line)
{
    json_t *object = json_object();
    bool complete = object != NULL;
    for (size_t i = 0; i < COUNTS; i++)
        complete &=
            json_object_set_new(object, line->counts[i].name, json_integer((json_int_t)line->counts[i].value)) == 0;
    for (size_t i = 0; i < FIGURES; i++)
        complete &= json_object_set_new(object, line->figures[i].name, json_figure(line->figures[i].value)) == 0;
    const bool written = complete && json_dumpf(object, stream, JSON_FORMAT) == 0 && fputc('\n', stream) != EOF;
    json_decref(object);
    return written;
}

static void write_csv_names(FILE *stream, const log_line *line)
{
    for (size_t i = 0; i < COUNTS; i++)
        fprintf(stream, "%s%s", i == 0 ? "" : ",", line->counts[i].name);
    for (size_t i = 0; i < FIGURES; i++)
        fprintf(stream, ",%s", line->figures[i].name);
    fputc('\n', stream);
}

static bool write_csv(FILE *stream, const log_line *line)
{
    for (size_t i = 0; i < COUNTS; i++)
        fprintf(stream, "%s%zu", i == 0 ? "" : ",", line->counts[i].value);
    for (size_t i = 0; i < FIGURES; i++)
        if (isfinite(line->figures[i].value))
            fprintf(stream, ",%.9g", line->figures[i].value);
        else
            fputc(',', stream);
    return fputc('\n', stream) != EOF && ferror(stream) == 0;
}

static bool is_csv(const training_log *log)
{
    const char *ending = strrchr(log->path, '.');
    return ending != NULL && strcasecmp(ending, ".csv") == 0;
}

/* The first line of a CSV file follows the line of names. */
static bool write_line(const training_log *log, const gradus_report *report, bool first)
{
    const log_line line = make_line(report);
    if (!is_csv(log))
        return write_json(log->stream, &line);
    if (first)
        write_csv_names(log->stream, &line);
    return write_csv(log->stream, &line);
}

/* ---- The file ---- */

static bool open_stream(training_log *log, const char *mode)
{
    log->stream = fopen(log->path, mode);
    if (log->stream == NULL) {
        log->code = fail(EX_CANTCREAT, "--log %s: cannot be created: %s", log->path, strerror(errno));
        return false;
    }
    setvbuf(log->stream, NULL, _IOLBF, BUFSIZ);
    return true;
}

/* An empty file would look like a run without reports. A special file, such as /dev/full, is not removed. */
static void remove_file(training_log *log)
{
    struct stat found;
    int reason = errno;
    (void)fclose(log->stream); /* fails as the line did */
    log->stream = NULL;
    if (lstat(log->path, &found) == 0 && S_ISREG(found.st_mode))
        unlink(log->path);
    errno = reason;
}

void training_log_write(training_log *log, const gradus_report *report)
{
    const bool first = log->stream == NULL;
    if (log->path == NULL || log->code != EX_OK || (first && !open_stream(log, "we")))
        return;
    if (write_line(log, report, first))
        return;
    if (first)
        remove_file(log);
    log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
}

/* ---- Continuing a file ---- */

/* The step of a line; 0: the line of names; SIZE_MAX: not a line of a log. */
static size_t step_of(const training_log *log, const char *line, size_t length)
{
    size_t step = SIZE_MAX;
    if (length == 0 || line[length - 1] != '\n')
        return SIZE_MAX;
    if (is_csv(log))
        return strncmp(line, "iteration,epoch,step,", 21) == 0          ? 0
               : sscanf(line, "%*20[0-9],%*20[0-9],%20zu,", &step) == 1 ? step
                                                                        : SIZE_MAX;
    json_t *object = json_loadb(line, length, 0, NULL);
    const json_t *found = json_object_get(object, "step");
    if (json_is_integer(found))
        step = (size_t)json_integer_value(found);
    json_decref(object);
    return step;
}

/* The length in bytes of the lines up to step `reported`, and the step of the last of these lines. */
static off_t measure_lines(const training_log *log, FILE *stream, size_t reported, size_t *last)
{
    char *line = NULL;
    size_t capacity = 0;
    off_t end = 0;
    *last = 0;
    for (ssize_t length = getline(&line, &capacity, stream); length > 0; length = getline(&line, &capacity, stream)) {
        const size_t step = step_of(log, line, (size_t)length);
        if (step > reported)
            break;
        *last = step;
        end += length;
    }
    free(line);
    return end;
}

void training_log_resume(training_log *log, size_t reported)
{
    struct stat found;
    off_t end = 0;
    size_t last = 0;
    FILE *stream = log->path == NULL ? NULL : fopen(log->path, "re");
    if (stream != NULL && fstat(fileno(stream), &found) == 0 && S_ISREG(found.st_mode))
        end = measure_lines(log, stream, reported, &last);
    if (stream != NULL)
        fclose(stream);
    if (log->path != NULL && last != reported)
        note("--log %s: lines of the first %zu iterations are missing; new lines are appended", log->path, reported);
    if (end == 0) /* there is nothing to continue */
        return;
    if (truncate(log->path, end) == 0)
        (void)open_stream(log, "ae");
    else
        log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
}

int training_log_close(training_log *log)
{
    if (log->stream != NULL && fclose(log->stream) != 0 && log->code == EX_OK)
        log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
    log->stream = NULL;
    return log->code;
}
