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
 * event (a device acts), lie (a device is not what it should be), kernel (what
 * this host lacks). To read:
 * objects, calls, commands, dma-result, failed-call, host-devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"
#include "util/options.h"

HostSim *hostsim;

/* --- The injector ------------------------------------------------------------------------ */

void hostsim_lock(void)
{
    g_rec_mutex_lock(&hostsim->lock);
}

void hostsim_unlock(void)
{
    g_rec_mutex_unlock(&hostsim->lock);
}

int hostsim_enter(const char *what)
{
    hostsim_lock();
    hostsim->calls++;
    if (hostsim->fail_nth && !--hostsim->fail_nth) {
        g_free(hostsim->failed_call);
        hostsim->failed_call = g_strdup(what);
        return -hostsim->fail_errno;
    }
    return 0;
}

void hostsim_leave(void)
{
    hostsim_unlock();
}

void hostsim_fail_nth(uint64_t nth, int err)
{
    hostsim_lock();
    hostsim->fail_nth = nth;
    hostsim->fail_errno = err;
    g_clear_pointer(&hostsim->failed_call, g_free);
    hostsim_unlock();
}

/* --- The seam ------------------------------------------------------------------------------- */

#define CALL(what, expr) \
    ({ __typeof__(expr) r_ = hostsim_enter(what); if (r_ == 0) r_ = (expr); hostsim_leave(); r_; })

static int op_open(void)
{
    return CALL("open /dev/iommu", hostsim->no_dev_iommu ? -ENOENT : sim_context_open()->fd);
}

static void op_close(int fd)
{
    hostsim_lock();
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(fd));
    g_assert(ctx);
    sim_context_close(ctx);
    hostsim_unlock();
}

static int op_ioctl(int fd, unsigned long cmd, void *arg)
{
    g_autofree char *what = g_strdup_printf("iommufd ioctl 0x%lx", cmd);
    return CALL(what, sim_iommufd_ioctl(fd, cmd, arg));
}

static void *op_mmap(int fd, size_t size, int prot, uint64_t offset)
{
    int r = hostsim_enter("iommufd mmap");
    void *p = r == 0 ? sim_iommufd_mmap(fd, size, prot, offset) : NULL;
    int err = r == 0 ? errno : -r;

    hostsim_leave();
    errno = err;
    return p;
}

static void op_munmap(int fd, void *p, size_t size)
{
    hostsim_lock();
    sim_iommufd_munmap(p, size);
    hostsim_unlock();
}

static ssize_t op_event_read(int fd, void *buf, size_t n)
{
    return CALL("event read", sim_event_read(fd, buf, n));
}

static ssize_t op_event_write(int fd, const void *buf, size_t n)
{
    return CALL("event write", sim_event_write(fd, buf, n));
}

static void op_event_close(int fd)
{
    hostsim_lock();
    sim_event_close(fd);
    hostsim_unlock();
}

static int op_device_open(const char *path)
{
    return CALL("open device", sim_device_open(path));
}

static void op_device_close(int fd)
{
    hostsim_lock();
    sim_device_close(fd);
    hostsim_unlock();
}

static int op_device_ioctl(int fd, unsigned long cmd, void *arg)
{
    g_autofree char *what = g_strdup_printf("device ioctl 0x%lx", cmd);
    return CALL(what, sim_device_ioctl(fd, cmd, arg));
}

static ssize_t op_device_pread(int fd, void *buf, size_t n, uint64_t offset)
{
    return CALL("device read", sim_device_pread(fd, buf, n, offset));
}

static ssize_t op_device_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
    return CALL("device write", sim_device_pwrite(fd, buf, n, offset));
}

static void *op_device_mmap(int fd, size_t size, int prot, uint64_t offset)
{
    int r = hostsim_enter("device mmap");
    void *p = r == 0 ? sim_device_mmap(fd, size, prot, offset) : NULL;

    if (r < 0) {
        errno = -r;
    }
    hostsim_leave();
    return p;
}

