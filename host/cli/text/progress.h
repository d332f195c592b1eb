/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on stderr: on a terminal one line that is drawn anew, elsewhere a line per report. */
#ifndef GRADUS_CLI_PROGRESS_H
#define GRADUS_CLI_PROGRESS_H

#include <gradus/gradus.h>

typedef struct progress_line {
    bool quiet;
    bool updatable;  /* stderr is a terminal */
    double drawn_at; /* seconds, of the report or the clock, when the line was drawn last */
} progress_line;

progress_line progress_create(bool quiet);

/* Shows what the program is doing; on terminals only, and until the next line or progress_end(). */
void progress_phase(const progress_line *progress, const char *what);

/* The same for what follows quickly one after the other: not every one of them is drawn. */
void progress_step(progress_line *progress, const char *what);

void progress_report(progress_line *progress, const gradus_report *report);

/* Removes the line that is on the terminal. */
void progress_end(const progress_line *progress);

#endif
