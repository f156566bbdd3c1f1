/*
 * Starts another kernel from this one, without a reset in between. The running
 * kernel shuts its drivers down first; files must be readable.
 *
 * usage: kexec IMAGE INITRD COMMAND-LINE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int image = argc == 4 ? open(argv[1], O_RDONLY) : -1;
    int initrd = argc == 4 ? open(argv[2], O_RDONLY) : -1;

    if (image < 0 || initrd < 0) {
        fprintf(stderr, "usage: kexec IMAGE INITRD COMMAND-LINE\n");
        return 1;
    }
    if (syscall(SYS_kexec_file_load, image, initrd, strlen(argv[3]) + 1, argv[3], 0L)) {
        perror("kexec: kexec_file_load");
        return 1;
    }
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    perror("kexec: reboot");
    return 1;
}