static void op_device_munmap(int fd, void *p, size_t size)
{
    munmap(p, size);
}

const IOMMUFDOps hostsim_ops = {
    .open = op_open, .close = op_close, .ioctl = op_ioctl, .mmap = op_mmap, .munmap = op_munmap,
    .event_read = op_event_read, .event_write = op_event_write, .event_close = op_event_close,
    .device_open = op_device_open, .device_close = op_device_close, .device_ioctl = op_device_ioctl,
    .device_pread = op_device_pread, .device_pwrite = op_device_pwrite,
    .device_mmap = op_device_mmap, .device_munmap = op_device_munmap,
};
static IOMMUFDOps installed;            /* with where this one's files are */

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *sub = g_build_filename(path, name, NULL);
        remove_tree(sub);
    }
    remove(path);
}

static void at_exit(void)
{
    if (hostsim) {
        remove_tree(hostsim->root);
    }
}

/* --- Setting up ---------------------------------------------------------------------------------- */

void hostsim_start(void)
{
    static bool registered;

    g_assert(!hostsim);
    if (!registered) {
        registered = atexit(at_exit) == 0;
    }
    hostsim = g_new0(HostSim, 1);
    g_rec_mutex_init(&hostsim->lock);
    hostsim->smmus = g_ptr_array_new();
    hostsim->groups = g_ptr_array_new();
    hostsim->devices = g_ptr_array_new();
    hostsim->contexts = g_hash_table_new(NULL, NULL);
    hostsim->device_fds = g_hash_table_new(NULL, NULL);
    hostsim->event_fds = g_hash_table_new(NULL, NULL);
    hostsim->vintf_maps = g_hash_table_new(NULL, NULL);
    hostsim->commands = g_array_new(false, false, sizeof(SimCommand));
    hostsim->root = g_dir_make_tmp("hostsim-XXXXXX", NULL);
    installed = hostsim_ops;
    installed.sys_root = installed.dev_root = hostsim->root;
    iommufd_ops = &installed;
}

static void free_device(SimDevice *dev)
{
    sim_atc_free(dev);
    json_decref(dev->properties);
    g_free(dev->model_type);
    g_array_free(dev->overrides, true);
    g_array_free(dev->partial, true);
    g_array_free(dev->responses, true);
    g_free(dev->host);
    g_free(dev->driver);
    g_free(dev);
}

void hostsim_stop(void)
{
    iommufd_ops = &iommufd_kernel_ops;
    remove_tree(hostsim->root);
    g_free(hostsim->root);
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        free_device(hostsim->devices->pdata[i]);
    }
    for (unsigned i = 0; i < hostsim->groups->len; i++) {
        SimGroup *g = hostsim->groups->pdata[i];
        g_ptr_array_free(g->members, true);
        g_free(g);
    }
    for (unsigned i = 0; i < hostsim->smmus->len; i++) {
        SimSMMU *s = hostsim->smmus->pdata[i];
        g_free(s->name);
        g_free(s);
    }
    g_ptr_array_free(hostsim->devices, true);
    g_ptr_array_free(hostsim->groups, true);
    g_ptr_array_free(hostsim->smmus, true);
    g_hash_table_destroy(hostsim->contexts);
    g_hash_table_destroy(hostsim->device_fds);
    g_hash_table_destroy(hostsim->event_fds);
    g_hash_table_destroy(hostsim->vintf_maps);
    g_array_free(hostsim->commands, true);
    g_free(hostsim->failed_call);
    g_rec_mutex_clear(&hostsim->lock);
    g_clear_pointer(&hostsim, g_free);
}

