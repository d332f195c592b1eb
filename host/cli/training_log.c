/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines of a training run. */
#include "training_log.h"
#include "failure.h"
#include "json_output.h"

#include <errno.h>
#include <string.h>

static bool open_stream(training_log *log)
{
    log->stream = fopen(log->path, "we");
    if (log->stream == NULL) {
        log->code = fail(EX_CANTCREAT, "--log %s: cannot be created: %s", log->path, strerror(errno));
        return false;
    }
    setvbuf(log->stream, NULL, _IOLBF, BUFSIZ);
    return true;
}

static bool write_line(FILE *stream, const gradus_report *report)
{
    json_t *line = json_pack("{sI so so so}", "iteration", (json_int_t)report->iteration, "train_loss",
                             json_figure(report->train.loss), "train_accuracy", json_figure(report->train.accuracy),
                             "seconds", json_figure(report->seconds));
    bool written = line != NULL && json_dumpf(line, stream, JSON_FORMAT) == 0 && fputc('\n', stream) != EOF;
    json_decref(line);
    return written;
}

void training_log_write(training_log *log, const gradus_report *report)
{
    if (log->path == NULL || log->code != EX_OK || (log->stream == NULL && !open_stream(log)))
        return;
    if (!write_line(log->stream, report))
        log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
}

int training_log_close(training_log *log)
{
    if (log->stream != NULL && fclose(log->stream) != 0 && log->code == EX_OK)
        log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
    log->stream = NULL;
    return log->code;
}
