/*
 * Kernel files: what they are, and the bytes to put in memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_BOOT_IMAGE_H
#define HW_ARM_BOOT_IMAGE_H

#include "util/error.h"

/* No kernel needs more; a compressed bomb stops here. */
#define BOOT_IMAGE_MAX (1 * GiB)

typedef enum BootImageKind { BOOT_IMAGE_LINUX, BOOT_IMAGE_FLAT, BOOT_IMAGE_ELF } BootImageKind;

typedef struct BootImage {
    BootImageKind kind;
    GBytes *data;               /* uncompressed */
    uint64_t text_offset;       /* Linux, flat: from a 2 MiB boundary */
    uint64_t memory_size;       /* Linux, flat: what it wants, with BSS */
} BootImage;

/* Unpacks gzip, zstd and EFI zboot, then looks what it is. @name is for messages. */
bool boot_image_parse(BootImage *image, GBytes *file, const char *name, Error **errp);
void boot_image_clear(BootImage *image);
GBytes *boot_image_unpack(GBytes *file, bool keep_efi, const char *name, Error **errp);

typedef struct BootElfSegment { uint64_t paddr, offset, file_size, memory_size; } BootElfSegment;
/* @segments: BootElfSegment, only loadable ones; every range was checked to be inside of the file. */
bool boot_elf_parse(GBytes *data, GArray *segments, uint64_t *entry, const char *name, Error **errp);

#endif
