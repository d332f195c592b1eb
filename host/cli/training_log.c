/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines of a training run. */
#include "training_log.h"
#include "failure.h"
#include "json_output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    json_t *line =
        json_pack("{sI sI so so so}", "iteration", (json_int_t)report->iteration, "epoch", (json_int_t)report->epoch,
                  "train_loss", json_figure(report->train.loss), "train_accuracy", json_figure(report->train.accuracy),
                  "seconds", json_figure(report->seconds));
    bool written = line != NULL && json_dumpf(line, stream, JSON_FORMAT) == 0 && fputc('\n', stream) != EOF;
    json_decref(line);
    return written;
}

/* An empty file would look like a run without reports. What is no plain file, such as /dev/full, is not ours. */
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
    if (log->path == NULL || log->code != EX_OK || (first && !open_stream(log)))
        return;
    if (write_line(log->stream, report))
        return;
    if (first)
        remove_file(log);
    log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
}

int training_log_close(training_log *log)
{
    if (log->stream != NULL && fclose(log->stream) != 0 && log->code == EX_OK)
        log->code = fail(EX_IOERR, "--log %s: cannot be written: %s", log->path, strerror(errno));
    log->stream = NULL;
    return log->code;
}
