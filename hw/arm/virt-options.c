/*
 * What `-machine virt,...` takes: parsing each option, and resolving them
 * into the choices the rest of the machine reads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "virt-internal.h"

/* --- switches ----------------------------------------------------------------- */

typedef struct Switch { const char *name; size_t offset; const char *text; bool initial; } Switch;
static const Switch switches[] = {
    { "highmem", offsetof(VirtMachineState, highmem), "Set on/off to let things lie above 4 GiB", true },
    { "compact-highmem", offsetof(VirtMachineState, highmem_compact), "Set on/off to let absent high regions take no room", true },
    { "highmem-ecam", offsetof(VirtMachineState, highmem_ecam), "Set on/off to put PCI configuration space (256 buses) above RAM", true },
    { "highmem-mmio", offsetof(VirtMachineState, highmem_mmio), "Set on/off to have a PCI memory window above RAM", true },
    { "highmem-redists", offsetof(VirtMachineState, highmem_redists), "Set on/off to have GICv3 redistributors above RAM, for more than 123 CPUs", true },
    { "its", offsetof(VirtMachineState, its), "Set on/off to have a GICv3 ITS", true },
    { "dtb-randomness", offsetof(VirtMachineState, dtb_randomness), "Set off to put no random seeds in the device tree", true },
    { "dtb-kaslr-seed", offsetof(VirtMachineState, dtb_randomness), "The old name of dtb-randomness", true },
    { "default-bus-bypass-iommu", offsetof(VirtMachineState, default_bus_bypass_iommu), "Set on to let pcie.0 go around iommu=smmuv3", false },
};

static json_t *switch_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const Switch *s = prop->opaque;
    return json_boolean(*(bool *)((char *)obj + s->offset));
}

static bool switch_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);
    const Switch *s = prop->opaque;

    vms->its_asked = vms->its_asked || s->offset == offsetof(VirtMachineState, its);
    return option_bool(value, s->name, (bool *)((char *)obj + s->offset), errp);
}

/* Known options whose only value here is "off", and why. */
typedef struct Absent { const char *name, *type, *why; } Absent;
#define NO_EMULATOR "needs a CPU emulator, which Twostage does not have"
static const Absent absent[] = {
    { "secure", "bool", NO_EMULATOR },
    { "virtualization", "bool", NO_EMULATOR },
    { "mte", "bool", NO_EMULATOR },
    { "ras", "bool", "is not supported by Twostage: the guest does not hear of the host's memory errors" },
    { "graphics", "bool", "needs a display device, which Twostage does not have" },
    { "aux-ram-share", "bool", "would share RAM that this machine does not have; share=on of a memory backend shares the guest's" },
    { "x-change-vmfd-on-reset", "bool", "is a test of confidential guests, which Twostage does not run" },
    { "confidential-guest-support", "string", "is not supported by Twostage" },
    { "memory-encryption", "string", "is not supported by Twostage" },
    { "shim", "string", "is not supported by Twostage; firmware can load one from a disk" },
};

static json_t *absent_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return strcmp(prop->type, "bool") ? json_string("") : json_false();
}

static bool absent_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const Absent *a = prop->opaque;
    bool on = true;

    if (!strcmp(a->type, "bool") && !option_bool(value, a->name, &on, errp)) {
        return false;
    }
    if (on) {
        error_setg(errp, "-machine %s%s %s", a->name, strcmp(a->type, "bool") ? "" : "=on", a->why);
    }
    return !on;
}

/* --- choices ------------------------------------------------------------------ */

static bool is_one_of(const char *v, const char *const *names)
{
    for (; *names; names++) {
        if (!strcmp(v, *names)) {
            return true;
        }
    }
    return false;
}

typedef struct Choice { const char *name; size_t offset; const char *const *valid; const char *text, *initial; } Choice;
static const char *const gic_names[] = { "2", "3", "host", "max", NULL };
static const char *const msi_names[] = { "auto", "its", "gicv2m", "off", NULL };
static const char *const iommu_names[] = { "none", "smmuv3", NULL };
static const Choice choices[] = {
    { "gic-version", offsetof(VirtMachineState, gic_version_opt), gic_names, "Interrupt controller: 2, 3, host (what the host has), max (the best there is)", "3" },
    { "msi", offsetof(VirtMachineState, msi_opt), msi_names, "Who takes MSIs: its, gicv2m, off; auto: what fits the interrupt controller", "auto" },
    { "iommu", offsetof(VirtMachineState, iommu_opt), iommu_names, "smmuv3: one for the whole PCI hierarchy; or none", "none" },
};

