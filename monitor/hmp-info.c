/*
 * "info": the machine as text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "hw/core/boards.h"
#include "hw/core/sysbus.h"
#include "hw/mem/pc-dimm.h"
#include "monitor-internal.h"
#include "system/system.h"
#include "util/options.h"
#include "util/trace.h"

static void info_version(GString *out, const char *args)
{
    g_string_append(out, QEMU_VERSION " (twostage-" TWOSTAGE_VERSION ")\n");
}

static void info_status(GString *out, const char *args)
{
    RunState s = runstate_seen();

    g_string_append_printf(out, "VM status: %s", s == RUN_STATE_RUNNING ? "running" : "paused");
    if (s != RUN_STATE_RUNNING && s != RUN_STATE_PAUSED) {
        g_string_append_printf(out, " (%s)", runstate_name(s));
    }
    g_string_append_c(out, '\n');
}

static void info_name(GString *out, const char *args)
{
    if (qemu_name) {
        g_string_append_printf(out, "%s\n", qemu_name);
    }
}

static void info_uuid(GString *out, const char *args)
{
    json_t *uuid = qmp_query_uuid(NULL, NULL);

    g_string_append_printf(out, "%s\n", json_string_value(json_object_get(uuid, "UUID")));
    json_decref(uuid);
}

static void info_kvm(GString *out, const char *args)
{
    json_t *kvm = qmp_query_kvm(NULL, NULL);
    bool enabled = json_is_true(json_object_get(kvm, "enabled")), present = json_is_true(json_object_get(kvm, "present"));

    g_string_append_printf(out, "kvm support: %s\n", enabled ? "enabled" : present ? "disabled" : "not compiled");
    json_decref(kvm);
}

static void info_cpus(GString *out, const char *args)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_string_append_printf(out, "%s CPU #%d: thread_id=%d\n", cpu->cpu_index ? " " : "*", cpu->cpu_index, cpu->thread_id);
    }
}

/* What the kernel keeps of a vCPU, beside what CPUState holds. */
static void list_system_registers(GString *out, CPUState *cpu)
{
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;
    int ret = ac && ac->list_registers ? ac->list_registers(cpu, out) : 0;

    if (ret < 0) {
        g_string_append_printf(out, "system registers could not be read: %s\n", g_strerror(-ret));
    }
}

static void info_registers(GString *out, const char *args)
{
    bool all = strstr(args, "-a"), system = strstr(args, "-s");
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if ((all || cpu->cpu_index == 0) && CPU_GET_CLASS(cpu)->dump_state) {
            g_string_append_printf(out, "\nCPU#%d\n", cpu->cpu_index);
            cpu_synchronize_state(cpu);         /* the accelerator has them */
            CPU_GET_CLASS(cpu)->dump_state(cpu, out);
            if (system) {
                list_system_registers(out, cpu);
            }
        }
    }
}

static void info_chardev(GString *out, const char *args)
{
    json_t *list = qmp_query_chardev(NULL, NULL), *chr;
    size_t i;

    json_array_foreach(list, i, chr) {
        g_string_append_printf(out, "%s: %s\n", json_string_value(json_object_get(chr, "label")),
                               json_string_value(json_object_get(chr, "filename")));
    }
    json_decref(list);
}

static void info_mtree(GString *out, const char *args)
{
    memory_tree_print(out, !strcmp(args, "-f"));
}

/* Only what the guest can read but not write as RAM: flash and ROM. */
static bool print_rom(const MemoryRegionSection *s, void *opaque)
{
    if (memory_region_is_rom(s->mr) || s->mr->rom_device) {
        g_string_append_printf(opaque, "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=rom name=\"%s\"\n",
                               s->offset_within_address_space, (uint64_t)s->size, memory_region_name(s->mr));
    }
    return false;
}

static void info_roms(GString *out, const char *args)
{
    address_space_foreach_section(&address_space_memory, print_rom, out);
}

static void print_qom_tree(GString *out, Object *obj, int indent);

typedef struct TreePrint { GString *out; int indent; } TreePrint;

static int print_qom_child(Object *obj, void *opaque)
{
    TreePrint *p = opaque;

    print_qom_tree(p->out, obj, p->indent);
    return 0;
}

static void print_qom_tree(GString *out, Object *obj, int indent)
{
    const char *name = object_get_canonical_path_component(obj);
    TreePrint below = { out, indent + 2 };

    g_string_append_printf(out, "%*s/%s (%s)\n", indent, "", name ? name : "", object_get_typename(obj));
    object_child_foreach(obj, print_qom_child, &below);
}

static void info_qom_tree(GString *out, const char *args)
{
    Object *obj = object_resolve_path(*args ? args : "/machine", NULL);

    if (obj) {
        print_qom_tree(out, obj, 0);
    } else {
        g_string_append_printf(out, "There is nothing at '%s'.\n", args);
    }
}

/* --- info qtree --- */
static void print_bus(GString *out, BusState *bus, int indent);

