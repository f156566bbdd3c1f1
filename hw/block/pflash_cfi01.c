/*
 * A bank of NOR flash with the Intel/Sharp command set: CFI (JESD68) primary
 * command set 0x0001, commands as in Intel's 28F256J3 data sheet.
 *
 * Guest sees: chips of `device-width` bytes side by side filling `width`
 * bytes, each answering for itself. In read-array mode the bank is memory
 * (the guest runs from it); the first write of a command makes every access
 * come here until a read-array command. A backing drive is loaded at start and
 * written with each program or erase.
 *
 * Programming sets the bytes as given rather than clearing bits only, erase
 * and program are done at once, suspend and protection registers do nothing:
 * firmware that follows the data sheet cannot tell.
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block/block.h"
#include "hw/block/flash.h"
#include "hw/core/qdev-properties.h"
#include "hw/core/sysbus.h"
#include "hw_block.trace.h"

OBJECT_DECLARE_SIMPLE_TYPE(PFlashCFI01, PFLASH_CFI01)

/* --- commands and status ------------------------------------------------------------ */
enum {
    CMD_PROGRAM_ALT = 0x10, CMD_ERASE = 0x20, CMD_PROGRAM = 0x40, CMD_CLEAR_STATUS = 0x50, CMD_LOCK = 0x60, CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90, CMD_CFI_QUERY = 0x98, CMD_CONFIRM = 0xd0, CMD_WRITE_BUFFER = 0xe8, CMD_READ_ARRAY = 0xff,
    LOCK_SET = 0x01,
};
enum { STATUS_READY = 0x80, STATUS_ERASE_ERROR = 0x20, STATUS_PROGRAM_ERROR = 0x10 };

/* What the next write means. */
typedef enum Phase { PHASE_COMMAND, PHASE_PROGRAM, PHASE_ERASE, PHASE_LOCK, PHASE_COUNT, PHASE_FILL, PHASE_CONFIRM } Phase;

#define CFI_TABLE_SIZE      0x52
#define BUFFER_LOG2         11          /* write buffer of a chip: 2 KiB */

struct PFlashCFI01 {
    SysBusDevice parent_obj;
    MemoryRegion mem;
    uint8_t *storage;
    BlockBackend *blk;
    char *name;
    uint32_t num_blocs;
    uint64_t sector_len;
    uint8_t bank_width, device_width;
    uint16_t ident[4];
    bool read_only;

    Phase phase;
    uint8_t command;                    /* says what a read answers; CMD_READ_ARRAY: memory */
    uint8_t status;
    uint8_t *buffer;                    /* of the whole bank */
    uint64_t buffer_base;               /* bank offset of buffer[0] */
    uint32_t words_left;
    bool buffer_placed;
    uint8_t cfi[CFI_TABLE_SIZE];
};

static uint64_t bank_size(const PFlashCFI01 *pfl)
{
    return pfl->num_blocs * pfl->sector_len;
}

static unsigned chips(const PFlashCFI01 *pfl)
{
    return pfl->bank_width / pfl->device_width;
}

static uint32_t buffer_size(const PFlashCFI01 *pfl)
{
    return chips(pfl) << BUFFER_LOG2;
}

/* --- the CFI table (JESD68.01, tables 2 to 5) ------------------------------------------- */

static void cfi_fill(PFlashCFI01 *pfl)
{
    uint64_t chip_size = bank_size(pfl) / chips(pfl), block = pfl->sector_len / chips(pfl);
    uint8_t *t = pfl->cfi;

    memcpy(t + 0x10, "QRY", 3);
    stw_le_p(t + 0x13, 0x0001);         /* Intel/Sharp extended command set */
    stw_le_p(t + 0x15, 0x0031);         /* its table, below */
    t[0x1b] = 0x45;                     /* Vcc from 4.5 V */
    t[0x1c] = 0x55;                     /* to 5.5 V */
    t[0x1f] = 7;                        /* typical times, 2^n: program a word, us */
    t[0x20] = 7;                        /* write a buffer, us */
    t[0x21] = 10;                       /* erase a block, ms */
    t[0x23] = t[0x24] = t[0x25] = 4;    /* the longest are 2^4 times these */
    t[0x27] = ctz64(chip_size);
    stw_le_p(t + 0x28, 2);              /* x8 and x16 */
    stw_le_p(t + 0x2a, BUFFER_LOG2);
    t[0x2c] = 1;                        /* one region of equal blocks */
    stw_le_p(t + 0x2d, pfl->num_blocs - 1);
    stw_le_p(t + 0x2f, block / 256);
    memcpy(t + 0x31, "PRI10", 5);
    t[0x3f] = 1;                        /* one protection register field */
}

