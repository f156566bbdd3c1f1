/*
 * Properties as a table: a field of the device struct, its type, its default.
 *
 *     static const Property foo_properties[] = {
 *         DEFINE_PROP_UINT32("size", FooState, size, 16),
 *         DEFINE_PROP_BOOL("fast", FooState, fast, true),
 *     };
 *     device_class_set_props(dc, foo_properties);   (in class_init)
 *
 * Setting one after realize is an error. Values: see util/options.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_QDEV_PROPERTIES_H
#define HW_CORE_QDEV_PROPERTIES_H

#include "hw/core/qdev.h"

typedef struct PropertyInfo {
    const char *type;                   /* as -device X,help prints it */
    const char *description;            /* used when the property has none */
    const char *const *enum_names;      /* NULL ended; stored as int */
    json_t *(*get)(const void *field, const Property *prop);
    bool (*set)(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp);
    void (*release)(Object *obj, void *field);
    json_t *(*print_default)(const Property *prop);     /* NULL: none is shown */
} PropertyInfo;

struct Property {
    const char *name;
    const PropertyInfo *info;
    ptrdiff_t offset;
    uint8_t bitnr;                      /* DEFINE_PROP_BIT* */
    bool has_default;
    union { uint64_t u; int64_t i; const char *s; } defval;
    const char *link_type;
    const char *description;
};

extern const PropertyInfo qdev_prop_bool, qdev_prop_bit, qdev_prop_bit64, qdev_prop_uint8, qdev_prop_uint16,
    qdev_prop_uint32, qdev_prop_int32, qdev_prop_uint64, qdev_prop_int64, qdev_prop_size, qdev_prop_size32, qdev_prop_string,
    qdev_prop_on_off_auto, qdev_prop_link, qdev_prop_chr, qdev_prop_drive, qdev_prop_macaddr, qdev_prop_uuid,
    qdev_prop_off_auto_pcibar, qdev_prop_pcie_link_speed, qdev_prop_pcie_link_width,
    qdev_prop_pci_devfn, qdev_prop_pci_host_devaddr, qdev_prop_busnr;

typedef enum OnOffAuto { ON_OFF_AUTO_AUTO, ON_OFF_AUTO_ON, ON_OFF_AUTO_OFF } OnOffAuto;

/* Host PCI address; all fields 0 and set == false when not given. */
typedef struct PCIHostDeviceAddress { uint32_t domain; uint8_t bus, slot, function; bool set; } PCIHostDeviceAddress;

typedef struct MACAddr { uint8_t a[6]; } MACAddr;
typedef struct QemuUUID { uint8_t data[16]; } QemuUUID;
/* As the Link Capabilities register encodes them. */
typedef enum PCIExpLinkSpeed {
    PCI_EXP_LINK_SPEED_2_5 = 1, PCI_EXP_LINK_SPEED_5, PCI_EXP_LINK_SPEED_8, PCI_EXP_LINK_SPEED_16,
    PCI_EXP_LINK_SPEED_32, PCI_EXP_LINK_SPEED_64,
} PCIExpLinkSpeed;
typedef enum PCIExpLinkWidth {
    PCI_EXP_LINK_WIDTH_1 = 1, PCI_EXP_LINK_WIDTH_2 = 2, PCI_EXP_LINK_WIDTH_4 = 4, PCI_EXP_LINK_WIDTH_8 = 8,
    PCI_EXP_LINK_WIDTH_12 = 12, PCI_EXP_LINK_WIDTH_16 = 16, PCI_EXP_LINK_WIDTH_32 = 32,
} PCIExpLinkWidth;
typedef enum OffAutoPCIBAR {
    OFF_AUTO_PCIBAR_OFF, OFF_AUTO_PCIBAR_AUTO, OFF_AUTO_PCIBAR_BAR0, OFF_AUTO_PCIBAR_BAR1, OFF_AUTO_PCIBAR_BAR2,
    OFF_AUTO_PCIBAR_BAR3, OFF_AUTO_PCIBAR_BAR4, OFF_AUTO_PCIBAR_BAR5,
} OffAutoPCIBAR;

#define DEFINE_PROP(n, S, f, inf, T, ...) \
    { .name = (n), .info = &(inf), .offset = offsetof(S, f) + (ptrdiff_t)(0 * sizeof((T *)0 == &((S *)0)->f)), __VA_ARGS__ }
