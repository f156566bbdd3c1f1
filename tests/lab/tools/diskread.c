/*
 * Random direct reads of 4 KiB, in a guest: prints how many a second.
 *
 * usage: diskread DEVICE THREADS READS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096

static int fd;
static long blocks, reads_each;

static void *reader(void *opaque)
{
    unsigned seed = (unsigned)(size_t)opaque + 1;
    void *buffer;

    if (posix_memalign(&buffer, BLOCK, BLOCK)) {
        return opaque;
    }
    for (long i = 0; i < reads_each; i++) {
        if (pread(fd, buffer, BLOCK, rand_r(&seed) % blocks * BLOCK) != BLOCK) {
            perror("diskread");
            exit(1);
        }
    }
    return NULL;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    int threads = argc == 4 ? atoi(argv[2]) : 0;
    pthread_t *ids = calloc(threads, sizeof(*ids));
    double begin;

    fd = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
    if (fd < 0 || threads < 1) {
        fprintf(stderr, "usage: diskread DEVICE THREADS READS\n");
        return 1;
    }
    blocks = lseek(fd, 0, SEEK_END) / BLOCK;
    reads_each = atol(argv[3]) / threads;
    begin = seconds();
    for (int i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, reader, (void *)(size_t)i);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    printf("%.0f\n", reads_each * threads / (seconds() - begin));
    return 0;
}