/* --- reads ---------------------------------------------------------------------------------- */

/* The same answer from each chip, as wide as the access. */
static uint64_t spread(const PFlashCFI01 *pfl, uint16_t v, unsigned size)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < size; i += pfl->device_width) {
        out |= (uint64_t)v << (8 * i);
    }
    return size == 8 ? out : out & MAKE_64BIT_MASK(0, 8 * size);
}

static uint64_t read_id(const PFlashCFI01 *pfl, hwaddr addr, unsigned size)
{
    uint64_t word = addr / pfl->bank_width & 0xff;
    return word < 2 ? spread(pfl, pfl->ident[word], size) : 0;
}

static uint64_t read_cfi(const PFlashCFI01 *pfl, hwaddr addr, unsigned size)
{
    uint64_t word = addr / pfl->bank_width;
    return word < CFI_TABLE_SIZE ? spread(pfl, pfl->cfi[word], size) : 0;
}

static uint64_t pflash_read(void *opaque, hwaddr addr, unsigned size)
{
    PFlashCFI01 *pfl = opaque;

    switch (pfl->command) {
    case CMD_READ_ARRAY: return ldn_le_p(pfl->storage + addr, size);
    case CMD_READ_ID:    return read_id(pfl, addr, size);
    case CMD_CFI_QUERY:  return read_cfi(pfl, addr, size);
    default:             return spread(pfl, pfl->status, size);
    }
}

/* --- the array ------------------------------------------------------------------------------- */

/* To the drive as it is in the guest's memory now. */
static bool write_through(PFlashCFI01 *pfl, uint64_t offset, uint64_t len)
{
    memory_region_set_dirty(&pfl->mem, offset, len);
    return !pfl->blk || blk_pwrite(pfl->blk, offset, len, pfl->storage + offset) == 0;
}

static void program(PFlashCFI01 *pfl, uint64_t offset, const void *data, uint64_t len)
{
    bool ok = !pfl->read_only;

    if (ok) {
        memcpy(pfl->storage + offset, data, len);
        ok = write_through(pfl, offset, len);
    }
    trace_pflash_program(pfl->name, offset, len, ok);
    pfl->status |= STATUS_READY | (ok ? 0 : STATUS_PROGRAM_ERROR);
}

static void erase(PFlashCFI01 *pfl, uint64_t offset)
{
    bool ok = !pfl->read_only;

    offset -= offset % pfl->sector_len;
    if (ok) {
        memset(pfl->storage + offset, 0xff, pfl->sector_len);
        ok = write_through(pfl, offset, pfl->sector_len);
    }
    trace_pflash_erase(pfl->name, offset, ok);
    pfl->status |= STATUS_READY | (ok ? 0 : STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR);
}

/* --- commands ----------------------------------------------------------------------------------- */

static void read_array(PFlashCFI01 *pfl)
{
    pfl->phase = PHASE_COMMAND;
    pfl->command = CMD_READ_ARRAY;
    memory_region_rom_device_set_romd(&pfl->mem, true);
}

static void start(PFlashCFI01 *pfl, Phase phase, uint8_t command)
{
    pfl->phase = phase;
    pfl->command = command;
    memory_region_rom_device_set_romd(&pfl->mem, false);
}

static void command_write(PFlashCFI01 *pfl, uint8_t cmd)
{
    trace_pflash_command(pfl->name, cmd);
    switch (cmd) {
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALT:
        start(pfl, PHASE_PROGRAM, cmd);
        break;
    case CMD_ERASE:
        start(pfl, PHASE_ERASE, cmd);
        break;
    case CMD_LOCK:
        start(pfl, PHASE_LOCK, cmd);
        break;
    case CMD_WRITE_BUFFER:
        pfl->status |= STATUS_READY;
        start(pfl, PHASE_COUNT, cmd);
        break;
    case CMD_CLEAR_STATUS:
        pfl->status = 0;
        read_array(pfl);
        break;
    case CMD_READ_STATUS:
    case CMD_READ_ID:
    case CMD_CFI_QUERY:
        start(pfl, PHASE_COMMAND, cmd);
        break;
    default:
        read_array(pfl);
        break;
    }
}

