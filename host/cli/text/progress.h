/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on stderr: on a terminal one line that is overwritten, elsewhere a line per report. */
#ifndef GRADUS_CLI_PROGRESS_H
#define GRADUS_CLI_PROGRESS_H

#include <gradus/gradus.h>

typedef struct progress_line {
    bool quiet;
    bool updatable;  /* stderr is a terminal */
    double drawn_at; /* time of the last drawing in seconds, of the report or the clock */
} progress_line;

progress_line progress_create(bool quiet);

/* Shows the current phase; on terminals only, and until the next line or progress_end(). */
void progress_phase(const progress_line *progress, const char *what);

/* The same for short steps: not every one is drawn. */
void progress_step(progress_line *progress, const char *what);

void progress_report(progress_line *progress, const gradus_report *report);

/* Removes the line from the terminal. */
void progress_end(const progress_line *progress);

#endif
