/*
 * -object x-hostsim: puts a simulated host in place of the kernel, for the
 * life of the object.
 *
 *   -object '{"qom-type": "x-hostsim", "id": "sim",
 *             "smmus": [{"name": "smmu0", "s2fwb": true}],
 *             "devices": [{"host": "0000:01:00.0", "group": 1}]}'
 *
 * Properties to set: smmus, devices (before it is complete); fail-nth
 * ({"nth", "errno"}: the nth host call from now on fails), dma, interrupt,
 * event, page-request, run-vcmdqs (hardware acts), lie (a device is not what it should be), kernel (what
 * this host lacks). To read:
 * objects, calls, commands, dma-result, failed-call, host-devices, page-responses
 * (the first five and the last also as QMP commands, hostsim-inspect.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"
#include "util/options.h"

/* --- Descriptions in ---------------------------------------------------------------------- */

#define TYPE_HOSTSIM "x-hostsim"
typedef struct HostSimObject { UserCreatable parent_obj; json_t *dma_result; } HostSimObject;
DECLARE_INSTANCE_CHECKER(HostSimObject, HOSTSIM, TYPE_HOSTSIM)

static bool get_bool(const json_t *o, const char *key, bool fallback)
{
    const json_t *v = json_object_get(o, key);
    return v ? json_is_true(v) : fallback;
}

