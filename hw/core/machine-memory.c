/*
 * -m: how much memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "util/options.h"

#define RAM_ALIGN (8 * KiB)
#define MAX_RAM_SLOTS 256

/* A bare number counts MiB on the command line. */
static bool take_ram_size(json_t *opts, const char *key, uint64_t *out, Error **errp)
{
    const char *s = json_string_value(json_object_get(opts, key));
    uint64_t size;

    if (!s || !*s || !g_ascii_isdigit(s[strlen(s) - 1])) {
        return options_take_size(opts, key, out, errp);
    }
    if (!parse_size(s, &size) || __builtin_mul_overflow(size, MiB, out)) {
        error_setg(errp, "invalid RAM size '%s' for '%s'", s, key);
        return false;
    }
    json_object_del(opts, key);
    return true;
}

bool machine_parse_memory(MachineState *ms, const json_t *given, Error **errp)
{
    g_autoptr(json_t) opts = json_copy((json_t *)given);
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    uint64_t size = 0, max = 0, slots = 0;
    bool has_max = json_object_get(given, "maxmem") || json_object_get(given, "max-size");

    if (!json_is_object(given)) {
        error_setg(errp, "-m takes size=, slots= and maxmem=");
        return false;
    }
    if (!take_ram_size(opts, "size", &size, errp) || !take_ram_size(opts, "maxmem", &max, errp) ||
        !take_ram_size(opts, "max-size", &max, errp) || !options_take_uint(opts, "slots", MAX_RAM_SLOTS, &slots, errp) ||
        !options_must_be_empty(opts, "-m", errp)) {
        return false;
    }
    size = size ? size : mc->default_ram_size;
    if (size > INT64_MAX - RAM_ALIGN) {
        error_setg(errp, "more than this program can name: %" PRIu64 " bytes", size);
        return false;
    }
    size = ROUND_UP(size, RAM_ALIGN);
    if (has_max && max < size) {
        error_setg(errp, "maxmem=0x%" PRIx64 " is less than the memory at the start, 0x%" PRIx64, max, size);
        return false;
    }
    if (max > INT64_MAX) {
        error_setg(errp, "maxmem=0x%" PRIx64 " is more than this program can name", max);
        return false;
    }
    if (slots && !has_max) {
        error_setg(errp, "slots= needs maxmem=, larger than the initial memory size");
        return false;
    }
    ms->ram_size = size;
    ms->maxram_size = has_max ? max : size;
    ms->ram_slots = slots;
    return true;
}
