/*
 * Reads kernel files: the arm64 Image header (Linux, Documentation/arch/arm64/booting),
 * gzip and zstd around it, the EFI zboot wrapper, ELF, and headerless .flat test
 * images. Pure functions on bytes; files are hostile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <elf.h>
#include <zlib.h>
#include <zstd.h>
#include "boot-image.h"
#include "util/bits.h"

/* arm64 Image header */
enum { IMAGE_TEXT_OFFSET = 8, IMAGE_SIZE = 16, IMAGE_MAGIC_AT = 56, IMAGE_HEADER_SIZE = 64 };
#define IMAGE_MAGIC 0x644d5241          /* "ARM\x64" */
/* EFI zboot header, after the "MZ" of the PE image */
enum { ZBOOT_MAGIC_AT = 4, ZBOOT_PAYLOAD_OFFSET = 8, ZBOOT_PAYLOAD_SIZE = 12 };
#define ZBOOT_MAGIC 0x676d697a          /* "zimg" */
/* Where images without a header expect to be. */
#define FLAT_TEXT_OFFSET 0x80000

static const uint8_t gzip_magic[] = { 0x1f, 0x8b }, zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd }, elf_magic[] = { 0x7f, 'E', 'L', 'F' };

static bool starts_with(GBytes *b, const void *magic, size_t n)
{
    gsize size;
    const void *p = g_bytes_get_data(b, &size);
    return size >= n && !memcmp(p, magic, n);
}
#define STARTS_WITH(b, magic) starts_with((b), (magic), sizeof(magic))

static uint32_t le32_at(GBytes *b, size_t offset)
{
    gsize size;
    const uint8_t *p = g_bytes_get_data(b, &size);
    return size >= offset + 4 ? ldl_le_p(p + offset) : 0;
}

static bool grow(GByteArray *out, size_t need, const char *name, Error **errp)
{
    if (need > BOOT_IMAGE_MAX) {
        error_setg(errp, "kernel '%s' unpacks to more than %llu MiB", name, BOOT_IMAGE_MAX / MiB);
        return false;
    }
    g_byte_array_set_size(out, need);
    return true;
}

static bool inflate_into(GByteArray *out, const uint8_t *p, size_t n, const char *name, Error **errp)
{
    z_stream z = { .next_in = (Bytef *)p, .avail_in = n };
    int rc = inflateInit2(&z, 16 + MAX_WBITS);
    size_t done = 0;
    bool fits = true;

    while (rc == Z_OK) {
        fits = grow(out, done + 4 * MiB, name, errp);
        if (!fits) {
            break;
        }
        z.next_out = out->data + done;
        z.avail_out = out->len - done;
        rc = inflate(&z, Z_NO_FLUSH);
        done = out->len - z.avail_out;
    }
    inflateEnd(&z);
    g_byte_array_set_size(out, done);
    if (fits && rc != Z_STREAM_END) {
        error_setg(errp, "kernel '%s': the gzip data is damaged", name);
    }
    return rc == Z_STREAM_END;
}

static bool unzstd_into(GByteArray *out, const uint8_t *p, size_t n, const char *name, Error **errp)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer in = { p, n, 0 };
    size_t rc = 1, done = 0;
    bool fits = true;

    while (rc && !ZSTD_isError(rc) && in.pos < in.size) {
        ZSTD_outBuffer o;
        fits = grow(out, done + 4 * MiB, name, errp);
        if (!fits) {
            break;
        }
        o = (ZSTD_outBuffer) { out->data, out->len, done };
        rc = ZSTD_decompressStream(z, &o, &in);
        done = o.pos;
    }
    ZSTD_freeDStream(z);
    g_byte_array_set_size(out, done);
    if (fits && rc) {
        error_setg(errp, "kernel '%s': the zstd data is damaged", name);
    }
    return fits && !rc;
}

static GBytes *unpack_with(bool (*fn)(GByteArray *, const uint8_t *, size_t, const char *, Error **), GBytes *packed,
                           const char *name, Error **errp)
{
    gsize n;
    const uint8_t *p = g_bytes_get_data(packed, &n);
    GByteArray *out = g_byte_array_new();

    if (!fn(out, p, n, name, errp)) {
        g_byte_array_unref(out);
        return NULL;
    }
    return g_byte_array_free_to_bytes(out);
}

/* The compressed kernel inside of an EFI zboot image. */
static GBytes *zboot_payload(GBytes *file, const char *name, Error **errp)
{
    uint32_t offset = le32_at(file, ZBOOT_PAYLOAD_OFFSET), size = le32_at(file, ZBOOT_PAYLOAD_SIZE);

    if (offset > g_bytes_get_size(file) || size > g_bytes_get_size(file) - offset) {
        error_setg(errp, "kernel '%s': the EFI zboot payload is outside of the file", name);
        return NULL;
    }
    return g_bytes_new_from_bytes(file, offset, size);
}