static json_t *choice_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const Choice *c = prop->opaque;
    const char *v = *(char **)((char *)obj + c->offset);

    return json_string(v ? v : c->initial);
}

static bool choice_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const Choice *c = prop->opaque;
    char **field = (char **)((char *)obj + c->offset);
    g_autofree char *text = json_is_integer(value) ? g_strdup_printf("%lld", (long long)json_integer_value(value)) : NULL;
    const char *v = text ? text : option_str(value, c->name, errp);

    if (!v) {
        return false;
    }
    if (!is_one_of(v, c->valid)) {
        g_autofree char *names = g_strjoinv(", ", (char **)c->valid);
        error_setg(errp, "-machine %s=%s: valid values are %s", c->name, v, names);
        return false;
    }
    g_free(*field);
    *field = g_strdup(v);
    return true;
}

/* --- the others --------------------------------------------------------------- */

static const char *const on_off_auto[] = { [ON_OFF_AUTO_AUTO] = "auto", [ON_OFF_AUTO_ON] = "on", [ON_OFF_AUTO_OFF] = "off" };

static json_t *acpi_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_string(on_off_auto[VIRT_MACHINE(obj)->acpi]);
}

static bool acpi_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);
    bool on;

    if (json_is_string(value) && !strcmp(json_string_value(value), "auto")) {
        vms->acpi = ON_OFF_AUTO_AUTO;
        return true;
    }
    if (!option_bool(value, "acpi", &on, NULL)) {
        error_setg(errp, "acpi= is on, off or auto");
        return false;
    }
    vms->acpi = on ? ON_OFF_AUTO_ON : ON_OFF_AUTO_OFF;
    return true;
}

static json_t *transports_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(VIRT_MACHINE(obj)->virtio_transports);
}

static bool transports_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    uint64_t n;

    if (!option_uint(value, prop->name, NUM_VIRTIO_TRANSPORTS, &n, errp)) {
        return false;
    }
    VIRT_MACHINE(obj)->virtio_transports = n;
    return true;
}

#define DEFAULT_HIGH_MMIO_SIZE (512 * GiB)

static json_t *mmio_size_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(VIRT_MACHINE(obj)->highmem_mmio_size);
}

static bool mmio_size_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    uint64_t size;

    if (!option_size(value, prop->name, &size, errp)) {
        return false;
    }
    if (!is_power_of_2(size) || size < DEFAULT_HIGH_MMIO_SIZE || size > BIT_ULL(51)) {
        error_setg(errp, "-machine highmem-mmio-size: must be a power of 2 from 512G to 2048T");
        return false;
    }
    VIRT_MACHINE(obj)->highmem_mmio_size = size;
    return true;
}

static json_t *oem_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);
    return json_string(prop->opaque ? vms->oem_table_id : vms->oem_id);
}

/* opaque: NULL for x-oem-id, else x-oem-table-id */
static bool oem_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);
    char *field = prop->opaque ? vms->oem_table_id : vms->oem_id;
    size_t room = prop->opaque ? sizeof(vms->oem_table_id) : sizeof(vms->oem_id);
    const char *v = option_str(value, prop->name, errp);

    if (!v) {
        return false;
    }
    if (strlen(v) >= room) {
        error_setg(errp, "-machine %s=%s: at most %zu characters", prop->name, v, room - 1);
        return false;
    }
    memset(field, 0, room);
    memcpy(field, v, strlen(v));
    return true;
}

/* -machine pflash0=NODE: flash banks as libvirt names them; opaque is the bank. */
static json_t *pflash_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const char *name = VIRT_MACHINE(obj)->pflash_opt[GPOINTER_TO_INT(prop->opaque)];
    return json_string(name ? name : "");
}

static bool pflash_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    char **field = &VIRT_MACHINE(obj)->pflash_opt[GPOINTER_TO_INT(prop->opaque)];
    const char *v = option_str(value, prop->name, errp);

    if (!v) {
        return false;
    }
    g_free(*field);
    *field = *v ? g_strdup(v) : NULL;
    return true;
}

/* --- the class ---------------------------------------------------------------- */