/* An SMMUv3 with both stages, 48 bits in and out, all granules, 16-bit ASIDs, RIL, ATS, 16 SID and 8 SSID bits. */
SimSMMU *hostsim_add_smmu(const char *name)
{
    SimSMMU *s = g_new0(SimSMMU, 1);

    s->name = g_strdup(name);
    s->nesting = s->s2fwb = true;
    s->oas = 48;
    s->next_vmid = 1;
    s->info.idr[0] = 1U << 0 | 1U << 1 | 2U << 2 | 1U << 4 | 1U << 10 | 1U << 12 | 1U << 19 | 2U << 21 | 1U << 24 | 1U << 27;
    s->info.idr[1] = 16U | 8U << 6 | 19U << 16 | 19U << 21;
    s->info.idr[3] = 1U << 10 | 2U << 11;
    s->info.idr[5] = 5U | 1U << 4 | 1U << 5 | 1U << 6;
    s->info.aidr = 1;
    g_ptr_array_add(hostsim->smmus, s);
    return s;
}

static SimGroup *group_get(uint32_t id)
{
    for (unsigned i = 0; i < hostsim->groups->len; i++) {
        SimGroup *g = hostsim->groups->pdata[i];
        if (g->id == id) {
            return g;
        }
    }
    SimGroup *g = g_new0(SimGroup, 1);
    g->id = id;
    g->members = g_ptr_array_new();
    g_ptr_array_add(hostsim->groups, g);
    return g;
}

SimDevice *hostsim_add_device(const char *host, SimSMMU *smmu, uint32_t group)
{
    SimDevice *dev = g_new0(SimDevice, 1);
    unsigned bus = 0, slot = 0, function = 0;

    (void)sscanf(host, "%*x:%x:%x.%u", &bus, &slot, &function);
    dev->host = g_strdup(host);
    dev->driver = g_strdup("vfio-pci");
    dev->smmu = smmu;
    dev->group = group_get(group);
    dev->sid = bus << 8 | slot << 3 | function;
    dev->index = hostsim->devices->len;
    dev->ats = dev->flr = true;
    dev->msix = 4;
    dev->fd = dev->bar_fd = dev->unmask_fd = -1;
    dev->atc = g_array_new(false, false, sizeof(SimATCEntry));
    dev->partial = g_array_new(false, false, sizeof(struct iommu_hwpt_pgfault));
    dev->responses = g_array_new(false, false, sizeof(SimResponse));
    dev->overrides = g_array_new(false, false, sizeof(uint32_t));
    dev->sizes[VFIO_PCI_BAR0_REGION_INDEX] = SIM_BAR0_SIZE;
    dev->sizes[VFIO_PCI_CONFIG_REGION_INDEX] = 4096;
    memset(dev->irq_fds, 0xff, sizeof(dev->irq_fds));
    g_ptr_array_add(dev->group->members, dev);
    g_ptr_array_add(hostsim->devices, dev);
    hostsim_add_to_sysfs(dev);
    return dev;
}

SimDevice *hostsim_find_device(const char *host)
{
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (!strcmp(dev->host, host)) {
            return dev;
        }
    }
    return NULL;
}

/* --- The object: descriptions in ---------------------------------------------------------------------- */

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
        s->cmdqv = get_bool(v, "cmdqv", false);
        s->vcmdqs_log2 = (unsigned)CLAMP(get_int(v, "vcmdqs", 1), 0, 7);
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

/* {"host", "iova", "length", "pattern"}: writes the byte pattern, or reads when there is none. */
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
    int r = hostsim_dma(dev, (uint64_t)get_int(value, "iova", 0), buf, length, write);
    json_t *bytes = json_array();
    for (uint64_t i = 0; r == 0 && !write && i < length; i++) {
        json_array_append_new(bytes, json_integer(buf[i]));
    }
    json_decref(HOSTSIM(obj)->dma_result);
    HOSTSIM(obj)->dma_result = json_pack("{s:i, s:o}", "result", r, "data", bytes);
    return true;
}