static void set_count(PFlashCFI01 *pfl, uint64_t value)
{
    uint32_t words = (uint16_t)(pfl->device_width == 1 ? value & 0xff : value) + 1;

    if (words > buffer_size(pfl) / pfl->bank_width) {
        pfl->status |= STATUS_PROGRAM_ERROR;
        start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
        return;
    }
    pfl->words_left = words;
    pfl->buffer_placed = false;
    pfl->phase = PHASE_FILL;
}

/* The first word says which stretch of the array the buffer stands for; what is not written keeps its value. */
static bool place_buffer(PFlashCFI01 *pfl, hwaddr addr, unsigned size)
{
    if (!pfl->buffer_placed) {
        pfl->buffer_base = ROUND_DOWN(addr, (uint64_t)buffer_size(pfl));
        memcpy(pfl->buffer, pfl->storage + pfl->buffer_base, buffer_size(pfl));
        pfl->buffer_placed = true;
    }
    return addr >= pfl->buffer_base && addr + size <= pfl->buffer_base + buffer_size(pfl);
}

static void fill(PFlashCFI01 *pfl, hwaddr addr, uint64_t value, unsigned size)
{
    if (!place_buffer(pfl, addr, size)) {
        pfl->status |= STATUS_PROGRAM_ERROR;
        start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
        return;
    }
    stn_le_p(pfl->buffer + (addr - pfl->buffer_base), size, value);
    pfl->phase = --pfl->words_left ? PHASE_FILL : PHASE_CONFIRM;
}

static void confirm(PFlashCFI01 *pfl, uint8_t cmd)
{
    if (cmd != CMD_CONFIRM) {
        pfl->status |= STATUS_PROGRAM_ERROR;
        read_array(pfl);
        return;
    }
    program(pfl, pfl->buffer_base, pfl->buffer, buffer_size(pfl));
    start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
}

static void program_word(PFlashCFI01 *pfl, hwaddr addr, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    stn_le_p(bytes, size, value);
    program(pfl, addr, bytes, size);
    start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
}

static void second_of_erase(PFlashCFI01 *pfl, hwaddr addr, uint8_t cmd)
{
    if (cmd != CMD_CONFIRM) {           /* thought better of it */
        pfl->status |= STATUS_READY;
        read_array(pfl);
        return;
    }
    erase(pfl, addr);
    start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
}

/* Blocks are never locked; saying so succeeds. */
static void second_of_lock(PFlashCFI01 *pfl, uint8_t cmd)
{
    if (cmd != CMD_CONFIRM && cmd != LOCK_SET) {
        read_array(pfl);
        return;
    }
    pfl->status |= STATUS_READY;
    start(pfl, PHASE_COMMAND, CMD_READ_STATUS);
}

static void pflash_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PFlashCFI01 *pfl = opaque;

    switch (pfl->phase) {
    case PHASE_COMMAND: command_write(pfl, value); break;
    case PHASE_PROGRAM: program_word(pfl, addr, value, size); break;
    case PHASE_ERASE:   second_of_erase(pfl, addr, value); break;
    case PHASE_LOCK:    second_of_lock(pfl, value); break;
    case PHASE_COUNT:   set_count(pfl, value); break;
    case PHASE_FILL:    fill(pfl, addr, value, size); break;
    case PHASE_CONFIRM: confirm(pfl, value); break;
    }
}

static const MemoryRegionOps pflash_ops = {
    .read = pflash_read, .write = pflash_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 4 },
};

/* --- the device ------------------------------------------------------------------------------------ */

#define LOAD_CHUNK (256 * KiB)

static bool all_zero(const uint8_t *p, size_t n)
{
    return !p[0] && !memcmp(p, p + 1, n - 1);
}

/* Firmware images are padded to the bank with zeroes: those never take memory. */
static int load_content(PFlashCFI01 *pfl)
{
    g_autofree uint8_t *chunk = g_malloc(LOAD_CHUNK);

    for (uint64_t at = 0, n; at < bank_size(pfl); at += n) {
        n = MIN(LOAD_CHUNK, bank_size(pfl) - at);
        int r = blk_pread(pfl->blk, at, n, chunk);
        if (r < 0) {
            return r;
        }
        if (!all_zero(chunk, n)) {
            memcpy(pfl->storage + at, chunk, n);
        }
    }
    return 0;
}

