/*
 * fw_cfg's items: fixed ones by number, files by name. The directory
 * (FW_CFG_FILE_DIR) lists files in order of name; a file's number follows
 * from its place, so files come before the guest runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fw_cfg-internal.h"
#include "hw/core/boards.h"
#include "hw_nvram.trace.h"
#include "system/system.h"
#include "util/options.h"

enum { ID_TRADITIONAL = 1 << 0, ID_DMA = 1 << 1 };
enum { KEY_WRITE_CHANNEL = 0x4000 };
/* One line of the directory, big endian. */
typedef struct FWCfgFile { uint32_t size; uint16_t select, reserved; char name[FW_CFG_MAX_FILE_PATH]; } QEMU_PACKED FWCfgFile;

static void drop_data(FWCfgItem *item)
{
    if (!item->shared) {
        g_free(item->data);
    }
    g_clear_pointer(&item->shared, g_bytes_unref);
}

void fw_cfg_item_free(void *p)
{
    FWCfgItem *item = p;

    drop_data(item);
    g_free(item);
}

static void set_data(FWCfgItem *item, const void *data, size_t len)
{
    drop_data(item);
    item->data = g_memdup2(data, len);
    item->len = len;
}

/* --- fixed items ------------------------------------------------------------------------ */

static FWCfgItem *fixed_item(FWCfgState *s, uint16_t key)
{
    for (guint i = 0; i < s->fixed->len; i++) {
        FWCfgItem *item = g_ptr_array_index(s->fixed, i);
        if (item->key == key) {
            return item;
        }
    }
    return NULL;
}

FWCfgItem *fw_cfg_item(FWCfgState *s, uint16_t key)
{
    key &= ~KEY_WRITE_CHANNEL;
    if (key >= FW_CFG_FILE_FIRST && key - FW_CFG_FILE_FIRST < (int)s->files->len) {
        return g_ptr_array_index(s->files, key - FW_CFG_FILE_FIRST);
    }
    return fixed_item(s, key);
}

static FWCfgItem *make_fixed_item(FWCfgState *s, uint16_t key)
{
    FWCfgItem *item = fixed_item(s, key);

    if (!item) {
        item = g_new0(FWCfgItem, 1);
        item->key = key;
        g_ptr_array_add(s->fixed, item);
    }
    return item;
}

void fw_cfg_add_bytes(FWCfgState *s, uint16_t key, const void *data, size_t len)
{
    set_data(make_fixed_item(s, key), data, len);
}

/* A kernel or an initrd: large, and often a mapped file. It is never written, so the cast is harmless. */
void fw_cfg_add_gbytes(FWCfgState *s, uint16_t key, GBytes *bytes)
{
    FWCfgItem *item = make_fixed_item(s, key);

    drop_data(item);
    item->shared = g_bytes_ref(bytes);
    item->data = (uint8_t *)g_bytes_get_data(bytes, &item->len);
}

void fw_cfg_add_string(FWCfgState *s, uint16_t key, const char *value)
{
    fw_cfg_add_bytes(s, key, value, strlen(value) + 1);
}

void fw_cfg_add_i16(FWCfgState *s, uint16_t key, uint16_t value)
{
    value = htole16(value);
    fw_cfg_add_bytes(s, key, &value, sizeof(value));
}

void fw_cfg_add_i32(FWCfgState *s, uint16_t key, uint32_t value)
{
    value = htole32(value);
    fw_cfg_add_bytes(s, key, &value, sizeof(value));
}

void fw_cfg_add_i64(FWCfgState *s, uint16_t key, uint64_t value)
{
    value = htole64(value);
    fw_cfg_add_bytes(s, key, &value, sizeof(value));
}

/* --- files ------------------------------------------------------------------------------------ */

static FWCfgItem *find_file(FWCfgState *s, const char *name)
{
    for (guint i = 0; i < s->files->len; i++) {
        FWCfgItem *item = g_ptr_array_index(s->files, i);
        if (!strcmp(item->name, name)) {
            return item;
        }
    }
    return NULL;
}

static void write_directory(FWCfgState *s)
{
    size_t len = sizeof(uint32_t) + s->files->len * sizeof(FWCfgFile);
    g_autofree uint8_t *dir = g_malloc0(len);
    FWCfgFile *line = (void *)(dir + sizeof(uint32_t));

    stl_be_p(dir, s->files->len);
    for (guint i = 0; i < s->files->len; i++, line++) {
        const FWCfgItem *item = g_ptr_array_index(s->files, i);
        line->size = htobe32(item->len);
        line->select = htobe16(FW_CFG_FILE_FIRST + i);
        memcpy(line->name, item->name, sizeof(line->name));
    }
    fw_cfg_add_bytes(s, FW_CFG_FILE_DIR, dir, len);
}

static guint place_of(FWCfgState *s, const char *name)
{
    guint i = 0;

    while (i < s->files->len && strcmp(((FWCfgItem *)g_ptr_array_index(s->files, i))->name, name) < 0) {
        i++;
    }
    return i;
}

static bool check_new_file(FWCfgState *s, const char *name, Error **errp)
{
    if (!*name || strlen(name) >= FW_CFG_MAX_FILE_PATH) {
        error_setg(errp, "fw_cfg file name '%s' must have 1 to %d characters", name, FW_CFG_MAX_FILE_PATH - 1);
    } else if (find_file(s, name)) {
        error_setg(errp, "fw_cfg file '%s' exists already", name);
    } else if (s->files->len >= s->file_slots) {
        error_setg(errp, "fw_cfg file '%s': all %u file slots are taken", name, s->file_slots);
    } else {
        return true;
    }
    return false;
}

