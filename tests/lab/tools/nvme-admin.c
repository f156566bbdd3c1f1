/*
 * One admin command without data to an NVMe controller: nvme-admin DEVICE OPCODE CDW10 CDW11.
 * Says the status and dword 0 of the answer; fails when the command does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
    struct nvme_admin_cmd cmd = { 0 };
    int fd, status;

    if (argc != 5 || (fd = open(argv[1], O_RDWR)) < 0) {
        perror("usage: nvme-admin DEVICE OPCODE CDW10 CDW11");
        return 1;
    }
    cmd.opcode = strtoul(argv[2], NULL, 0);
    cmd.cdw10 = strtoul(argv[3], NULL, 0);
    cmd.cdw11 = strtoul(argv[4], NULL, 0);
    status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd);
    printf("status %#x result %u\n", status, cmd.result);
    return status != 0;
}
