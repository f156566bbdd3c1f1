/*
 * -object acpi-generic-initiator,pci-dev=ID,node=N: Generic Initiator Affinity
 * structures of SRAT (ACPI 6.5, 5.2.16.6). A GPU with memory of its own has
 * one for each node that its driver may bring memory to.
 *
 * Objects come before devices, so that ID exists is checked when the machine is
 * complete; for objects that come later, at once. One whose device was
 * unplugged has no entry.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/hostmem.h"
#include "hw/acpi/generic-initiator.h"
#include "hw/core/qdev.h"
#include "hw/pci/pci.h"
#include "util/options.h"

enum { SRAT_INITIATOR = 5, SRAT_INITIATOR_LEN = 32, HANDLE_PCI = 1, INITIATOR_ENABLED = 1 << 0 };

typedef struct AcpiGenericInitiator {
    UserCreatable parent_obj;
    char *pci_dev;
    uint16_t node;
    bool has_node, counted;
} AcpiGenericInitiator;
OBJECT_DECLARE_SIMPLE_TYPE(AcpiGenericInitiator, ACPI_GENERIC_INITIATOR)

static PCIDevice *device_of(const AcpiGenericInitiator *gi)
{
    Object *devices = container_get(object_get_root(), "/machine/peripheral");

    return (PCIDevice *)object_dynamic_cast(object_resolve_path_component(devices, gi->pci_dev), TYPE_PCI_DEVICE);
}

static bool check(AcpiGenericInitiator *gi, const MachineState *ms, Error **errp)
{
    const char *id = object_get_canonical_path_component(OBJECT(gi));

    if (!device_of(gi)) {
        error_setg(errp, "acpi-generic-initiator '%s': pci-dev=%s is not the id of a PCI device", id, gi->pci_dev);
        return false;
    }
    if (gi->node >= ms->num_numa) {
        error_setg(errp, "acpi-generic-initiator '%s': there is no -numa node,nodeid=%u", id, gi->node);
        return false;
    }
    return true;
}

/* --- All of them --------------------------------------------------------------------- */

static int note(Object *obj, void *opaque)
{
    g_hash_table_insert(opaque, (gpointer)object_get_canonical_path_component(obj), obj);
    return 0;
}

static int note_memory(Object *obj, void *opaque)
{
    return object_dynamic_cast(obj, TYPE_MEMORY_BACKEND) ? note(obj, opaque) : 0;
}

static int note_early(Object *obj, void *opaque)
{
    return object_dynamic_cast(obj, TYPE_MEMORY_BACKEND) ? 0 : note(obj, opaque);
}

/* In the order of a hash table with the names of all objects, memory last: the machine that guests know has them so. */
static GPtrArray *all(void)
{
    g_autoptr(GHashTable) objects = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *found = g_ptr_array_new();
    GHashTableIter it;
    gpointer obj;

    object_child_foreach(object_get_objects_root(), note_early, objects);
    object_child_foreach(object_get_objects_root(), note_memory, objects);
    g_hash_table_iter_init(&it, objects);
    while (g_hash_table_iter_next(&it, NULL, &obj)) {
        if (object_dynamic_cast(obj, TYPE_ACPI_GENERIC_INITIATOR)) {
            g_ptr_array_add(found, obj);
        }
    }
    return found;
}

bool acpi_generic_initiators_check(const MachineState *ms, Error **errp)
{
    g_autoptr(GPtrArray) list = all();

    for (guint i = 0; i < list->len; i++) {
        if (!check(list->pdata[i], ms, errp)) {
            return false;
        }
    }
    return true;
}

static void put(AcpiTables *t, const AcpiGenericInitiator *gi, const PCIDevice *dev)
{
    acpi_put8(t, SRAT_INITIATOR);
    acpi_put8(t, SRAT_INITIATOR_LEN);
    acpi_put8(t, 0);
    acpi_put8(t, HANDLE_PCI);
    acpi_put32(t, gi->node);
    acpi_put16(t, 0);                   /* segment */
    acpi_put8(t, pci_dev_bus_num(dev));
    acpi_put8(t, dev->devfn);
    acpi_put_zeros(t, 12);
    acpi_put32(t, INITIATOR_ENABLED);
    acpi_put32(t, 0);
}

void acpi_put_generic_initiators(AcpiTables *t)
{
    g_autoptr(GPtrArray) list = all();

    for (guint i = 0; i < list->len; i++) {
        PCIDevice *dev = device_of(list->pdata[i]);

        if (dev) {
            put(t, list->pdata[i], dev);
        }
    }
}

/* --- The object ------------------------------------------------------------------------ */

static bool complete(UserCreatable *uc, Error **errp)
{
    AcpiGenericInitiator *gi = ACPI_GENERIC_INITIATOR(uc);

    if (!gi->pci_dev || !gi->has_node) {
        error_setg(errp, "Parameter '%s' must be given", gi->pci_dev ? "node" : "pci-dev");
        return false;
    }
    if (qdev_hotplug_time() && !check(gi, current_machine, errp)) {
        return false;
    }
    current_machine->device_initiators[gi->node]++;
    gi->counted = true;
    return true;
}

static char *get_pci_dev(Object *obj, Error **errp)
{
    return g_strdup(ACPI_GENERIC_INITIATOR(obj)->pci_dev ?: "");
}

static void set_pci_dev(Object *obj, const char *value, Error **errp)
{
    AcpiGenericInitiator *gi = ACPI_GENERIC_INITIATOR(obj);

    g_free(gi->pci_dev);
    gi->pci_dev = g_strdup(value);
}

static json_t *get_node(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(ACPI_GENERIC_INITIATOR(obj)->node);
}

static bool set_node(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    AcpiGenericInitiator *gi = ACPI_GENERIC_INITIATOR(obj);
    uint64_t v;

    if (!option_uint(value, prop->name, MAX_NUMA_NODES - 1, &v, errp)) {
        return false;
    }
    if (gi->counted) {
        error_setg(errp, "acpi-generic-initiator: node cannot change once it is there");
        return false;
    }
    gi->node = v;
    gi->has_node = true;
    return true;
}

static void initiator_finalize(Object *obj)
{
    AcpiGenericInitiator *gi = ACPI_GENERIC_INITIATOR(obj);

    if (gi->counted) {
        current_machine->device_initiators[gi->node]--;
    }
    g_free(gi->pci_dev);
}

static void initiator_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->complete = complete;
    object_class_property_add_str(klass, "pci-dev", get_pci_dev, set_pci_dev);
    object_class_property_set_description(klass, "pci-dev", "id of the PCI device");
    object_class_property_add(klass, "node", "int", get_node, set_node, NULL);
    object_class_property_set_description(klass, "node", "NUMA node that its memory will be in");
}

static const TypeInfo initiator_info = {
    .name = TYPE_ACPI_GENERIC_INITIATOR, .parent = TYPE_USER_CREATABLE, .instance_size = sizeof(AcpiGenericInitiator),
    .instance_finalize = initiator_finalize, .class_init = initiator_class_init,
};
DEFINE_TYPE(initiator_info)
