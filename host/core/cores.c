/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cores by affinity and by control groups. A container with a quota of two CPUs often still sees all of the machine's,
 * and is suspended for the rest of each period once its threads have used up the quota; so more threads than that are
 * slower than exactly that many. For the files see Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
 * scheduler/sched-bwc.rst (cpu.cfs_quota_us, cpu.cfs_period_us).
 */
#include "core/cores.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first line of a file, without its end; false if there is no such file. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return false;
    const bool fine = fgets(line, (int)size, stream) != NULL;
    fclose(stream);
    if (fine)
        line[strcspn(line, "\n")] = '\0';
    return fine;
}

static size_t whole_cores(double quota, double period)
{
    return quota > 0 && period > 0 && quota / period < 1e6 ? (size_t)ceil(quota / period) : SIZE_MAX;
}

/* One group's own quota; "max" and -1 mean none. */
static size_t quota_of_v2(const char *folder)
{
    char path[4096], line[128];
    double quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) != 2)
        return SIZE_MAX;
    return whole_cores(quota, period);
}

static size_t quota_of_v1(const char *folder)
{
    char path[4096], line[128];
    double quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lf", &quota) != 1)
        return SIZE_MAX;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lf", &period) != 1)
        return SIZE_MAX;
    return whole_cores(quota, period);
}

/* The least quota of a group and of the groups above it. In a container the groups above its own are often invisible,
 * and its own is at the top, so missing folders are ignored. */
static size_t least_quota(const char *top, const char *group, size_t (*quota_of)(const char *folder))
{
    char folder[3072];
    size_t least = SIZE_MAX;
    const int length = snprintf(folder, sizeof folder, "%s%s", top, strcmp(group, "/") == 0 ? "" : group);
    if (length < 0 || (size_t)length >= sizeof folder)
        return quota_of(top);
    for (;;) {
        const size_t quota = quota_of(folder);
        least = quota < least ? quota : least;
        char *slash = strrchr(folder + strlen(top), '/');
        if (slash == NULL)
            return least;
        *slash = '\0';
    }
}

/* Whether the list "cpu,cpuacct" has the word "cpu". */
static bool controls_cpu(const char *controllers)
{
    for (const char *word = controllers; *word != '\0'; word += strcspn(word, ","), word += *word == ',')
        if (strcspn(word, ",") == 3 && strncmp(word, "cpu", 3) == 0)
            return true;
    return false;
}

/* A line of /proc/self/cgroup: "0::/group" for version 2, "4:cpu,cpuacct:/group" for version 1. */
static size_t quota_of_line(const char *root, char *line)
{
    char top[1024];
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL)
        return SIZE_MAX;
    *controllers++ = *group++ = '\0';
    if (*controllers == '\0') {
        snprintf(top, sizeof top, "%s/sys/fs/cgroup", root);
        return least_quota(top, group, quota_of_v2);
    }
    if (!controls_cpu(controllers))
        return SIZE_MAX;
    snprintf(top, sizeof top, "%s/sys/fs/cgroup/%s", root, controllers);
    return least_quota(top, group, quota_of_v1);
}

size_t gr_cores_quota(const char *root)
{
    char path[1024], line[2048];
    size_t least = SIZE_MAX;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return SIZE_MAX;
    while (fgets(line, sizeof line, stream) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const size_t quota = quota_of_line(root, line);
        least = quota < least ? quota : least;
    }
    fclose(stream);
    return least;
}

/* A set of the usual size is too small on machines with more than 1,024 cores; there the affinity is ignored. */
size_t gr_cores_available(void)
{
    cpu_set_t allowed;
    size_t cores = gr_cores_quota("");
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && (size_t)CPU_COUNT(&allowed) < cores)
        cores = (size_t)CPU_COUNT(&allowed);
    return cores;
}
