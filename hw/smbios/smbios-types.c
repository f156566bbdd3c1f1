/*
 * The structures a `virt` machine shows, in the order of the table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smbios-types.h"

const SmbiosType smbios_types[] = {
    {   /* BIOS: only when the user describes one */
        .type = 0, .len = 0x18, .handle = 0x0000, .when = SMBIOS_IF_GIVEN,
        .fields = { { "vendor", SMBIOS_STRING, 0x04 }, { "version", SMBIOS_STRING, 0x05 }, { "date", SMBIOS_STRING, 0x08 },
                    { "release", SMBIOS_RELEASE, 0x14 }, { "uefi", SMBIOS_UEFI, 0x13 }, { "vm", SMBIOS_VM, 0x13 } },
        /* segment e800; characteristics not given, targeted content distribution, virtual machine; no EC */
        .body = { 0, 0, 0x00, 0xe8, 0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0xff, 0xff },
    }, {/* system; wakes by power switch */
        .type = 1, .len = 0x1b, .handle = 0x0100,
        .fields = { { "manufacturer", SMBIOS_STRING, 0x04, 0, "$m" }, { "product", SMBIOS_STRING, 0x05, 0, "$p" },
                    { "version", SMBIOS_STRING, 0x06, 0, "$v" }, { "serial", SMBIOS_STRING, 0x07 },
                    { "uuid", SMBIOS_UUID, 0x08 }, { "sku", SMBIOS_STRING, 0x19 }, { "family", SMBIOS_STRING, 0x1a } },
        .body = { [0x18 - 4] = 0x06 },
    }, {/* base board: a hosting motherboard in chassis 0300 */
        .type = 2, .len = 0x0f, .handle = 0x0200, .when = SMBIOS_IF_GIVEN,
        .fields = { { "manufacturer", SMBIOS_STRING, 0x04, 0, "$m" }, { "product", SMBIOS_STRING, 0x05, 0, "$p" },
                    { "version", SMBIOS_STRING, 0x06, 0, "$v" }, { "serial", SMBIOS_STRING, 0x07 },
                    { "asset", SMBIOS_STRING, 0x08 }, { "location", SMBIOS_STRING, 0x0a } },
        .body = { [0x09 - 4] = 0x01, [0x0b - 4] = 0x00, 0x03, 0x0a },
    }, {/* chassis: kind "other", all states safe, security unknown */
        .type = 3, .len = 0x16, .handle = 0x0300,
        .fields = { { "manufacturer", SMBIOS_STRING, 0x04, 0, "$m" }, { "version", SMBIOS_STRING, 0x06, 0, "$v" },
                    { "serial", SMBIOS_STRING, 0x07 }, { "asset", SMBIOS_STRING, 0x08 }, { "sku", SMBIOS_STRING, 0x15 } },
        .body = { [0x05 - 4] = 0x01, [0x09 - 4] = 0x03, 0x03, 0x03, 0x02 },
    }, {/* processor, one a socket: central, family by its second field, 2000 MHz, enabled, no cache handles */
        .type = 4, .len = 0x30, .handle = 0x0400,
        .fields = { { "sock_pfx", SMBIOS_PREFIX, 0x04, 0, "CPU" }, { "manufacturer", SMBIOS_STRING, 0x07, 0, "$m" },
                    { "version", SMBIOS_STRING, 0x10, 0, "$v" }, { "serial", SMBIOS_STRING, 0x20 },
                    { "asset", SMBIOS_STRING, 0x21 }, { "part", SMBIOS_STRING, 0x22 },
                    { "max-speed", SMBIOS_U16, 0x14 }, { "current-speed", SMBIOS_U16, 0x16 },
                    { "processor-family", SMBIOS_U16, 0x28 }, { "processor-id", SMBIOS_U64, 0x08 } },
        .body = { [0x05 - 4] = 0x03, 0xfe, [0x14 - 4] = 0xd0, 0x07, 0xd0, 0x07, 0x41, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                  [0x26 - 4] = 0x02, 0x00, 0x01, 0x00 },
    }, {/* port connector */
        .type = 8, .len = 0x09, .handle = 0x0000, .when = SMBIOS_EACH_GIVEN,
        .fields = { { "internal_reference", SMBIOS_STRING, 0x04 }, { "external_reference", SMBIOS_STRING, 0x06 },
                    { "connector_type", SMBIOS_U8, 0x07 }, { "port_type", SMBIOS_U8, 0x08 } },
    }, {/* slot; no PCI address unless pci_device says which */
        .type = 9, .len = 0x11, .handle = 0x0900, .when = SMBIOS_EACH_GIVEN,
        .fields = { { "slot_designation", SMBIOS_STRING, 0x04 }, { "slot_type", SMBIOS_U8, 0x05 },
                    { "slot_data_bus_width", SMBIOS_U8, 0x06 }, { "current_usage", SMBIOS_U8, 0x07 },
                    { "slot_length", SMBIOS_U8, 0x08 }, { "slot_id", SMBIOS_U16, 0x09 },
                    { "slot_characteristics1", SMBIOS_U8, 0x0b }, { "slot_characteristics2", SMBIOS_U8, 0x0c },
                    { "pci_device", SMBIOS_PCI_DEVICE, 0x0d } },
        .body = { [0x0d - 4] = 0xff, 0x00, 0xff, 0xff },
    }, {/* OEM strings */
        .type = 11, .len = 0x05, .handle = 0x0e00, .when = SMBIOS_IF_GIVEN,
        .fields = { { "value", SMBIOS_VALUES, 0x04 }, { "path", SMBIOS_PATH, 0x04 } },
    }, {/* memory array: on the board, system memory, multi-bit ECC, one device */
        .type = 16, .len = 0x17, .handle = 0x1000,
        .body = { 0x01, 0x03, 0x06, 0, 0, 0, 0, 0xfe, 0xff, 0x01, 0x00 },
    }, {/* memory device: a DIMM of unknown widths */
        .type = 17, .len = 0x28, .handle = 0x1100,
        .fields = { { "loc_pfx", SMBIOS_PREFIX, 0x10, 0, "DIMM" }, { "bank", SMBIOS_STRING, 0x11 },
                    { "manufacturer", SMBIOS_STRING, 0x17, 0, "$m" }, { "serial", SMBIOS_STRING, 0x18 },
                    { "asset", SMBIOS_STRING, 0x19 }, { "part", SMBIOS_STRING, 0x1a },
                    { "speed", SMBIOS_U16, 0x15, 0x20 } },
        .body = { 0x00, 0x10, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x09, [0x12 - 4] = 0x07, 0x02 },
    }, {/* where the array is mapped */
        .type = 19, .len = 0x1f, .handle = 0x1300,
        .body = { [0x0c - 4] = 0x00, 0x10, 0x01 },
    }, {/* boot status: no errors */
        .type = 32, .len = 0x0b, .handle = 0x2000,
    }, {/* onboard device */
        .type = 41, .len = 0x0b, .handle = 0x2900, .when = SMBIOS_EACH_GIVEN,
        .fields = { { "designation", SMBIOS_STRING, 0x04 }, { "kind", SMBIOS_ONBOARD_KIND, 0x05 },
                    { "instance", SMBIOS_U8, 0x06 }, { "pcidev", SMBIOS_PCI_DEVICE, 0x07 } },
        .body = { [0x05 - 4] = 0x81, [0x07 - 4] = 0x00, 0x00, 0xff, 0xff },
    }, {/* end */
        .type = 127, .len = 0x04, .handle = 0x7f00,
    },
};
const size_t smbios_num_types = ARRAY_SIZE(smbios_types);

const SmbiosType *smbios_type_find(unsigned type)
{
    for (size_t i = 0; i < smbios_num_types; i++) {
        if (smbios_types[i].type == type) {
            return &smbios_types[i];
        }
    }
    return NULL;
}