/* {"host", "config": [offset, value, ...], "sizes": [of region 0, 1, ...]}: from its next power-on. */
static bool set_lie(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    SimDevice *dev = device_arg(value, errp);
    const json_t *config = json_object_get(value, "config"), *sizes = json_object_get(value, "sizes");

    if (!dev) {
        return false;
    }
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

/* --- The object: the inspector ---------------------------------------------------------------------------- */

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

static json_t *describe_object(const SimObject *o)
{
    json_t *j = json_pack("{s:s, s:I, s:I}", "type", sim_type_name(o->type), "id", (json_int_t)o->id, "users", (json_int_t)o->users);

    if (o->parent) {
        json_object_set_new(j, "parent", json_integer(o->parent->id));
    }
    if (o->dev) {
        json_object_set_new(j, "host", json_string(o->dev->host));
    }
    switch (o->type) {
    case SIM_IOAS:
        json_object_set_new(j, "areas", json_integer(o->areas->len));
        break;
    case SIM_PAGING:
        json_object_set_new(j, "nest-parent", json_boolean(o->nest_parent));
        json_object_set_new(j, "vmid", json_integer(o->vmid));
        break;
    case SIM_NESTED:
        json_object_set_new(j, "ste0", json_integer((json_int_t)o->ste[0]));
        json_object_set_new(j, "ste1", json_integer((json_int_t)o->ste[1]));
        break;
    case SIM_VDEVICE:
        json_object_set_new(j, "virt-id", json_integer((json_int_t)o->virt_id));
        break;
    default:
        break;
    }
    return j;
}

static json_t *get_objects(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *list = json_array();
    GHashTableIter it;
    gpointer ctx;

    hostsim_lock();
    g_hash_table_iter_init(&it, hostsim->contexts);
    while (g_hash_table_iter_next(&it, NULL, &ctx)) {
        GPtrArray *objects = ((SimContext *)ctx)->objects;
        for (unsigned i = 1; i < objects->len; i++) {
            if (objects->pdata[i]) {
                json_array_append_new(list, describe_object(objects->pdata[i]));
            }
        }
    }
    hostsim_unlock();
    return list;
}

static json_t *get_host_devices(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        const SimDevice *dev = hostsim->devices->pdata[i];
        const SimObject *hwpt = dev->attached ? dev->group->hwpt : NULL;
        json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:i, s:i, s:i, s:i}", "host", dev->host, "bound", dev->ctx != NULL,
                                              "attached", dev->attached, "page-table", hwpt ? (int)hwpt->id : 0, "resets", (int)dev->resets,
                                              "driver-attaches", (int)dev->driver_attaches, "msix-on", (int)dev->irqs_on[VFIO_PCI_MSIX_IRQ_INDEX]));
    }
    hostsim_unlock();
    return list;
}

static json_t *get_page_responses(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        const SimDevice *dev = hostsim->devices->pdata[i];
        for (unsigned k = 0; k < dev->responses->len; k++) {
            const SimResponse *r = &g_array_index(dev->responses, SimResponse, k);
            json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}", "host", dev->host, "group", (json_int_t)r->grpid,
                                                  "pasid", (json_int_t)r->pasid, "code", (json_int_t)r->code));
        }
    }
    hostsim_unlock();
    return list;
}

static json_t *get_commands(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->commands->len; i++) {
        const SimCommand *c = &g_array_index(hostsim->commands, SimCommand, i);
        json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "smmu", c->smmu, "cmd0", (json_int_t)c->cmd[0], "cmd1", (json_int_t)c->cmd[1]));
    }
    hostsim_unlock();
    return list;
}

/* Whatever is set, the log is empty afterwards. */
static bool set_commands(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    hostsim_lock();
    g_array_set_size(hostsim->commands, 0);
    hostsim_unlock();
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
    object_class_property_add(klass, "page-responses", "list", get_page_responses, NULL, NULL);
    object_class_property_add(klass, "calls", "int", get_calls, NULL, NULL);
    object_class_property_add(klass, "failed-call", "string", get_failed_call, NULL, NULL);
    object_class_property_add(klass, "dma-result", "dict", get_dma_result, NULL, NULL);
    object_class_property_add(klass, "objects", "list", get_objects, NULL, NULL);
    object_class_property_add(klass, "host-devices", "list", get_host_devices, NULL, NULL);
    object_class_property_add(klass, "commands", "list", get_commands, set_commands, NULL);
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