typedef struct PropPrint { GString *out; Object *obj; int indent; } PropPrint;

static void print_device_property(ObjectProperty *prop, void *opaque)
{
    static const char *const every_device[] = { "type", "realized", "hotpluggable", "hotplugged", "parent_bus", NULL };
    PropPrint *p = opaque;
    json_t *value;
    char *text;

    if (!prop->get || g_str_has_prefix(prop->type, "child<") || g_strv_contains(every_device, prop->name)) {
        return;
    }
    value = prop->get(p->obj, prop, NULL);
    text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    g_string_append_printf(p->out, "%*s%s = %s\n", p->indent, "", prop->name, text ? text : "<null>");
    free(text);
    json_decref(value);
}

static void print_wires(GString *out, DeviceState *dev, int indent)
{
    SysBusDevice *s = (SysBusDevice *)object_dynamic_cast(OBJECT(dev), TYPE_SYS_BUS_DEVICE);

    for (NamedGPIOList *l = dev->gpios; l; l = l->next) {
        if (l->num_in) {
            g_string_append_printf(out, "%*sgpio-in \"%s\" %d\n", indent, "", l->name ? l->name : "", l->num_in);
        }
        if (l->num_out) {
            g_string_append_printf(out, "%*sgpio-out \"%s\" %d\n", indent, "", l->name ? l->name : "", l->num_out);
        }
    }
    for (int i = 0; s && i < s->num_mmio; i++) {
        g_string_append_printf(out, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent, "",
                               s->mmio[i].mapped ? s->mmio[i].addr : UINT64_MAX, memory_region_size(s->mmio[i].memory));
    }
}

static void print_device(GString *out, DeviceState *dev, int indent)
{
    PropPrint p = { out, OBJECT(dev), indent + 2 };

    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "", object_get_typename(OBJECT(dev)), dev->id ? dev->id : "");
    object_property_foreach(OBJECT(dev), print_device_property, &p);
    print_wires(out, dev, indent + 2);
    for (guint i = 0; i < dev->child_bus->len; i++) {
        print_bus(out, g_ptr_array_index(dev->child_bus, i), indent + 2);
    }
}

static void print_bus(GString *out, BusState *bus, int indent)
{
    g_string_append_printf(out, "%*sbus: %s\n%*stype %s\n", indent, "", bus->name, indent + 2, "",
                           object_get_typename(OBJECT(bus)));
    for (guint i = 0; i < bus->children->len; i++) {
        print_device(out, g_ptr_array_index(bus->children, i), indent + 2);
    }
}

static void info_qtree(GString *out, const char *args)
{
    print_bus(out, sysbus_get_default(), 0);
}

