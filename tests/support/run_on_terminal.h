/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the program as run_program.h does, but on a terminal. */
#ifndef GRADUS_TESTS_RUN_ON_TERMINAL_H
#define GRADUS_TESTS_RUN_ON_TERMINAL_H

#include "run_program.h"

#include <pty.h>
#include <unistd.h>

/* The characters that remove a line before it is drawn again. */
#define CLEAR "\r\033[K"

/* Runs a shell command in the folder "work" on a terminal of its own, 80 columns wide, for both streams. Its output is
 * in program_out. Returns its exit code. */
static inline int run_on_terminal(const char *command)
{
    struct winsize size = {.ws_row = 40, .ws_col = 80};
    char script[512];
    int terminal, status;
    size_t length = 0;
    snprintf(script, sizeof script, "cd %s/work; export TERM=xterm-256color LC_ALL=C.UTF-8\n%s", program_folder,
             command);
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    for (;;) { /* if the other side has ended, reading from a terminal fails instead of returning zero bytes */
        ssize_t count = read(terminal, program_out + length, sizeof program_out - 1 - length);
        if (count <= 0)
            break;
        length += (size_t)count;
    }
    program_out[length] = '\0';
    close(terminal);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

#endif
