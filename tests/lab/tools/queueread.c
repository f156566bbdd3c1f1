/*
 * Random direct reads of 4 KiB from one thread that keeps many under way, in a
 * guest: prints how many a second. What has come back is asked for anew at once,
 * all with one system call.
 *
 * usage: queueread DEVICE DEPTH READS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MOST = 256 };

static int fd;
static long blocks;
static aio_context_t context;
static struct iocb requests[MOST];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void aim(struct iocb *request)
{
    request->aio_offset = random() % blocks * BLOCK;
}

static void prepare(int depth)
{
    char *buffers;

    if (posix_memalign((void **)&buffers, BLOCK, (size_t)depth * BLOCK) || syscall(SYS_io_setup, depth, &context)) {
        fail("io_setup");
    }
    for (int i = 0; i < depth; i++) {
        requests[i] = (struct iocb) {
            .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd, .aio_nbytes = BLOCK, .aio_buf = (size_t)buffers + (size_t)i * BLOCK,
            .aio_data = (size_t)&requests[i],
        };
        aim(&requests[i]);
    }
}

static void submit(struct iocb **list, long n)
{
    while (n) {
        long taken = syscall(SYS_io_submit, context, n, list);

        if (taken <= 0) {
            fail("io_submit");
        }
        list += taken;
        n -= taken;
    }
}

/* Waits for one at least; returns how many there were, in @list. */
static long reap(struct iocb **list, int depth)
{
    struct io_event events[MOST];
    long n = syscall(SYS_io_getevents, context, 1, depth, events, NULL);

    if (n <= 0) {
        fail("io_getevents");
    }
    for (long i = 0; i < n; i++) {
        if (events[i].res != BLOCK) {
            fprintf(stderr, "queueread: a read gave %lld\n", (long long)events[i].res);
            exit(1);
        }
        list[i] = (struct iocb *)(size_t)events[i].data;
    }
    return n;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    int depth = argc == 4 ? atoi(argv[2]) : 0;
    struct iocb *list[MOST];
    long reads, n = depth;
    double begin;

    fd = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
    if (fd < 0 || depth < 1 || depth > MOST) {
        fprintf(stderr, "usage: queueread DEVICE DEPTH READS\n");
        return 1;
    }
    blocks = lseek(fd, 0, SEEK_END) / BLOCK;
    prepare(depth);
    for (int i = 0; i < depth; i++) {
        list[i] = &requests[i];
    }
    begin = seconds();
    submit(list, n);
    for (reads = 0; reads < atol(argv[3]); reads += n) {
        n = reap(list, depth);
        for (long i = 0; i < n; i++) {
            aim(list[i]);
        }
        submit(list, n);
    }
    printf("%.0f\n", reads / (seconds() - begin));
    return 0;
}