#define DEFINE_PROP_UNSIGNED_(n, S, f, d, inf, T) DEFINE_PROP(n, S, f, inf, T, .has_default = true, .defval.u = (d))
#define DEFINE_PROP_SIGNED_(n, S, f, d, inf, T)   DEFINE_PROP(n, S, f, inf, T, .has_default = true, .defval.i = (d))
#define DEFINE_PROP_BOOL(n, S, f, d)   DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_bool, bool)
#define DEFINE_PROP_BIT(n, S, f, bit, d)   DEFINE_PROP(n, S, f, qdev_prop_bit, uint32_t, .bitnr = (bit), .has_default = true, .defval.u = (d))
#define DEFINE_PROP_BIT64(n, S, f, bit, d) DEFINE_PROP(n, S, f, qdev_prop_bit64, uint64_t, .bitnr = (bit), .has_default = true, .defval.u = (d))
#define DEFINE_PROP_UINT8(n, S, f, d)  DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_uint8, uint8_t)
#define DEFINE_PROP_UINT16(n, S, f, d) DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_uint16, uint16_t)
#define DEFINE_PROP_UINT32(n, S, f, d) DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_uint32, uint32_t)
#define DEFINE_PROP_INT32(n, S, f, d)  DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_int32, int32_t)
#define DEFINE_PROP_UINT64(n, S, f, d) DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_uint64, uint64_t)
#define DEFINE_PROP_INT64(n, S, f, d)  DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_int64, int64_t)
#define DEFINE_PROP_SIZE(n, S, f, d)   DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_size, uint64_t)
#define DEFINE_PROP_SIZE32(n, S, f, d) DEFINE_PROP_UNSIGNED_(n, S, f, d, qdev_prop_size32, uint32_t)
#define DEFINE_PROP_STRING(n, S, f)    DEFINE_PROP(n, S, f, qdev_prop_string, char *)
#define DEFINE_PROP_ON_OFF_AUTO(n, S, f, d) DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_on_off_auto, OnOffAuto)
/* An enum stored as int, with names from a PropertyInfo of the caller's. */
#define DEFINE_PROP_ENUM(n, S, f, d, inf, T) DEFINE_PROP(n, S, f, inf, T, .has_default = true, .defval.i = (d))
#define DEFINE_PROP_LINK(n, S, f, lt, T) DEFINE_PROP(n, S, f, qdev_prop_link, T, .link_type = (lt))
#define DEFINE_PROP_CHR(n, S, f)       DEFINE_PROP(n, S, f, qdev_prop_chr, CharBackend)
#define DEFINE_PROP_DRIVE(n, S, f)     DEFINE_PROP(n, S, f, qdev_prop_drive, BlockBackend *)
#define DEFINE_PROP_MACADDR(n, S, f)   DEFINE_PROP(n, S, f, qdev_prop_macaddr, MACAddr)
#define DEFINE_PROP_UUID(n, S, f)      DEFINE_PROP(n, S, f, qdev_prop_uuid, QemuUUID)
/* "06.0" or "06"; stored as devfn, -1 (the default) lets the bus choose. */
#define DEFINE_PROP_PCI_DEVFN(n, S, f, d) DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_pci_devfn, int32_t)
#define DEFINE_PROP_PCI_HOST_DEVADDR(n, S, f) DEFINE_PROP(n, S, f, qdev_prop_pci_host_devaddr, PCIHostDeviceAddress)
#define DEFINE_PROP_PCIE_LINK_SPEED(n, S, f, d) DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_pcie_link_speed, PCIExpLinkSpeed)
#define DEFINE_PROP_PCIE_LINK_WIDTH(n, S, f, d) DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_pcie_link_width, PCIExpLinkWidth)
#define DEFINE_PROP_OFF_AUTO_PCIBAR(n, S, f, d) DEFINE_PROP_SIGNED_(n, S, f, d, qdev_prop_off_auto_pcibar, OffAutoPCIBAR)

/* Descriptions for a table, by name; ended by a NULL name. */
typedef struct PropertyDoc { const char *name, *text; } PropertyDoc;

void device_class_set_props_n(DeviceClass *dc, const Property *props, size_t n);
#define device_class_set_props(dc, props) device_class_set_props_n((dc), (props), ARRAY_SIZE(props))
void device_class_describe_props(DeviceClass *dc, const PropertyDoc *docs);
/* Getter and setter for PropertyInfo whose enum_names is set. */
json_t *qdev_prop_enum_get(const void *field, const Property *prop);
bool qdev_prop_enum_set(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp);
json_t *qdev_prop_enum_default(const Property *prop);

/* Short forms for code that builds devices; failure is a bug. */
void qdev_prop_set_bool(DeviceState *dev, const char *name, bool v);
void qdev_prop_set_uint(DeviceState *dev, const char *name, uint64_t v);
void qdev_prop_set_string(DeviceState *dev, const char *name, const char *v);

#endif
