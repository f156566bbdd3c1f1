/*
 * iommufd-conformance CDEV: the sequences against the kernel it runs on. CDEV
 * is the VFIO character device of a host device that nobody uses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include "conformance.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s /dev/vfio/devices/vfioN\n", argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    return conformance_run(argv[1]) ? 1 : 0;
}