static bool load_drive(PFlashCFI01 *pfl, Error **errp)
{
    int64_t len;
    int r;

    if (!blk_use(pfl->blk, false, errp)) {
        return false;
    }
    len = blk_getlength(pfl->blk);
    pfl->read_only = blk_is_read_only(pfl->blk);
    if (len < 0) {
        error_setg_errno(errp, -len, "flash bank '%s': cannot get the size of drive '%s'", pfl->name, blk_name(pfl->blk));
        return false;
    }
    if ((uint64_t)len != bank_size(pfl)) {
        error_setg(errp, "flash bank '%s' is %" PRIu64 " bytes; drive '%s' has %" PRId64 " bytes (make them equal with truncate -s)",
                   pfl->name, bank_size(pfl), blk_name(pfl->blk), len);
        return false;
    }
    r = load_content(pfl);
    if (r < 0) {
        error_setg_errno(errp, -r, "flash bank '%s': cannot read drive '%s'", pfl->name, blk_name(pfl->blk));
    }
    return r >= 0;
}

static bool check_geometry(PFlashCFI01 *pfl, Error **errp)
{
    if (!pfl->device_width) {
        pfl->device_width = pfl->bank_width;
    }
    if (!pfl->num_blocs || !is_power_of_2(pfl->sector_len) || !is_power_of_2(bank_size(pfl)) || !is_power_of_2(pfl->bank_width) ||
        !is_power_of_2(pfl->device_width) || pfl->device_width > pfl->bank_width || pfl->bank_width > 4 || pfl->device_width > 2 ||
        pfl->sector_len < buffer_size(pfl)) {
        error_setg(errp, "cfi.pflash01: num-blocks, sector-length, width (1, 2, 4) and device-width (1, 2) must be powers of 2 that fit together");
        return false;
    }
    if (!pfl->name) {
        error_setg(errp, "cfi.pflash01: property 'name' is not set");
        return false;
    }
    return true;
}

static bool pflash_realize(DeviceState *dev, Error **errp)
{
    PFlashCFI01 *pfl = PFLASH_CFI01(dev);

    if (!check_geometry(pfl, errp) ||
        !memory_region_init_rom_device(&pfl->mem, OBJECT(dev), &pflash_ops, pfl, pfl->name, bank_size(pfl), errp)) {
        return false;
    }
    pfl->storage = memory_region_get_ram_ptr(&pfl->mem);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &pfl->mem);
    if (pfl->blk && !load_drive(pfl, errp)) {
        return false;
    }
    pfl->buffer = g_malloc0(buffer_size(pfl));
    pfl->phase = PHASE_COMMAND;
    pfl->command = CMD_READ_ARRAY;
    pfl->status = STATUS_READY;
    cfi_fill(pfl);
    return true;
}

static void pflash_unrealize(DeviceState *dev)
{
    PFlashCFI01 *pfl = PFLASH_CFI01(dev);

    g_free(pfl->buffer);
    pfl->buffer = NULL;
}

static void pflash_reset(Object *obj, ResetType type)
{
    PFlashCFI01 *pfl = PFLASH_CFI01(obj);

    pfl->status = STATUS_READY;
    read_array(pfl);
}

static const Property pflash_properties[] = {
    DEFINE_PROP_DRIVE("drive", PFlashCFI01, blk),
    DEFINE_PROP_UINT32("num-blocks", PFlashCFI01, num_blocs, 0),
    DEFINE_PROP_UINT64("sector-length", PFlashCFI01, sector_len, 0),
    DEFINE_PROP_UINT8("width", PFlashCFI01, bank_width, 0),
    DEFINE_PROP_UINT8("device-width", PFlashCFI01, device_width, 0),
    DEFINE_PROP_UINT16("id0", PFlashCFI01, ident[0], 0),
    DEFINE_PROP_UINT16("id1", PFlashCFI01, ident[1], 0),
    DEFINE_PROP_UINT16("id2", PFlashCFI01, ident[2], 0),
    DEFINE_PROP_UINT16("id3", PFlashCFI01, ident[3], 0),
    DEFINE_PROP_STRING("name", PFlashCFI01, name),
};

static void pflash_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "NOR flash, Intel command set";
    dc->categories = 1UL << DEVICE_CATEGORY_STORAGE;
    dc->realize = pflash_realize;
    dc->unrealize = pflash_unrealize;
    dc->phases.hold = pflash_reset;
    device_class_set_props(dc, pflash_properties);
}

static const TypeInfo pflash_info = {
    .name = TYPE_PFLASH_CFI01, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PFlashCFI01), .class_init = pflash_class_init,
};
DEFINE_TYPE(pflash_info)
