/*
 * query-smmu-host and "info smmu-host": what this host offers to accel=on,
 * device by device, without a VM.
 *
 * Each device is opened as a VM would do it, on an iommufd of its own, and what a
 * vSMMU needs is made and given back: the answer is what the kernel did, not
 * what its version promises. Nothing is attached. Main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw/vfio/probe.h"
#include "monitor/hmp.h"
#include "qapi-commands.h"

/* --- What the kernel makes ---------------------------------------------------------------- */

typedef struct Made {
    IOMMUFDBackend *be;
    uint32_t ids[4];                    /* in the order they were made */
    unsigned n;
} Made;

static bool keep(Made *m, bool made, const uint32_t *id)
{
    if (made) {
        m->ids[m->n++] = *id;
    }
    return made;
}

static void give_back(Made *m)
{
    while (m->n) {
        iommufd_backend_free_id(m->be, m->ids[--m->n]);
    }
}

static bool try_veventq(IOMMUFDBackend *be, uint32_t viommu)
{
    uint32_t id;
    int fd;

    if (!iommufd_backend_alloc_veventq(be, viommu, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, ACCEL_EVENTQ_LEAST, &id, &fd, NULL)) {
        return false;
    }
    iommufd_ops->event_close(fd);
    iommufd_backend_free_id(be, id);
    return true;
}

static bool try_fault_queue(IOMMUFDBackend *be)
{
    uint32_t id;
    int fd;

    if (!iommufd_backend_alloc_fault_queue(be, &id, &fd, NULL)) {
        return false;
    }
    iommufd_ops->event_close(fd);
    iommufd_backend_free_id(be, id);
    return true;
}

static void ask_cmdqv(json_t *out, IOMMUFDBackend *be, uint32_t devid)
{
    struct iommu_hw_info_tegra241_cmdqv info = { 0 };
    uint32_t type = IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV;
    uint64_t caps;
    uint8_t pasids;

    bool has = iommufd_backend_get_device_info(be, devid, &type, &info, sizeof(info), &caps, &pasids, NULL) &&
               type == IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV;

    json_object_set_new(out, "cmdqv", json_boolean(has));
    if (has) {
        json_object_set_new(out, "cmdqv-queues", json_integer((json_int_t)BIT(MIN(info.log2vcmdqs, 31))));
        json_object_set_new(out, "cmdqv-streams", json_integer((json_int_t)BIT(MIN(info.log2vsids, 31))));
    }
}

static bool try_nesting(json_t *out, IOMMUFDBackend *be, uint32_t devid, Error **errp)
{
    Made made = { .be = be };
    uint32_t ioas = 0, s2 = 0, viommu = 0;
    bool ok = keep(&made, iommufd_backend_alloc_ioas(be, &ioas, errp), &ioas) &&
              keep(&made, iommufd_backend_alloc_hwpt(be, devid, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, IOMMU_HWPT_DATA_NONE, 0, NULL, 0, &s2, errp), &s2) &&
              keep(&made, iommufd_backend_alloc_viommu(be, devid, IOMMU_VIOMMU_TYPE_ARM_SMMUV3, s2, NULL, 0, &viommu, errp), &viommu);

    json_object_set_new(out, "event-queue", json_boolean(ok && try_veventq(be, viommu)));
    json_object_set_new(out, "fault-queue", json_boolean(try_fault_queue(be)));
    ask_cmdqv(out, be, devid);
    give_back(&made);
    return ok;
}

/* --- What the registers say ------------------------------------------------------------------- */

typedef struct Fact { const char *name; uint8_t idr, shift, length; } Fact;
#define FACT(name, n, field) { name, n, FIELD_SHIFT(IDR##n, field), FIELD_LENGTH(IDR##n, field) }
static const Fact booleans[] = {
    FACT("stage1", 0, S1P), FACT("stage2", 0, S2P), FACT("asid16", 0, ASID16), FACT("cd-tables-2-level", 0, CD2L), FACT("ats", 0, ATS),
    FACT("pri", 0, PRI), FACT("ril", 3, RIL), FACT("4k-pages", 5, GRAN4K), FACT("16k-pages", 5, GRAN16K), FACT("64k-pages", 5, GRAN64K),
};

static void add_registers(json_t *out, const HostIOMMUDeviceCaps *caps)
{
    const uint32_t *idr = caps->smmuv3.idr;
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(booleans); i++) {
        const Fact *f = &booleans[i];

        json_object_set_new(out, f->name, json_boolean(extract32(idr[f->idr], f->shift, f->length)));
    }
    json_object_set_new(out, "stall", json_boolean(FIELD_EX32(idr[0], IDR0, STALL_MODEL) == 0));
    json_object_set_new(out, "bbml", json_integer(FIELD_EX32(idr[3], IDR3, BBML)));
    json_object_set_new(out, "oas", json_integer(smmu_oas_bits(FIELD_EX32(idr[5], IDR5, OAS))));
    json_object_set_new(out, "ssidsize", json_integer(FIELD_EX32(idr[1], IDR1, SSIDSIZE)));
    json_object_set_new(out, "device-ats", json_boolean(!(caps->hw_caps & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED)));
    json_object_set_new(out, "device-pasid-bits", json_integer(caps->max_pasid_log2));
    for (unsigned i = 0; i < 6; i++) {
        json_array_append_new(list, json_integer(idr[i]));
    }
    json_object_set_new(out, "idr", list);
}

/* --- One device ------------------------------------------------------------------------------------ */