static bool is_zboot(GBytes *file)
{
    return starts_with(file, "MZ", 2) && le32_at(file, ZBOOT_MAGIC_AT) == ZBOOT_MAGIC;
}

GBytes *boot_image_unpack(GBytes *file, bool keep_efi, const char *name, Error **errp)
{
    if (STARTS_WITH(file, gzip_magic)) {
        return unpack_with(inflate_into, file, name, errp);
    }
    if (STARTS_WITH(file, zstd_magic)) {
        return unpack_with(unzstd_into, file, name, errp);
    }
    if (is_zboot(file) && !keep_efi) {
        g_autoptr(GBytes) payload = zboot_payload(file, name, errp);
        if (!payload) {
            return NULL;
        }
        if (!STARTS_WITH(payload, gzip_magic) && !STARTS_WITH(payload, zstd_magic)) {
            error_setg(errp, "kernel '%s': EFI zboot with a compression other than gzip and zstd; boot it through UEFI", name);
            return NULL;
        }
        return boot_image_unpack(payload, false, name, errp);
    }
    return g_bytes_ref(file);
}

static bool parse_linux(BootImage *image)
{
    gsize n;
    const uint8_t *p = g_bytes_get_data(image->data, &n);

    if (n < IMAGE_HEADER_SIZE || ldl_le_p(p + IMAGE_MAGIC_AT) != IMAGE_MAGIC) {
        return false;
    }
    image->kind = BOOT_IMAGE_LINUX;
    image->memory_size = ldq_le_p(p + IMAGE_SIZE);
    /* Kernels before 3.17 left the size zero, and the offset in the CPU's byte order. */
    image->text_offset = image->memory_size ? ldq_le_p(p + IMAGE_TEXT_OFFSET) : FLAT_TEXT_OFFSET;
    image->memory_size = MAX(image->memory_size, n);
    return true;
}

bool boot_image_parse(BootImage *image, GBytes *file, const char *name, Error **errp)
{
    memset(image, 0, sizeof(*image));
    image->data = boot_image_unpack(file, false, name, errp);
    if (!image->data) {
        return false;
    }
    if (parse_linux(image)) {
        return true;
    }
    if (STARTS_WITH(image->data, elf_magic)) {
        image->kind = BOOT_IMAGE_ELF;
        return true;
    }
    if (g_str_has_suffix(name, ".flat")) {
        image->kind = BOOT_IMAGE_FLAT;
        image->text_offset = FLAT_TEXT_OFFSET;
        image->memory_size = g_bytes_get_size(image->data);
        return true;
    }
    error_setg(errp, "kernel '%s' is not an arm64 kernel: neither a Linux Image (raw, gzip, zstd, EFI zboot) nor ELF nor a .flat file", name);
    boot_image_clear(image);
    return false;
}

void boot_image_clear(BootImage *image)
{
    g_clear_pointer(&image->data, g_bytes_unref);
}

static bool segment_ok(const Elf64_Phdr *ph, gsize file_size)
{
    return ph->p_filesz <= ph->p_memsz && ph->p_offset <= file_size && ph->p_filesz <= file_size - ph->p_offset &&
           ph->p_memsz <= BOOT_IMAGE_MAX && ph->p_paddr + ph->p_memsz >= ph->p_paddr;
}

bool boot_elf_parse(GBytes *data, GArray *segments, uint64_t *entry, const char *name, Error **errp)
{
    gsize n;
    const uint8_t *p = g_bytes_get_data(data, &n);
    Elf64_Ehdr eh;

    if (n < sizeof(eh)) {
        error_setg(errp, "kernel '%s': the ELF file is cut short", name);
        return false;
    }
    memcpy(&eh, p, sizeof(eh));
    if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_machine != EM_AARCH64) {
        error_setg(errp, "kernel '%s' is an ELF file, but not a little-endian arm64 one", name);
        return false;
    }
    if (eh.e_phentsize != sizeof(Elf64_Phdr) || eh.e_phoff > n || (n - eh.e_phoff) / sizeof(Elf64_Phdr) < eh.e_phnum) {
        error_setg(errp, "kernel '%s': the ELF program headers are outside of the file", name);
        return false;
    }
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;
        memcpy(&ph, p + eh.e_phoff + i * sizeof(ph), sizeof(ph));
        if (ph.p_type != PT_LOAD || !ph.p_memsz) {
            continue;
        }
        if (!segment_ok(&ph, n)) {
            error_setg(errp, "kernel '%s': ELF segment %u is outside of the file", name, i);
            return false;
        }
        g_array_append_vals(segments, &(BootElfSegment) { ph.p_paddr, ph.p_offset, ph.p_filesz, ph.p_memsz }, 1);
    }
    *entry = eh.e_entry;
    return true;
}