bool fw_cfg_add_file_callback(FWCfgState *s, const char *name, void (*select)(void *opaque), void (*written)(void *opaque, uint64_t start, size_t len),
                              void *opaque, const void *data, size_t len, bool writable, Error **errp)
{
    FWCfgItem *item;

    if (!check_new_file(s, name, errp)) {
        return false;
    }
    trace_fw_cfg_add_file(name, len);
    item = g_new0(FWCfgItem, 1);
    g_strlcpy(item->name, name, sizeof(item->name));
    item->select = select;
    item->written = written;
    item->opaque = opaque;
    item->writable = writable;
    set_data(item, data, len);
    g_ptr_array_insert(s->files, place_of(s, name), item);
    write_directory(s);
    return true;
}

bool fw_cfg_add_file(FWCfgState *s, const char *name, const void *data, size_t len, Error **errp)
{
    return fw_cfg_add_file_callback(s, name, NULL, NULL, NULL, data, len, false, errp);
}

void fw_cfg_modify_file(FWCfgState *s, const char *name, const void *data, size_t len)
{
    FWCfgItem *item = find_file(s, name);

    if (!item) {
        fw_cfg_add_file(s, name, data, len, &error_abort);
        return;
    }
    set_data(item, data, len);
    write_directory(s);
}

void *fw_cfg_get_file(FWCfgState *s, const char *name, size_t *len)
{
    FWCfgItem *item = find_file(s, name);

    if (len) {
        *len = item ? item->len : 0;
    }
    return item ? item->data : NULL;
}

/* --- what every machine says --------------------------------------------------------------------- */

static void add_boot_items(FWCfgState *s, const MachineState *ms)
{
    uint32_t wait = htole32(ms->boot.reboot_timeout);
    uint16_t splash = htole16(ms->boot.splash_time);

    fw_cfg_add_i16(s, FW_CFG_BOOT_MENU, ms->boot.menu);
    fw_cfg_add_file(s, "etc/boot-fail-wait", &wait, sizeof(wait), &error_abort);
    if (ms->boot.splash_time) {
        fw_cfg_add_file(s, "etc/boot-menu-wait", &splash, sizeof(splash), &error_abort);
    }
    fw_cfg_add_file(s, "bootorder", NULL, 0, &error_abort);
    fw_cfg_add_file(s, "bios-geometry", NULL, 0, &error_abort);
}

void fw_cfg_add_machine_items(FWCfgState *s)
{
    fw_cfg_add_bytes(s, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add_i32(s, FW_CFG_ID, ID_TRADITIONAL | ID_DMA);
    fw_cfg_add_bytes(s, FW_CFG_UUID, qemu_uuid, sizeof(qemu_uuid));
    fw_cfg_add_i16(s, FW_CFG_NOGRAPHIC, 0);
    add_boot_items(s, current_machine);
}

/* --- -fw_cfg ---------------------------------------------------------------------------------------- */

typedef struct UserFile { char *name, *data; gsize len; } UserFile;
static GArray *user_files;

static bool user_content(UserFile *f, const char *file, char *string, Error **errp)
{
    g_autoptr(GError) gerr = NULL;

    if (!file == !string) {
        error_setg(errp, "-fw_cfg name=%s: give either file= or string=", f->name);
        return false;
    }
    if (string) {
        f->data = g_strdup(string);
        f->len = strlen(string);
        return true;
    }
    if (!g_file_get_contents(file, &f->data, &f->len, &gerr)) {
        error_setg(errp, "-fw_cfg name=%s: %s", f->name, gerr->message);
        return false;
    }
    return true;
}

bool fw_cfg_add_user(json_t *opts, Error **errp)
{
    g_autoptr(json_t) own = opts;
    g_autofree char *file = NULL, *string = NULL;
    UserFile f = { 0 };
    Error *err = NULL;

    f.name = options_take_str(own, "name", &err);
    file = err ? NULL : options_take_str(own, "file", &err);
    string = err ? NULL : options_take_str(own, "string", &err);
    if (err) {
        error_propagate(errp, err);
    } else if (!f.name || !*f.name || strlen(f.name) >= FW_CFG_MAX_FILE_PATH) {
        error_setg(errp, "-fw_cfg: name= must have 1 to %d characters", FW_CFG_MAX_FILE_PATH - 1);
    } else if (options_must_be_empty(own, "-fw_cfg", errp) && user_content(&f, file, string, errp)) {
        if (!g_str_has_prefix(f.name, "opt/")) {
            warn_report("-fw_cfg name=%s: names of users should begin with opt/", f.name);
        }
        user_files = user_files ? user_files : g_array_new(false, false, sizeof(UserFile));
        g_array_append_val(user_files, f);
        return true;
    }
    g_free(f.name);
    return false;
}

void fw_cfg_apply_user(FWCfgState *s)
{
    for (guint i = 0; user_files && i < user_files->len; i++) {
        UserFile *f = &g_array_index(user_files, UserFile, i);
        Error *err = NULL;

        if (!fw_cfg_add_file(s, f->name, f->data, f->len, &err)) {
            error_report_err(err);
            exit(EXIT_FAILURE);
        }
        g_free(f->name);
        g_free(f->data);
    }
    g_clear_pointer(&user_files, g_array_unref);
}