/* --- info pci --- */
static int64_t number(json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

static void print_pci_region(GString *out, json_t *r)
{
    bool io = !strcmp(json_string_value(json_object_get(r, "type")), "io");
    uint64_t address = number(r, "address"), size = number(r, "size");

    g_string_append_printf(out, "      BAR%d: ", (int)number(r, "bar"));
    if (io) {
        g_string_append_printf(out, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n", address, address + size - 1);
    } else {
        g_string_append_printf(out, "%d bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n",
                               json_is_true(json_object_get(r, "mem_type_64")) ? 64 : 32,
                               json_is_true(json_object_get(r, "prefetch")) ? " prefetchable" : "", address, address + size - 1);
    }
}

static void print_pci_function(GString *out, json_t *dev)
{
    json_t *id = json_object_get(dev, "id"), *bridge = json_object_get(dev, "pci_bridge"), *r;
    size_t i;

    g_string_append_printf(out, "  Bus %2d, device %3d, function %d:\n    Class %04x: PCI device %04x:%04x\n",
                           (int)number(dev, "bus"), (int)number(dev, "slot"), (int)number(dev, "function"),
                           (int)number(json_object_get(dev, "class_info"), "class"),
                           (int)number(id, "vendor"), (int)number(id, "device"));
    if (json_object_get(id, "subsystem")) {
        g_string_append_printf(out, "      PCI subsystem %04x:%04x\n", (int)number(id, "subsystem-vendor"), (int)number(id, "subsystem"));
    }
    if (json_object_get(dev, "irq")) {
        g_string_append_printf(out, "      IRQ %d, pin %c\n", (int)number(dev, "irq"), (char)('A' + number(dev, "irq_pin") - 1));
    }
    if (bridge) {
        json_t *bus = json_object_get(bridge, "bus");
        g_string_append_printf(out, "      BUS %d.\n      secondary bus %d.\n      subordinate bus %d.\n", (int)number(bus, "number"),
                               (int)number(bus, "secondary"), (int)number(bus, "subordinate"));
    }
    json_array_foreach(json_object_get(dev, "regions"), i, r) {
        print_pci_region(out, r);
    }
    g_string_append_printf(out, "      id \"%s\"\n", json_string_value(json_object_get(dev, "qdev_id")));
    json_array_foreach(json_object_get(bridge, "devices"), i, r) {
        print_pci_function(out, r);
    }
}

static void info_pci(GString *out, const char *args)
{
    json_t *list = qmp_query_pci(NULL, NULL), *bus, *dev;
    size_t i, j;

    json_array_foreach(list, i, bus) {
        json_array_foreach(json_object_get(bus, "devices"), j, dev) {
            print_pci_function(out, dev);
        }
    }
    json_decref(list);
}

/* --- the rest --- */
static void info_block(GString *out, const char *args)
{
    json_t *list = qmp_query_block(NULL, NULL), *blk;
    size_t i;

    json_array_foreach(list, i, blk) {
        json_t *inserted = json_object_get(blk, "inserted");
        g_string_append_printf(out, "%s: %s (%s%s)\n", json_string_value(json_object_get(blk, "device")),
                               json_string_value(json_object_get(inserted, "file")),
                               json_string_value(json_object_get(inserted, "drv")),
                               json_is_true(json_object_get(inserted, "ro")) ? ", read-only" : "");
    }
    json_decref(list);
}

static uint64_t plugged_in_node(const MemorySlots *slots, unsigned node)
{
    uint64_t sum = 0;

    for (unsigned i = 0; slots && i < slots->n; i++) {
        sum += slots->dimm[i] && slots->dimm[i]->node == node ? pc_dimm_size(slots->dimm[i]) : 0;
    }
    return sum;
}

static void info_memory_devices(GString *out, const char *args)
{
    g_autoptr(json_t) list = qmp_query_memory_devices(NULL, NULL);
    const json_t *device, *value;
    const char *key;
    size_t i;

    json_array_foreach(list, i, device) {
        json_t *data = json_object_get(device, "data"), *id = json_object_get(data, "id");
        g_string_append_printf(out, "Memory device [%s]: \"%s\"\n", json_string_value(json_object_get(device, "type")), id ? json_string_value(id) : "");
        json_object_foreach(data, key, value) {
            g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY);
            if (value != id) {
                g_string_append_printf(out, "  %s: %s\n", key, json_is_string(value) ? json_string_value(value) : text);
            }
        }
    }
}

static void info_memory_size_summary(GString *out, const char *args)
{
    const MachineState *ms = current_machine;

    g_string_append_printf(out, "base memory: %" PRIu64 "\nplugged memory: %" PRIu64 "\n", ms->ram_size, memory_slots_used(ms->memory_slots));
}

static void info_numa(GString *out, const char *args)
{
    MachineState *ms = current_machine;

    g_string_append_printf(out, "%u nodes\n", ms->num_numa);
    for (unsigned i = 0; ms->numa && i < MAX_NUMA_NODES; i++) {
        CPUState *cpu;
        if (!ms->numa[i].present) {
            continue;
        }
        g_string_append_printf(out, "node %u cpus:", i);
        CPU_FOREACH(cpu) {
            if (cpu->node_id == (int)i) {
                g_string_append_printf(out, " %d", cpu->cpu_index);
            }
        }
        uint64_t plugged = plugged_in_node(ms->memory_slots, i);
        g_string_append_printf(out, "\nnode %u size: %" PRIu64 " MB\nnode %u plugged: %" PRIu64 " MB\n", i, (ms->numa[i].size + plugged) >> 20, i, plugged >> 20);
    }
}

static void print_event(TraceEvent *e, void *opaque)
{
    g_string_append_printf(opaque, "%s : state %u\n", e->name, trace_event_enabled(e));
}

static void info_trace_events(GString *out, const char *args)
{
    trace_foreach(*args ? args : "*", print_event, out);
}

const HmpCommand hmp_info_commands[] = {
    { "block", "", "drives and their images", info_block },
    { "chardev", "", "chardevs", info_chardev },
    { "cpus", "", "CPUs and their threads", info_cpus },
    { "kvm", "", "whether KVM runs the guest", info_kvm },
    { "memory-devices", "", "DIMMs", info_memory_devices },
    { "memory_size_summary", "", "bytes of memory from the start, and plugged since", info_memory_size_summary },
    { "mtree", "[-f]", "the memory map as a tree (-f: as it comes out, for each address space)", info_mtree },
    { "name", "", "the name of this machine (-name)", info_name },
    { "numa", "", "NUMA nodes: CPUs and memory", info_numa },
    { "pci", "", "PCI functions, bus by bus", info_pci },
    { "qom-tree", "[path]", "objects as a tree", info_qom_tree },
    { "qtree", "", "devices and buses as a tree", info_qtree },
    { "registers", "[-a] [-s]", "registers of the first CPU (-a: of all, -s: with all system registers)", info_registers },
    { "roms", "", "flash and ROM in the memory map", info_roms },
    { "status", "", "does the guest run?", info_status },
    { "trace-events", "[name]", "trace events, and which are on", info_trace_events },
    { "uuid", "", "the UUID of this machine (-uuid)", info_uuid },
    { "version", "", "the version of this program", info_version },
    { NULL }
};
