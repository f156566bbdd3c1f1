/*
 * Runs a program in the virtual host and notes, each time its output shows the
 * next awaited text, how long that took, how much memory the program then has
 * beside the guest's, and how often it called ioctl().
 *
 * usage: stopwatch RESULT [-c COUNTER-LIBRARY] [-w TEXT]... -- COMMAND...
 *
 * Without -w the first byte of output is awaited. RESULT receives shell
 * assignments US_n, KIB_n, CPU_US_n, IOCTLS_n, INVALIDATIONS_n,
 * RUNS_n for n = 1, 2... and STATUS. The output is passed on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ioctl-counts.h"

#define MAX_TEXTS 16
/* Mappings of this size hold guest RAM or flash; nothing of a program's own is as large. */
#define GUEST_MAPPING_KIB (64 << 10)

static const char *texts[MAX_TEXTS];
static int n_texts;
static const char *counter_library;
static const IoctlCounts *counts;
static FILE *result;

static long long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* Resident KiB outside the guest's memory. */
static long own_kib(pid_t pid)
{
    char path[32], line[256];
    long size = 0, rss, sum = 0;
    FILE *smaps;

    snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
    smaps = fopen(path, "r");
    while (smaps && fgets(line, sizeof(line), smaps)) {
        sscanf(line, "Size: %ld", &size);
        if (sscanf(line, "Rss: %ld", &rss) == 1 && size < GUEST_MAPPING_KIB) {
            sum += rss;
        }
    }
    if (smaps) {
        fclose(smaps);
    }
    return sum;
}

/* The time that the program's threads, guest CPUs included, have spent on a CPU. */
static long long cpu_us(pid_t pid)
{
    char pattern[48];
    long long sum = 0, ns;
    glob_t tasks = { 0 };

    snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/schedstat", pid);
    glob(pattern, 0, NULL, &tasks);
    for (size_t i = 0; i < tasks.gl_pathc; i++) {
        FILE *f = fopen(tasks.gl_pathv[i], "r");

        if (f && fscanf(f, "%lld", &ns) == 1) {
            sum += ns;
        }
        if (f) {
            fclose(f);
        }
    }
    globfree(&tasks);
    return sum / 1000;
}

static void note(int n, pid_t pid, long long begin)
{
    fprintf(result, "US_%d=%lld\nKIB_%d=%ld\nCPU_US_%d=%lld\n", n, now_us() - begin, n, own_kib(pid), n, cpu_us(pid));
    if (counts) {
        fprintf(result, "IOCTLS_%d=%ld\nINVALIDATIONS_%d=%ld\nRUNS_%d=%ld\n", n, counts->all, n, counts->invalidations, n, counts->runs);
    }
    fflush(result);
}

/* The counters live in a file that the library in the other program maps too. */
static void share_counts(const char *name)
{
    static char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s.counts", name);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*counts)) < 0) {
        perror(path);
        exit(1);
    }
    counts = mmap(NULL, sizeof(*counts), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    setenv(IOCTL_COUNTS_FILE, path, 1);
}

static pid_t start(char **command, int *output)
{
    int fds[2];
    pid_t pid;

    if (pipe(fds) < 0 || (pid = fork()) < 0) {
        perror("stopwatch");
        exit(1);
    }
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        if (counter_library) {
            setenv("LD_PRELOAD", counter_library, 1);
        }
        execv(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(fds[1]);
    *output = fds[0];
    return pid;
}

static void follow(int output, pid_t pid, long long begin)
{
    static char seen[1 << 16];
    size_t have = 0;
    ssize_t n;
    int next = 0;

    while ((n = read(output, seen + have, sizeof(seen) - 1 - have)) > 0) {
        if (write(1, seen + have, n) < 0) {
            break;
        }
        have += n;
        seen[have] = 0;
        for (char *at; next < n_texts && (at = strstr(seen, texts[next])); next++) {
            note(next + 1, pid, begin);
            have -= at + strlen(texts[next]) - seen;
            memmove(seen, at + strlen(texts[next]), have + 1);
        }
        if (have > sizeof(seen) / 2) {              /* a text may lie across two reads */
            memmove(seen, seen + have - 256, 257);
            have = 256;
        }
    }
}

int main(int argc, char **argv)
{
    int i = 2, output, status;
    long long begin;
    pid_t pid;

    for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
        if (!strcmp(argv[i], "-c")) {
            counter_library = argv[i + 1];
        } else if (!strcmp(argv[i], "-w") && n_texts < MAX_TEXTS) {
            texts[n_texts++] = argv[i + 1];
        }
    }
    if (i + 1 >= argc || !(result = fopen(argv[1], "w"))) {
        fprintf(stderr, "usage: stopwatch RESULT [-c COUNTER-LIBRARY] [-w TEXT]... -- COMMAND...\n");
        return 1;
    }
    if (!n_texts) {
        texts[n_texts++] = "";
    }
    if (counter_library) {
        share_counts(argv[1]);
    }
    begin = now_us();
    pid = start(argv + i + 1, &output);
    follow(output, pid, begin);
    waitpid(pid, &status, 0);
    fprintf(result, "STATUS=%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    fclose(result);
    return 0;
}
