/*
 * Property types that mean something to the machine: backends, addresses on
 * buses, link speeds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block/block.h"
#include "chardev/char.h"
#include "hw/core/qdev-properties.h"
#include "util/options.h"

static bool bad_value(Object *obj, const Property *prop, const char *s, const char *expected, Error **errp)
{
    error_setg(errp, "Property '%s.%s' cannot be '%s'; it is %s",
               object_get_typename(obj), prop->name, s, expected);
    return false;
}

/* --- chardev=ID --- */
static json_t *get_chr(const void *field, const Property *prop)
{
    const CharBackend *be = field;

    return json_string(be->chr && be->chr->label ? be->chr->label : "");
}

static bool set_chr(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *id = option_str(value, prop->name, errp);
    CharBackend *be = field;
    Chardev *chr;

    if (!id) {
        return false;
    }
    if (be->chr) {
        qemu_chr_fe_deinit(be, false);
    }
    if (!*id) {
        return true;
    }
    chr = qemu_chr_find(id);
    if (!chr) {
        error_setg(errp, "Property '%s.%s': there is no '%s'", object_get_typename(obj), prop->name, id);
        return false;
    }
    return qemu_chr_fe_init(be, chr, errp);
}

static void release_chr(Object *obj, void *field)
{
    CharBackend *be = field;

    if (be->chr) {
        qemu_chr_fe_deinit(be, false);
    }
}

const PropertyInfo qdev_prop_chr = {
    .type = "str", .description = "Chardev that carries the bytes",
    .get = get_chr, .set = set_chr, .release = release_chr,
};

/* --- drive=ID --- */
static json_t *get_drive(const void *field, const Property *prop)
{
    BlockBackend *blk = *(BlockBackend *const *)field;

    return json_string(blk ? blk_name(blk) : "");
}

static void release_drive(Object *obj, void *field)
{
    BlockBackend **storage = field;

    if (*storage) {
        blk_detach_dev(*storage, obj);
        *storage = NULL;
    }
}

static bool set_drive(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *id = option_str(value, prop->name, errp);
    BlockBackend *blk;

    if (!id) {
        return false;
    }
    release_drive(obj, field);
    if (!*id) {
        return true;
    }
    blk = blk_by_name(id);
    if (!blk) {
        error_setg(errp, "Property '%s.%s': there is no '%s'", object_get_typename(obj), prop->name, id);
        return false;
    }
    if (!blk_attach_dev(blk, obj, errp)) {
        return false;
    }
    *(BlockBackend **)field = blk;
    return true;
}

const PropertyInfo qdev_prop_drive = {
    .type = "str", .description = "Drive or block node that holds the data",
    .get = get_drive, .set = set_drive, .release = release_drive,
};

/* --- mac=52:54:00:12:34:56, also with dashes --- */
static json_t *get_macaddr(const void *field, const Property *prop)
{
    const uint8_t *a = ((const MACAddr *)field)->a;

    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
}

static bool set_macaddr(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);
    MACAddr mac;

    if (!s) {
        return false;
    }
    for (int i = 0, pos = 0; i < 6; i++, pos += 3) {
        if (strlen(s) != 17 || !g_ascii_isxdigit(s[pos]) || !g_ascii_isxdigit(s[pos + 1]) ||
            (i < 5 && s[pos + 2] != ':' && s[pos + 2] != '-')) {
            return bad_value(obj, prop, s, "six hexadecimal bytes such as 52:54:00:12:34:56", errp);
        }
        mac.a[i] = g_ascii_xdigit_value(s[pos]) << 4 | g_ascii_xdigit_value(s[pos + 1]);
    }
    *(MACAddr *)field = mac;
    return true;
}

const PropertyInfo qdev_prop_macaddr = {
    .type = "str", .description = "MAC address, such as 52:54:00:12:34:56",
    .get = get_macaddr, .set = set_macaddr,
};

/* --- uuid --- */
static json_t *get_uuid(const void *field, const Property *prop)
{
    const uint8_t *d = ((const QemuUUID *)field)->data;

    return json_sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2], d[3],
                        d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

static bool set_uuid(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);
    g_autofree char *random = NULL;
    QemuUUID *uuid = field;

    if (!s) {
        return false;
    }
    if (!strcmp(s, "auto")) {
        s = random = g_uuid_string_random();
    }
    if (!g_uuid_string_is_valid(s)) {
        return bad_value(obj, prop, s, "a UUID (aka GUID) or \"auto\"", errp);
    }
    for (int i = 0; i < 16; i++) {
        s += *s == '-';
        uuid->data[i] = g_ascii_xdigit_value(s[0]) << 4 | g_ascii_xdigit_value(s[1]);
        s += 2;
    }
    return true;
}

const PropertyInfo qdev_prop_uuid = {
    .type = "str", .description = "A UUID; auto: a random one",
    .get = get_uuid, .set = set_uuid,
};

/* --- which BAR --- */
static const char *const pcibar_names[] = {
    [OFF_AUTO_PCIBAR_OFF] = "off", [OFF_AUTO_PCIBAR_AUTO] = "auto", "bar0", "bar1", "bar2", "bar3", "bar4", "bar5", NULL
};

const PropertyInfo qdev_prop_off_auto_pcibar = {
    .type = "OffAutoPCIBAR", .description = "off/auto/bar0/bar1/bar2/bar3/bar4/bar5", .enum_names = pcibar_names,
    .get = qdev_prop_enum_get, .set = qdev_prop_enum_set, .print_default = qdev_prop_enum_default,
};

/* --- PCIe link: the number stored is the register's code for the name. --- */
typedef struct LinkCode { int code; const char *name; } LinkCode;

