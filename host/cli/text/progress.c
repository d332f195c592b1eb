/* SPDX-License-Identifier: Apache-2.0 */
/* Progress lines. */
#include "text/progress.h"
#include "text/terminal.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

/* Faster drawing would cost time and show nothing more. */
#define SECONDS_BETWEEN_DRAWINGS 0.05

progress_line progress_create(bool quiet)
{
    return (progress_line){.quiet = quiet, .updatable = terminal_is_updatable(stderr), .drawn_at = -1};
}

/* A line as wide as the terminal would wrap and could not be overwritten. */
static void draw(const char *text)
{
    size_t width = terminal_width(stderr);
    terminal_clear_line(stderr);
    fprintf(stderr, "%.*s", (int)width - 1, text);
    fflush(stderr);
}

void progress_phase(const progress_line *progress, const char *what)
{
    if (!progress->quiet && progress->updatable)
        draw(what);
}

void progress_step(progress_line *progress, const char *what)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    if (seconds - progress->drawn_at < SECONDS_BETWEEN_DRAWINGS)
        return;
    progress_phase(progress, what);
    progress->drawn_at = seconds;
}

/* At most 80 columns up to 999,999 iterations and an hour. The remaining time comes last: it is cut off first. */
static void draw_report(const gradus_report *report)
{
    char line[512], pace[192] = "", holdout[80] = "";
    if (report->iteration > 0 && report->seconds > 0) {
        double per_second = (double)report->iteration / report->seconds;
        double left = (double)(report->iterations - report->iteration - 1) / per_second;
        snprintf(pace, sizeof pace, "  %s it/s  %s left", format_rate(per_second).text, format_seconds(left).text);
    }
    if (!isnan(report->holdout.loss))
        snprintf(holdout, sizeof holdout, "  holdout %s", format_percent(report->holdout.accuracy).text);
    snprintf(line, sizeof line, "it %zu/%zu  loss %s  acc %s%s%s", report->iteration, report->iterations,
             format_loss(report->train.loss).text, format_percent(report->train.accuracy).text, holdout, pace);
    draw(line);
}

static void write_report(const gradus_report *report)
{
    fprintf(stderr, "iteration %zu of %zu: loss %s, accuracy %s", report->iteration, report->iterations,
            format_loss(report->train.loss).text, format_percent(report->train.accuracy).text);
    if (!isnan(report->holdout.loss))
        fprintf(stderr, "; holdout: loss %s, accuracy %s", format_loss(report->holdout.loss).text,
                format_percent(report->holdout.accuracy).text);
    fputc('\n', stderr);
}

void progress_report(progress_line *progress, const gradus_report *report)
{
    if (progress->quiet)
        return;
    if (!progress->updatable) {
        write_report(report);
        return;
    }
    if (progress->drawn_at < 0 || report->seconds - progress->drawn_at >= SECONDS_BETWEEN_DRAWINGS) {
        draw_report(report);
        progress->drawn_at = report->seconds;
    }
}

void progress_end(const progress_line *progress)
{
    if (!progress->quiet && progress->updatable)
        terminal_clear_line(stderr);
}