static ObjectProperty *add(ObjectClass *klass, const char *name, const char *type, ObjectPropertyGet *get, ObjectPropertySet *set,
                           const void *opaque, const char *text)
{
    ObjectProperty *prop = object_class_property_add(klass, name, type, get, set, (void *)opaque);
    object_class_property_set_description(klass, name, text);
    return prop;
}

void virt_options_class_init(ObjectClass *klass)
{
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        add(klass, switches[i].name, "bool", switch_get, switch_set, &switches[i], switches[i].text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
        add(klass, absent[i].name, absent[i].type, absent_get, absent_set, &absent[i], "Always off");
    }
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        add(klass, choices[i].name, "string", choice_get, choice_set, &choices[i], choices[i].text);
    }
    machine_class_add_smp_cache(klass);
    add(klass, "acpi", "OnOffAuto", acpi_get, acpi_set, NULL, "Enable ACPI");
    add(klass, "virtio-mmio-transports", "uint8", transports_get, transports_set, NULL, "How many places for virtio devices there are outside PCI");
    add(klass, "highmem-mmio-size", "size", mmio_size_get, mmio_size_set, NULL, "Size of the PCI memory window above RAM");
    add(klass, "pflash0", "string", pflash_get, pflash_set, GINT_TO_POINTER(0), "Block node or drive that is the first flash (firmware)");
    add(klass, "pflash1", "string", pflash_get, pflash_set, GINT_TO_POINTER(1), "Block node or drive that is the second flash (variables)");
    add(klass, "x-oem-id", "string", oem_get, oem_set, NULL, "OEMID of ACPI tables, up to 6 characters");
    add(klass, "x-oem-table-id", "string", oem_get, oem_set, klass, "OEM Table ID of ACPI tables, up to 8 characters");
}

void virt_options_init(VirtMachineState *vms)
{
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        *(bool *)((char *)vms + switches[i].offset) = switches[i].initial;
    }
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        if (choices[i].offset != offsetof(VirtMachineState, msi_opt)) {     /* NULL: nothing asked, and its= has its say */
            *(char **)((char *)vms + choices[i].offset) = g_strdup(choices[i].initial);
        }
    }
    vms->virtio_transports = NUM_VIRTIO_TRANSPORTS;
    vms->highmem_mmio_size = DEFAULT_HIGH_MMIO_SIZE;
    strcpy(vms->oem_id, "BOCHS ");
    strcpy(vms->oem_table_id, "BXPC    ");
}

void virt_options_finalize(VirtMachineState *vms)
{
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        g_free(*(char **)((char *)vms + choices[i].offset));
    }
    g_free(vms->pflash_opt[0]);
    g_free(vms->pflash_opt[1]);
}

/* msi= has the last word; its= counts without it. */
static bool resolve_msi(VirtMachineState *vms, Error **errp)
{
    const char *asked = vms->msi_opt ? vms->msi_opt : !vms->its ? "no its" : vms->its_asked ? "its" : "auto";

    if (!strcmp(asked, "its") && vms->gic_version == 2) {
        error_setg(errp, "-machine %s needs gic-version=3", vms->msi_opt ? "msi=its" : "its=on");
        return false;
    }
    if (!strcmp(asked, "off")) {
        vms->msi_controller = VIRT_MSI_CTRL_NONE;
    } else if (!strcmp(asked, "gicv2m") || vms->gic_version == 2) {
        vms->msi_controller = VIRT_MSI_CTRL_GICV2M;
    } else {
        vms->msi_controller = strcmp(asked, "no its") ? VIRT_MSI_CTRL_ITS : VIRT_MSI_CTRL_NONE;
    }
    vms->its = vms->msi_controller == VIRT_MSI_CTRL_ITS;
    return true;
}

bool virt_options_resolve(VirtMachineState *vms, Error **errp)
{
    MachineState *ms = &vms->parent_obj;

    vms->gic_version = strcmp(vms->gic_version_opt, "2") ? 3 : 2;
    if (ms->smp.max_cpus > virt_max_cpus(vms)) {
        error_setg(errp, "-smp: gic-version=%d serves %u CPUs at most here, not %u%s", vms->gic_version, virt_max_cpus(vms), ms->smp.max_cpus,
                   vms->gic_version == 2 ? "; use gic-version=3" : vms->highmem_redists ? "" : "; use highmem-redists=on");
        return false;
    }
    return resolve_msi(vms, errp);
}