static const LinkCode speeds[] = {
    { PCI_EXP_LINK_SPEED_2_5, "2_5" }, { PCI_EXP_LINK_SPEED_5, "5" }, { PCI_EXP_LINK_SPEED_8, "8" },
    { PCI_EXP_LINK_SPEED_16, "16" }, { PCI_EXP_LINK_SPEED_32, "32" }, { PCI_EXP_LINK_SPEED_64, "64" }, { 0 }
};
static const LinkCode widths[] = {
    { PCI_EXP_LINK_WIDTH_1, "1" }, { PCI_EXP_LINK_WIDTH_2, "2" }, { PCI_EXP_LINK_WIDTH_4, "4" },
    { PCI_EXP_LINK_WIDTH_8, "8" }, { PCI_EXP_LINK_WIDTH_12, "12" }, { PCI_EXP_LINK_WIDTH_16, "16" },
    { PCI_EXP_LINK_WIDTH_32, "32" }, { 0 }
};

static const LinkCode *link_codes(const Property *prop)
{
    return prop->info == &qdev_prop_pcie_link_speed ? speeds : widths;
}

static json_t *link_name(const Property *prop, int code)
{
    for (const LinkCode *l = link_codes(prop); l->name; l++) {
        if (l->code == code) {
            return json_string(l->name);
        }
    }
    return json_string("");
}

static json_t *get_link_code(const void *field, const Property *prop)
{
    return link_name(prop, *(const int *)field);
}

static json_t *default_link_code(const Property *prop)
{
    return link_name(prop, prop->defval.i);
}

static bool set_link_code(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);

    if (!s) {
        return false;
    }
    for (const LinkCode *l = link_codes(prop); l->name; l++) {
        if (!strcmp(l->name, s)) {
            *(int *)field = l->code;
            return true;
        }
    }
    return bad_value(obj, prop, s, prop->info->description, errp);
}

const PropertyInfo qdev_prop_pcie_link_speed = {
    .type = "PCIELinkSpeed", .description = "GT/s: 2_5, 5, 8, 16, 32, 64",
    .get = get_link_code, .set = set_link_code, .print_default = default_link_code,
};
const PropertyInfo qdev_prop_pcie_link_width = {
    .type = "PCIELinkWidth", .description = "Lanes: 1, 2, 4, 8, 12, 16, 32",
    .get = get_link_code, .set = set_link_code, .print_default = default_link_code,
};

/* --- addr=SLOT[.FUNCTION] on a PCI bus --- */
static json_t *get_pci_devfn(const void *field, const Property *prop)
{
    int32_t devfn = *(const int32_t *)field;

    return devfn < 0 ? json_string("-1") : json_sprintf("%02x.%x", devfn >> 3, devfn & 7);
}

static bool set_pci_devfn(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    unsigned slot, fn = 0;
    int used = 0;
    int64_t number;
    const char *s;

    if (json_is_integer(value)) {
        if (!option_int(value, prop->name, -1, 255, &number, errp)) {
            return false;
        }
        *(int32_t *)field = number;
        return true;
    }
    s = option_str(value, prop->name, errp);
    if (!s) {
        return false;
    }
    if (!strcmp(s, "-1")) {
        *(int32_t *)field = -1;
        return true;
    }
    if (!g_ascii_isxdigit(*s) ||
        !((sscanf(s, "%x.%x%n", &slot, &fn, &used) == 2 && !s[used]) ||
          (fn = 0, sscanf(s, "%x%n", &slot, &used) == 1 && !s[used])) || slot > 31 || fn > 7) {
        return bad_value(obj, prop, s, "slot 00 to 1f and optional function 0 to 7, as in 06.0 or 06", errp);
    }
    *(int32_t *)field = slot << 3 | fn;
    return true;
}

static json_t *default_signed(const Property *prop)
{
    return json_integer(prop->defval.i);
}

const PropertyInfo qdev_prop_pci_devfn = {
    .type = "str", .description = "Slot, and function behind a dot: 06 or 06.0",
    .get = get_pci_devfn, .set = set_pci_devfn, .print_default = default_signed,
};

/* --- host=[DOMAIN:]BUS:SLOT.FUNCTION --- */
static json_t *get_host_devaddr(const void *field, const Property *prop)
{
    const PCIHostDeviceAddress *a = field;

    return a->set ? json_sprintf("%04x:%02x:%02x.%x", a->domain, a->bus, a->slot, a->function) : json_string("");
}

static bool set_host_devaddr(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);
    unsigned domain = 0, bus, slot, fn;
    int used = 0;
    PCIHostDeviceAddress *a = field;

    if (!s) {
        return false;
    }
    if (!(sscanf(s, "%x:%x:%x.%x%n", &domain, &bus, &slot, &fn, &used) == 4 && !s[used]) &&
        !(domain = 0, sscanf(s, "%x:%x.%x%n", &bus, &slot, &fn, &used) == 3 && !s[used])) {
        return bad_value(obj, prop, s, "[domain:]<bus:slot.function>", errp);
    }
    if (bus > 255 || slot > 31 || fn > 7) {
        return bad_value(obj, prop, s, "bus to ff, slot to 1f and function to 7", errp);
    }
    *a = (PCIHostDeviceAddress) { .domain = domain, .bus = bus, .slot = slot, .function = fn, .set = true };
    return true;
}

const PropertyInfo qdev_prop_pci_host_devaddr = {
    .type = "str", .description = "PCI address on the host, such as 04:10.0",
    .get = get_host_devaddr, .set = set_host_devaddr,
};

/* --- busnr: read by firmware tools, never set --- */
static json_t *get_busnr(const void *field, const Property *prop)
{
    return json_integer(*(const uint32_t *)field);
}

const PropertyInfo qdev_prop_busnr = { .type = "busnr", .get = get_busnr };
