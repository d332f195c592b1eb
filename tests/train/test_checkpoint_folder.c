/* SPDX-License-Identifier: Apache-2.0 */
/* The lock on a folder of checkpoints: one process at a time, the next one as soon as the first has ended. */
#include "scratch.h"
#include "train/checkpoint_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Starts a process that takes the folder's lock, reports that, keeps it for some milliseconds and is then killed. */
static pid_t hold_lock(const char *path, long milliseconds)
{
    int ready[2];
    char taken = 0;
    assert_int_equal(pipe(ready), 0);
    const pid_t holder = fork();
    assert_true(holder >= 0);
    if (holder == 0) {
        const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
        taken = flock(open(path, O_RDONLY | O_DIRECTORY), LOCK_EX | LOCK_NB) == 0;
        if (write(ready[1], &taken, 1) == 1)
            nanosleep(&pause, NULL);
        raise(SIGKILL);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &taken, 1), 1);
    assert_true(taken);
    close(ready[0]);
    return holder;
}

static void test_waits_for_a_dying_process(void **state)
{
    (void)state;
    checkpoint_folder folder;
    const char *path = scratch_subfolder("run");
    const double begin = seconds_now();
    const pid_t holder = hold_lock(path, 300);
    assert_ok(gr_checkpoint_folder_open(path, &folder));
    assert_true(seconds_now() - begin >= 0.3);
    gr_checkpoint_folder_close(&folder);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static void test_refuses_what_another_uses(void **state)
{
    (void)state;
    checkpoint_folder folder;
    const char *path = scratch_subfolder("run");
    const pid_t holder = hold_lock(path, 60000);
    const double begin = seconds_now();
    assert_fails(gr_checkpoint_folder_open(path, &folder), GRADUS_ERROR_OUTPUT, "another training uses this folder");
    assert_true(seconds_now() - begin >= 1.9);
    kill(holder, SIGKILL);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    assert_ok(gr_checkpoint_folder_open(path, &folder));
    gr_checkpoint_folder_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_waits_for_a_dying_process),
        scratch_test(test_refuses_what_another_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