static int64_t get_int(const json_t *o, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

static SimSMMU *find_smmu(const char *name)
{
    for (unsigned i = 0; i < hostsim->smmus->len; i++) {
        SimSMMU *s = hostsim->smmus->pdata[i];
        if (!name || !strcmp(s->name, name)) {
            return s;
        }
    }
    return NULL;
}

static bool set_smmus(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    size_t i;
    json_t *v;

    json_array_foreach((json_t *)value, i, v) {
        const char *name = json_string_value(json_object_get(v, "name"));
        if (!name) {
            error_setg(errp, "x-hostsim: an SMMU needs a name");
            return false;
        }
        SimSMMU *s = hostsim_add_smmu(name);
        s->nesting = get_bool(v, "nesting", true);
        s->s2fwb = get_bool(v, "s2fwb", true);
        s->httu = get_bool(v, "httu", false);
        s->caches = get_bool(v, "caches", true);
        s->cmdqv = get_bool(v, "cmdqv", false);
        s->vcmdqs_log2 = (unsigned)CLAMP(get_int(v, "vcmdqs", 1), 0, 7);
        s->vsids_log2 = (unsigned)CLAMP(get_int(v, "vsids", 4), 0, 8);
        s->vintfs = (unsigned)CLAMP(get_int(v, "vintfs", 63), 0, 63);
        s->contiguous = (uint64_t)get_int(v, "contiguous", 0);
        s->oas = (unsigned)get_int(v, "oas", 48);
        for (unsigned k = 0; k < 6; k++) {
            char key[5] = { 'i', 'd', 'r', (char)('0' + k), 0 };
            s->info.idr[k] = (uint32_t)get_int(v, key, s->info.idr[k]);
        }
    }
    return true;
}

static bool set_devices(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    size_t i;
    json_t *v;

    if (!hostsim->smmus->len) {
        hostsim_add_smmu("smmu0");
    }
    json_array_foreach((json_t *)value, i, v) {
        const char *host = json_string_value(json_object_get(v, "host"));
        SimSMMU *smmu = find_smmu(json_string_value(json_object_get(v, "smmu")));
        const char *driver = json_string_value(json_object_get(v, "driver"));
        if (!host || !smmu) {
            error_setg(errp, "x-hostsim: a device needs host, and smmu must be one of smmus");
            return false;
        }
        SimDevice *dev = hostsim_add_device(host, smmu, (uint32_t)get_int(v, "group", (int64_t)hostsim->devices->len + 1));
        dev->ats = get_bool(v, "ats", true);
        dev->canwbs = get_bool(v, "canwbs", false);
        dev->flr = get_bool(v, "flr", true);
        dev->pri = get_bool(v, "pri", false);
        dev->uses_atc = get_bool(v, "atc", false);
        dev->model_type = g_strdup(json_string_value(json_object_get(v, "model")));
        dev->properties = json_incref(json_object_get(v, "properties"));
        dev->noresize = get_bool(v, "noresize", false);
        dev->pasid_bits = (uint8_t)get_int(v, "pasid", 0);
        dev->msix = (unsigned)CLAMP(get_int(v, "msix", 4), 1, SIM_MAX_MSIX);
        if (driver) {
            g_free(dev->driver);
            dev->driver = g_strdup(driver);
            hostsim_add_to_sysfs(dev);
        }
    }
    return true;
}

static bool set_kernel(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    hostsim->no_dmabuf = !get_bool(value, "dmabuf", !hostsim->no_dmabuf);
    hostsim->no_veventq = !get_bool(value, "veventq", !hostsim->no_veventq);
    hostsim->no_fault_queue = !get_bool(value, "fault-queue", !hostsim->no_fault_queue);
    hostsim->no_map_file = !get_bool(value, "map-file", !hostsim->no_map_file);
    hostsim->no_dev_iommu = !get_bool(value, "iommufd", !hostsim->no_dev_iommu);
    hostsim->no_plain_nesting = !get_bool(value, "nesting-without-vdevice", !hostsim->no_plain_nesting);
    hostsim->invalidate_errno = (int)get_int(value, "invalidate-errno", 0);
    hostsim->invalidate_at = (unsigned)get_int(value, "invalidate-at", 0);
    return true;
}

static bool set_fail_nth(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    hostsim_fail_nth((uint64_t)get_int(value, "nth", 0), (int)get_int(value, "errno", ENOMEM));
    return true;
}

static SimDevice *device_arg(const json_t *value, Error **errp)
{
    const char *host = json_string_value(json_object_get(value, "host"));
    SimDevice *dev = host ? hostsim_find_device(host) : NULL;

    if (!dev) {
        error_setg(errp, "x-hostsim: no such host device");
    }
    return dev;
}

/* {"host", "iova", "length", "pattern", "pasid"}: writes the byte pattern, or reads when there is none. */
static bool set_dma(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    uint64_t length = (uint64_t)CLAMP(get_int(value, "length", 1), 1, 65536);
    g_autofree uint8_t *buf = g_malloc0(length);
    bool write = json_object_get(value, "pattern");

    if (!dev) {
        return false;
    }
    memset(buf, (int)get_int(value, "pattern", 0), length);
    SimAccess access = { .write = write, .has_pasid = json_object_get(value, "pasid"), .pasid = (uint32_t)get_int(value, "pasid", 0) };
    int r = hostsim_dma_as(dev, access, (uint64_t)get_int(value, "iova", 0), buf, length);
    json_t *bytes = json_array();
    for (uint64_t i = 0; r == 0 && !write && i < length; i++) {
        json_array_append_new(bytes, json_integer(buf[i]));
    }
    json_decref(HOSTSIM(obj)->dma_result);
    HOSTSIM(obj)->dma_result = json_pack("{s:i, s:o}", "result", r, "data", bytes);
    return true;
}

static void set_sparse(SimDevice *dev, const json_t *sparse)
{
    g_array_set_size(dev->sparse, 0);
    for (size_t i = 0; i + 1 < json_array_size(sparse); i += 2) {
        struct vfio_region_sparse_mmap_area area = {
            .offset = (uint64_t)json_integer_value(json_array_get(sparse, i)), .size = (uint64_t)json_integer_value(json_array_get(sparse, i + 1)),
        };
        g_array_append_val(dev->sparse, area);
    }
}

/* {"host", "config": [offset, value, ...], "sizes": [of region 0, 1, ...], "sparse": [offset, size, ...]}: from its next power-on. */
static bool set_lie(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    const json_t *config = json_object_get(value, "config"), *sizes = json_object_get(value, "sizes");

    if (!dev) {
        return false;
    }
    set_sparse(dev, json_object_get(value, "sparse"));
    g_array_set_size(dev->overrides, 0);
    for (size_t i = 0; i < json_array_size(config); i++) {
        uint32_t v = (uint32_t)json_integer_value(json_array_get(config, i));
        g_array_append_val(dev->overrides, v);
    }
    for (size_t i = 0; i < VFIO_PCI_NUM_REGIONS && i < json_array_size(sizes); i++) {
        dev->sizes[i] = (uint64_t)json_integer_value(json_array_get(sizes, i));
    }
    return true;
}

static bool set_interrupt(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    uint32_t index = (uint32_t)get_int(value, "index", VFIO_PCI_MSIX_IRQ_INDEX);
    int r = dev ? hostsim_interrupt(dev, index, (unsigned)get_int(value, "vector", 0)) : 0;

    if (r < 0) {
        error_setg_errno(errp, r, "x-hostsim: that interrupt goes nowhere");
    }
    return dev && r == 0;
}

static bool set_event(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    const json_t *words = json_object_get(value, "words");
    uint64_t evt[4] = { 0 };

    for (size_t i = 0; i < 4 && i < json_array_size(words); i++) {
        evt[i] = (uint64_t)json_integer_value(json_array_get(words, i));
    }
    if (dev) {
        hostsim_event(dev, evt);
    }
    return dev;
}

/* {"host", "address", "group", "pasid", "perm", "last"}: a page request. */
static bool set_page_request(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    bool pasid = json_object_get(value, "pasid"), last = get_bool(value, "last", true);
    struct iommu_hwpt_pgfault fault = {
        .flags = (pasid ? IOMMU_PGFAULT_FLAGS_PASID_VALID : 0U) | (last ? IOMMU_PGFAULT_FLAGS_LAST_PAGE : 0U),
        .addr = (uint64_t)get_int(value, "address", 0), .grpid = (uint32_t)get_int(value, "group", 0),
        .pasid = (uint32_t)get_int(value, "pasid", 0), .perm = (uint32_t)get_int(value, "perm", IOMMU_PGFAULT_PERM_READ),
    };
    int r = dev ? hostsim_page_request(dev, &fault) : 0;

    if (r < 0) {
        error_setg_errno(errp, r, "x-hostsim: that page request goes nowhere");
    }
    return dev && r == 0;
}

/* Whatever is set. */
static bool set_run_vcmdqs(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    hostsim_vcmdq_run();
    return true;
}

/* --- To look at ----------------------------------------------------------------------------------------------- */

static json_t *get_calls(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer((json_int_t)hostsim->calls);
}

static json_t *get_failed_call(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_string(hostsim->failed_call ? hostsim->failed_call : "");
}

static json_t *get_dma_result(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *r = HOSTSIM(obj)->dma_result;
    return r ? json_incref(r) : json_object();
}

/* @opaque of these properties is the function that describes. */
static json_t *get_list(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *(*describe)(void) = prop->opaque;
    return describe();
}

/* Whatever is set, the log is empty afterwards. */
static bool set_commands(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    hostsim_clear_commands();
    return true;
}

/* --- The type ----------------------------------------------------------------------------------------------- */

static bool hostsim_can_be_deleted(UserCreatable *uc)
{
    return !hostsim->live_fds;
}

static void hostsim_instance_init(Object *obj)
{
    if (!hostsim) {
        hostsim_start();
    }
}

static void hostsim_finalize(Object *obj)
{
    json_decref(HOSTSIM(obj)->dma_result);
    if (hostsim->live_fds || hostsim->live_objects) {
        error_report("x-hostsim: leaked %u files and %u objects of the host", hostsim->live_fds, hostsim->live_objects);
        return;
    }
    hostsim_stop();
}

static void hostsim_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->can_be_deleted = hostsim_can_be_deleted;
    object_class_property_add(klass, "smmus", "list", NULL, set_smmus, NULL);
    object_class_property_add(klass, "devices", "list", NULL, set_devices, NULL);
    object_class_property_add(klass, "kernel", "dict", NULL, set_kernel, NULL);
    object_class_property_add(klass, "fail-nth", "dict", NULL, set_fail_nth, NULL);
    object_class_property_add(klass, "dma", "dict", NULL, set_dma, NULL);
    object_class_property_add(klass, "interrupt", "dict", NULL, set_interrupt, NULL);
    object_class_property_add(klass, "lie", "dict", NULL, set_lie, NULL);
    object_class_property_add(klass, "event", "dict", NULL, set_event, NULL);
    object_class_property_add(klass, "page-request", "dict", NULL, set_page_request, NULL);
    object_class_property_add(klass, "run-vcmdqs", "bool", NULL, set_run_vcmdqs, NULL);
    object_class_property_add(klass, "page-responses", "list", get_list, NULL, hostsim_describe_page_responses);
    object_class_property_add(klass, "calls", "int", get_calls, NULL, NULL);
    object_class_property_add(klass, "failed-call", "string", get_failed_call, NULL, NULL);
    object_class_property_add(klass, "dma-result", "dict", get_dma_result, NULL, NULL);
    object_class_property_add(klass, "objects", "list", get_list, NULL, hostsim_describe_objects);
    object_class_property_add(klass, "host-devices", "list", get_list, NULL, hostsim_describe_devices);
    object_class_property_add(klass, "commands", "list", get_list, set_commands, hostsim_describe_commands);
}

static const TypeInfo hostsim_info = {
    .name = TYPE_HOSTSIM,
    .parent = TYPE_USER_CREATABLE,
    .instance_size = sizeof(HostSimObject),
    .instance_init = hostsim_instance_init,
    .instance_finalize = hostsim_finalize,
    .class_init = hostsim_class_init,
};
DEFINE_TYPE(hostsim_info)
