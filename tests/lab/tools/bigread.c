/*
 * Direct reads of 2 MiB, in a guest, into memory that the IOMMU can only map by
 * 4 KiB pages: each read ends with an unmap of 512 of them.
 *
 * usage: bigread DEVICE TIMES            (needs three huge pages of 2 MiB)
 *
 * Says L2-UNMAP-READY before the first and L2-UNMAP-DONE after the last, and
 * waits a second each time, so that an observer outside can read its counters.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (2 << 20)
#define PAGE 4096

static void say(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
    sleep(1);
}

int main(int argc, char **argv)
{
    int fd = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
    char *memory = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

    if (fd < 0 || memory == MAP_FAILED) {
        perror("bigread");
        return 1;
    }
    say("L2-UNMAP-READY");
    for (int i = 0; i < atoi(argv[2]); i++) {
        /* Off by a page from the alignment of the I/O address: no larger page fits both. */
        if (pread(fd, memory + PAGE, SIZE, 0) != SIZE) {
            perror("bigread");
            return 1;
        }
    }
    say("L2-UNMAP-DONE");
    return 0;
}
