/*
 * Kernel files of every kind, and damaged ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <elf.h>
#include <zlib.h>
#include "hw/arm/boot-image.h"
#include "util/bits.h"

#define IMAGE_BYTES 4096

static GBytes *make_image(uint64_t text_offset, uint64_t image_size)
{
    uint8_t *p = g_malloc0(IMAGE_BYTES);

    stq_le_p(p + 8, text_offset);
    stq_le_p(p + 16, image_size);
    memcpy(p + 56, "ARM\x64", 4);
    return g_bytes_new_take(p, IMAGE_BYTES);
}

static GBytes *gzip(GBytes *plain)
{
    gsize n;
    const void *p = g_bytes_get_data(plain, &n);
    uint8_t *out = g_malloc(n + 1024);
    z_stream z = { .next_in = (Bytef *)p, .avail_in = n, .next_out = out, .avail_out = n + 1024 };

    g_assert_cmpint(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    n = z.total_out;
    deflateEnd(&z);
    return g_bytes_new_take(out, n);
}

static void expect_linux(GBytes *file, uint64_t text_offset, uint64_t memory_size)
{
    g_autoptr(Error) err = NULL;
    BootImage image;

    g_assert_true(boot_image_parse(&image, file, "Image", &err));
    g_assert_cmpint(image.kind, ==, BOOT_IMAGE_LINUX);
    g_assert_cmphex(image.text_offset, ==, text_offset);
    g_assert_cmphex(image.memory_size, ==, memory_size);
    g_assert_cmpuint(g_bytes_get_size(image.data), ==, IMAGE_BYTES);
    boot_image_clear(&image);
}

static void expect_error(GBytes *file, const char *name, const char *says)
{
    g_autoptr(Error) err = NULL;
    BootImage image;

    g_assert_false(boot_image_parse(&image, file, name, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), says));
}

static void test_linux(void)
{
    g_autoptr(GBytes) plain = make_image(0, 0x200000), old = make_image(0x80000, 0), packed = gzip(plain);

    expect_linux(plain, 0, 0x200000);
    expect_linux(packed, 0, 0x200000);
    expect_linux(old, 0x80000, IMAGE_BYTES);
}

static GBytes *make_zboot(uint32_t offset, uint32_t size, GBytes *payload)
{
    gsize n;
    const void *p = g_bytes_get_data(payload, &n);
    uint8_t *out = g_malloc0(64 + n);

    memcpy(out, "MZ\0\0zimg", 8);
    stl_le_p(out + 8, offset);
    stl_le_p(out + 12, size);
    memcpy(out + 64, p, n);
    return g_bytes_new_take(out, 64 + n);
}

static void test_zboot(void)
{
    g_autoptr(GBytes) plain = make_image(0, 0x200000), packed = gzip(plain);
    g_autoptr(GBytes) good = make_zboot(64, g_bytes_get_size(packed), packed), bad = make_zboot(64, 1 << 30, packed);
    g_autoptr(GBytes) nested = make_zboot(64, g_bytes_get_size(plain), plain);
    g_autoptr(GBytes) kept = boot_image_unpack(good, true, "zboot", NULL);

    expect_linux(good, 0, 0x200000);
    expect_error(bad, "zboot", "outside of the file");
    expect_error(nested, "zboot", "compression other than");
    g_assert_true(g_bytes_equal(kept, good));      /* firmware starts it as it is */
}

static void test_damaged(void)
{
    g_autoptr(GBytes) plain = make_image(0, 0x200000), packed = gzip(plain);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(packed, 0, g_bytes_get_size(packed) / 2);
    g_autoptr(GBytes) text = g_bytes_new_static("#!/bin/sh\n", 10), empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) zstd = g_bytes_new_static("\x28\xb5\x2f\xfd garbage", 12);

    expect_error(cut, "Image.gz", "damaged");
    expect_error(zstd, "Image.zst", "damaged");
    expect_error(text, "script", "not an arm64 kernel");
    expect_error(empty, "empty", "not an arm64 kernel");
}

static void test_flat(void)
{
    g_autoptr(GBytes) code = g_bytes_new_static("\x1f\x20\x03\xd5", 4);
    BootImage image;

    g_assert_true(boot_image_parse(&image, code, "selftest.flat", NULL));
    g_assert_cmpint(image.kind, ==, BOOT_IMAGE_FLAT);
    g_assert_cmphex(image.text_offset, ==, 0x80000);
    boot_image_clear(&image);
}

static GBytes *make_elf(uint16_t machine, uint64_t offset, uint64_t file_size)
{
    struct { Elf64_Ehdr eh; Elf64_Phdr ph; } *f = g_malloc0(sizeof(*f));

    memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
    f->eh.e_ident[EI_CLASS] = ELFCLASS64;
    f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    f->eh.e_machine = machine;
    f->eh.e_entry = 0x40080000;
    f->eh.e_phoff = sizeof(f->eh);
    f->eh.e_phentsize = sizeof(f->ph);
    f->eh.e_phnum = 1;
    f->ph = (Elf64_Phdr) { .p_type = PT_LOAD, .p_offset = offset, .p_filesz = file_size, .p_memsz = 4096, .p_paddr = 0x40080000 };
    return g_bytes_new_take((uint8_t *)f, sizeof(*f));
}

static void test_elf(void)
{
    g_autoptr(GBytes) good = make_elf(EM_AARCH64, 0, 64), foreign = make_elf(EM_X86_64, 0, 64), wild = make_elf(EM_AARCH64, 1 << 20, 64);
    g_autoptr(GArray) segments = g_array_new(false, false, sizeof(BootElfSegment));
    g_autoptr(Error) err = NULL, err2 = NULL;
    uint64_t entry = 0;

    g_assert_true(boot_elf_parse(good, segments, &entry, "elf", &err));
    g_assert_cmpuint(segments->len, ==, 1);
    g_assert_cmphex(entry, ==, 0x40080000);
    g_assert_false(boot_elf_parse(foreign, segments, &entry, "elf", &err));
    g_assert_false(boot_elf_parse(wild, segments, &entry, "elf", &err2));
    g_assert_nonnull(strstr(error_get_pretty(err2), "outside of the file"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot-image/linux", test_linux);
    g_test_add_func("/boot-image/zboot", test_zboot);
    g_test_add_func("/boot-image/damaged", test_damaged);
    g_test_add_func("/boot-image/flat", test_flat);
    g_test_add_func("/boot-image/elf", test_elf);
    return g_test_run();
}
