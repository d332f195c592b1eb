/* SPDX-License-Identifier: Apache-2.0 */
/* CPU quotas in files like the kernel's, in folders of the test's own. */
#include "core/cores.h"
#include "scratch.h"

#include <sched.h>

/* Writes a file below the scratch folder, and creates its folders. */
static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(scratch_path(path), 0777);
        *slash = '/';
    }
    scratch_text(name, text);
}

static void expect_quota(size_t expected)
{
    assert_int_equal(gr_cores_quota(scratch_folder), expected);
}

static void test_no_groups(void **state)
{
    (void)state;
    expect_quota(SIZE_MAX);
    put("proc/self/cgroup", "");
    expect_quota(SIZE_MAX);
    put("proc/self/cgroup", "nonsense\n0:\n::\n");
    expect_quota(SIZE_MAX);
}

static void test_version_2(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/user/app\n");
    expect_quota(SIZE_MAX);
    put("sys/fs/cgroup/user/app/cpu.max", "max 100000\n");
    expect_quota(SIZE_MAX);
    put("sys/fs/cgroup/user/app/cpu.max", "400000 100000\n");
    expect_quota(4);
    put("sys/fs/cgroup/user/app/cpu.max", "150000 100000\n");
    expect_quota(2);
    put("sys/fs/cgroup/user/app/cpu.max", "1000 100000\n");
    expect_quota(1);
    put("sys/fs/cgroup/user/app/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/user/cpu.max", "300000 100000\n"); /* the group above it */
    expect_quota(3);
    put("sys/fs/cgroup/cpu.max", "100000 50000\n"); /* a container's own group */
    expect_quota(2);
    put("proc/self/cgroup", "0::/\n");
    expect_quota(2);
    put("proc/self/cgroup", "0::/not/to/be/seen\n");
    expect_quota(2);
    put("sys/fs/cgroup/cpu.max", "two cores\n");
    expect_quota(SIZE_MAX);
}

static void test_version_1(void **state)
{
    (void)state;
    put("proc/self/cgroup", "5:memory:/app\n4:cpuset:/app\n3:cpu,cpuacct:/app\n0::/other\n");
    put("sys/fs/cgroup/memory/app/cpu.cfs_quota_us", "1\n");
    put("sys/fs/cgroup/memory/app/cpu.cfs_period_us", "1\n");
    expect_quota(SIZE_MAX);
    put("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
    expect_quota(SIZE_MAX);
    put("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "250000\n");
    expect_quota(3);
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    expect_quota(2);
    put("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "0\n");
    expect_quota(2);
}

static void test_affinity(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_true(gr_cores_available() >= 1 && gr_cores_available() <= (size_t)CPU_COUNT(&before));
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(gr_cores_available(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_no_groups),
        scratch_test(test_version_2),
        scratch_test(test_version_1),
        cmocka_unit_test(test_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
