/* SPDX-License-Identifier: Apache-2.0 */
/* Writing reports as TensorBoard's scalars. */
#include "train/tensorboard_log.h"
#include "text/failure.h"
#include "train/event_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail_log(tensorboard_log *log, int code, const char *what)
{
    log->code = fail(code, "--tensorboard %s: cannot be %s: %s", log->folder, what, strerror(errno));
}

/* Creates the folder and its missing parents. */
static bool make_folder(const char *folder)
{
    char *path = strdup(folder);
    for (char *slash = path == NULL ? NULL : strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* a failure here shows below */
        *slash = '/';
    }
    free(path);
    return mkdir(folder, 0777) == 0 || errno == EEXIST;
}

/* TensorBoard finds its files by "tfevents" in the name, and reads those of a folder in the order of their names. The
 * nanoseconds distinguish runs that start in the same second. */
static bool open_stream(tensorboard_log *log)
{
    struct timespec now;
    char *path = NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    if (make_folder(log->folder) && asprintf(&path, "%s/events.out.tfevents.%010lld.%09ld.gradus", log->folder,
                                             (long long)now.tv_sec, now.tv_nsec) > 0)
        log->stream = fopen(path, "wxe");
    if (log->stream == NULL)
        fail_log(log, EX_CANTCREAT, "created");
    else if (!event_write_version(log->stream, wall_seconds()) ||
             (log->restart > 0 && !event_write_restart(log->stream, wall_seconds(), log->restart)))
        fail_log(log, EX_IOERR, "written");
    if (log->stream != NULL && log->code != EX_OK) {
        (void)fclose(log->stream); /* fails as the record did */
        log->stream = NULL;
        unlink(path);
    }
    free(path);
    return log->code == EX_OK;
}

/* Figures that are not finite are omitted, such as those of a holdout that was not evaluated. */
static size_t list_scalars(const gradus_report *report, event_scalar scalars[EVENT_SCALARS_MAX])
{
    const event_scalar all[] = {{"train/loss", (float)report->train.loss},
                                {"train/accuracy", (float)report->train.accuracy},
                                {"holdout/loss", (float)report->holdout.loss},
                                {"holdout/accuracy", (float)report->holdout.accuracy},
                                {"lr", report->learning_rate},
                                {"samples_per_second", (float)report->samples_per_second}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (isfinite(all[i].value))
            scalars[count++] = all[i];
    return count;
}

void tensorboard_log_write(tensorboard_log *log, const gradus_report *report)
{
    event_scalar scalars[EVENT_SCALARS_MAX];
    if (log->folder == NULL || log->code != EX_OK || (log->stream == NULL && !open_stream(log)))
        return;
    const size_t count = list_scalars(report, scalars);
    if (!event_write_scalars(log->stream, wall_seconds(), report->iteration + 1, scalars, count))
        fail_log(log, EX_IOERR, "written");
}

int tensorboard_log_close(tensorboard_log *log)
{
    if (log->stream != NULL && fclose(log->stream) != 0 && log->code == EX_OK)
        fail_log(log, EX_IOERR, "written");
    log->stream = NULL;
    return log->code;
}