static bool ask(json_t *out, const VFIOProbe *p, IOMMUFDBackend *be, Error **errp)
{
    ERRP_GUARD();
    const uint32_t *idr = p->caps.smmuv3.idr;

    if (p->caps.type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3) {
        error_setg(errp, "it is not behind an Arm SMMUv3");
        return false;
    }
    add_registers(out, &p->caps);
    if (!FIELD_EX32(idr[0], IDR0, S1P) || !FIELD_EX32(idr[0], IDR0, S2P)) {
        error_setg(errp, "its SMMUv3 lacks %s, so it cannot nest", FIELD_EX32(idr[0], IDR0, S1P) ? "stage 2" : "stage 1");
        return false;
    }
    if (!try_nesting(out, be, p->devid, errp)) {
        error_prepend(errp, "nesting needs Linux 6.13 or newer, and S2FWB in the SMMUv3 or CANWBS for the device in the host's IORT: ");
        return false;
    }
    return true;
}

static json_t *device_info(const char *host, IOMMUFDBackend *be)
{
    json_t *out = json_pack("{s:s}", "host", host);
    Error *err = NULL;
    VFIOProbe p;
    bool ok = vfio_probe_open(&p, host, be, &err) && ask(out, &p, be, &err);

    if (p.iommu) {
        json_object_set_new(out, "iommu", json_string(p.iommu));
    }
    if (p.group_id >= 0) {
        json_object_set_new(out, "group", json_integer(p.group_id));
    }
    json_object_set_new(out, "accel", json_boolean(ok));
    if (err) {
        json_object_set_new(out, "reason", json_string(error_get_pretty(err)));
        error_free(err);
    }
    vfio_probe_close(&p);
    return out;
}

json_t *qmp_query_smmu_host(const json_t *args, Error **errp)
{
    const char *only = json_string_value(json_object_get(args, "host"));
    g_auto(GStrv) hosts = vfio_probe_list();
    json_t *list = NULL;

    if (only && strchr(only, '/')) {
        error_setg(errp, "query-smmu-host: host=%s is not a PCI address such as 0000:01:00.0", only);
        return NULL;
    }
    if (!only && !hosts[0]) {
        return json_array();
    }
    IOMMUFDBackend *be = IOMMUFD_BACKEND(object_new(TYPE_IOMMUFD_BACKEND));
    object_property_add_child(object_get_root(), "query-smmu-host", OBJECT(be));
    object_unref(be);
    /* Once for all: a group's devices are not torn between two. */
    if (iommufd_backend_connect(be, errp)) {
        list = json_array();
        for (unsigned i = 0; !only && hosts[i]; i++) {
            json_array_append_new(list, device_info(hosts[i], be));
        }
        if (only) {
            json_array_append_new(list, device_info(only, be));
        }
        iommufd_backend_disconnect(be);
    }
    object_unparent(OBJECT(be));
    return list;
}

/* --- "info smmu-host" --------------------------------------------------------------------------------- */

static void print_list(GString *out, const json_t *info, const char *title, const char *const *keys)
{
    g_string_append_printf(out, "  %s:", title);
    for (; *keys; keys++) {
        const json_t *v = json_object_get(info, *keys);

        if (json_is_integer(v)) {
            g_string_append_printf(out, " %s=%d", *keys, (int)json_integer_value(v));
        } else if (v) {
            g_string_append_printf(out, " %s=%s", *keys, json_is_true(v) ? "yes" : "no");
        }
    }
    g_string_append_c(out, '\n');
}

static void print_device(GString *out, const json_t *info)
{
    static const char *const smmu[] = { "stage1", "stage2", "ril", "ats", "pri", "stall", "oas", "ssidsize", "bbml", NULL };
    static const char *const tables[] = { "4k-pages", "16k-pages", "64k-pages", "asid16", "cd-tables-2-level", NULL };
    static const char *const device[] = { "device-ats", "device-pasid-bits", NULL };
    static const char *const kernel[] = { "event-queue", "fault-queue", "cmdqv", "cmdqv-queues", "cmdqv-streams", NULL };
    const char *iommu = json_string_value(json_object_get(info, "iommu")), *reason = json_string_value(json_object_get(info, "reason"));

    g_string_append_printf(out, "%s behind %s, group %d: accel=on %s\n", json_string_value(json_object_get(info, "host")), iommu ? iommu : "?",
                           (int)json_integer_value(json_object_get(info, "group")),
                           json_is_true(json_object_get(info, "accel")) ? "works" : "does not work");
    if (reason) {
        g_string_append_printf(out, "  %s\n", reason);
    }
    if (json_object_get(info, "idr")) {
        print_list(out, info, "SMMU", smmu);
        print_list(out, info, "tables", tables);
        print_list(out, info, "device", device);
        print_list(out, info, "kernel", kernel);
    }
}

static void info_smmu_host(GString *out, const char *args)
{
    g_autoptr(Error) err = NULL;
    json_t *query = *args ? json_pack("{s:s}", "host", args) : json_object(), *list = qmp_query_smmu_host(query, &err), *info;
    size_t i;

    json_decref(query);
    if (!list) {
        g_string_append_printf(out, "%s\n", error_get_pretty(err));
        return;
    }
    if (!json_array_size(list)) {
        g_string_append(out, "no device of this host has a VFIO character device; bind one to vfio-pci\n");
    }
    json_array_foreach(list, i, info) {
        print_device(out, info);
    }
    json_decref(list);
}

static void __attribute__((constructor)) register_info(void)
{
    monitor_register_hmp_info("smmu-host", "show what this host's SMMUs offer to accel=on, per device (ADDRESS: one)", info_smmu_host);
}
