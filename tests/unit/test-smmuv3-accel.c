/*
 * accel=on against a small kernel in this file: what is attached must always be
 * what the guest's tables say, or abort when the host failed; nothing may be
 * left when the devices are gone.
 *
 * The kernel here has just the rules that matter to the order of calls
 * (who holds whom, vDEVICE before a translating table, groups move as one, bits
 * an STE may have), and fails any one call on demand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/eventfd.h>
#include "hw/arm/smmuv3-accel.h"
#include "util/main-loop.h"

/* --- The kernel ------------------------------------------------------------------- */
enum { FREE, IOAS, PAGING, NESTED, VIOMMU, VDEVICE, VEVENTQ };
typedef struct Obj { int type; uint32_t parent, users, dev; uint64_t virt_id, ste[2]; } Obj;
#define MAX_OBJ 256
static Obj obj[MAX_OBJ];
static int fail_at, fail_errno;         /* countdown to the call that fails; 0: none */
static bool failed;                     /* it has */
static unsigned calls, invalidate_calls, invalidated;
static uint64_t log_cmd[8192];
static unsigned n_log;
static uint8_t event_buf[4096];
static size_t event_len;

#define NDEV 5
typedef struct FakeDev { HostIOMMUDevice *hiod; uint32_t group, table; bool plugged, attached; } FakeDev;
static FakeDev fdev[NDEV];
static const uint32_t group_of[NDEV] = { 1, 7, 7, 9, 11 };

static int maybe_fail(void)
{
    calls++;
    if (fail_at && --fail_at == 0) {
        failed = true;
        return -fail_errno;
    }
    return 0;
}

static uint32_t new_obj(int type, uint32_t parent)
{
    for (uint32_t i = 1; i < MAX_OBJ; i++) {
        if (obj[i].type == FREE && i > 10) {
            obj[i] = (Obj) { .type = type, .parent = parent };
            obj[parent].users++;
            return i;
        }
    }
    g_assert_not_reached();
}

static int hwpt_alloc(struct iommu_hwpt_alloc *c)
{
    if (obj[c->pt_id].type == IOAS) {
        g_assert_cmphex(c->flags, ==, IOMMU_HWPT_ALLOC_NEST_PARENT);
        c->out_hwpt_id = new_obj(PAGING, c->pt_id);
        return 0;
    }
    g_assert_cmpint(obj[c->pt_id].type, ==, VIOMMU);
    g_assert_cmpuint(c->data_len, ==, 16);
    const uint64_t *ste = (const uint64_t *)(uintptr_t)c->data_uptr;
    unsigned config = FIELD_EX64(ste[0], STE0, CONFIG);
    g_assert_cmphex(ste[0] & ~0xf80fffffffffffffULL, ==, 0);
    g_assert_cmphex(ste[1] & ~0x380000ffULL, ==, 0);
    if (config != 0 && config != 4 && config != 5) {
        return -EIO;
    }
    c->out_hwpt_id = new_obj(NESTED, c->pt_id);
    memcpy(obj[c->out_hwpt_id].ste, ste, 16);
    return 0;
}

static Obj *vdevice_of(uint32_t dev)
{
    for (unsigned i = 0; i < MAX_OBJ; i++) {
        if (obj[i].type == VDEVICE && obj[i].dev == dev) {
            return &obj[i];
        }
    }
    return NULL;
}

static Obj *vdevice_by_sid(uint64_t sid)
{
    for (unsigned i = 0; i < MAX_OBJ; i++) {
        if (obj[i].type == VDEVICE && obj[i].virt_id == sid) {
            return &obj[i];
        }
    }
    return NULL;
}

static int vdevice_alloc(struct iommu_vdevice_alloc *c)
{
    if (vdevice_of(c->dev_id) || vdevice_by_sid(c->virt_id)) {
        return -EEXIST;
    }
    c->out_vdevice_id = new_obj(VDEVICE, c->viommu_id);
    obj[c->out_vdevice_id].dev = c->dev_id;
    obj[c->out_vdevice_id].virt_id = c->virt_id;
    return 0;
}

static int invalidate(struct iommu_hwpt_invalidate *c)
{
    const uint64_t *cmd = (const uint64_t *)(uintptr_t)c->data_uptr;

    g_assert_cmpint(obj[c->hwpt_id].type, ==, VIOMMU);
    g_assert_cmpuint(c->entry_num, >, 0);
    invalidate_calls++;
    invalidated += c->entry_num;
    for (unsigned i = 0; i < c->entry_num; i++, cmd += 2) {
        uint8_t op = cmd[0];

        if (op == CMD_CFGI_CD || op == CMD_CFGI_CD_ALL || op == CMD_ATC_INV) {
            g_assert_nonnull(vdevice_by_sid(cmd[0] >> 32));        /* else EIO, and the batch would be lost */
        } else {
            g_assert_true((op >= 0x10 && op <= 0x13) || op == 0x30);
        }
        if (n_log < ARRAY_SIZE(log_cmd)) {
            log_cmd[n_log++] = cmd[0];
        }
    }
    return 0;
}

static int destroy(uint32_t id)
{
    g_assert_cmpuint(obj[id].type, !=, FREE);
    g_assert_cmpuint(obj[id].users, ==, 0);                 /* EBUSY is our bug */
    obj[obj[id].parent].users--;
    obj[id].type = FREE;
    return 0;
}

static int fake_ioctl(int fd, unsigned long cmd, void *arg)
{
    int r = cmd == IOMMU_DESTROY ? 0 : maybe_fail();
    struct iommu_viommu_alloc *vi = arg;
    struct iommu_veventq_alloc *vq = arg;

    if (r) {
        return r;
    }
    switch (cmd) {
    case IOMMU_DESTROY:         return destroy(((struct iommu_destroy *)arg)->id);
    case IOMMU_HWPT_ALLOC:      return hwpt_alloc(arg);
    case IOMMU_VDEVICE_ALLOC:   return vdevice_alloc(arg);
    case IOMMU_HWPT_INVALIDATE: return invalidate(arg);
    case IOMMU_VIOMMU_ALLOC:
        g_assert_cmpint(obj[vi->hwpt_id].type, ==, PAGING);
        vi->out_viommu_id = new_obj(VIOMMU, vi->hwpt_id);
        return 0;
    case IOMMU_VEVENTQ_ALLOC:
        vq->out_veventq_id = new_obj(VEVENTQ, vq->viommu_id);
        vq->out_veventq_fd = eventfd(0, EFD_CLOEXEC);
        return 0;
    default:
        g_assert_not_reached();
    }
}

static ssize_t fake_event_read(int fd, void *buf, size_t n)
{
    size_t len = MIN(n, event_len);

    memcpy(buf, event_buf, len);
    event_len = 0;
    return len;
}

static void fake_event_close(int fd) { close(fd); }
static void fake_close(int fd) { }
static const IOMMUFDOps fake_ops = { .close = fake_close, .ioctl = fake_ioctl, .event_read = fake_event_read, .event_close = fake_event_close };

static FakeDev *dev_of(HostIOMMUDevice *hiod) { return hiod->agent; }

static void set_table(FakeDev *d, uint32_t id)
{
    if (d->attached) {
        obj[d->table].users--;
    }
    d->attached = id != 0;
    d->table = id;
    if (id) {
        obj[id].users++;
    }
}

/* As vfio does it: a newcomer joins its group, a move moves all. */
static bool fake_attach(HostIOMMUDevice *hiod, uint32_t id, Error **errp)
{
    FakeDev *me = dev_of(hiod);
    int r = maybe_fail();

    g_assert_cmpint(obj[id].type, ==, NESTED);
    if (r) {
        error_setg_errno(errp, r, "attach");
        return false;
    }
    for (unsigned i = 0; i < NDEV && !me->attached; i++) {
        if (&fdev[i] != me && fdev[i].group == me->group && fdev[i].attached) {
            set_table(me, fdev[i].table);
            return true;
        }
    }
    for (unsigned i = 0; i < NDEV; i++) {
        if (fdev[i].group == me->group && (fdev[i].attached || &fdev[i] == me)) {
            if (FIELD_EX64(obj[id].ste[0], STE0, CONFIG) == STE_CFG_S1) {
                g_assert_nonnull(vdevice_of(fdev[i].hiod->devid));
            }
            set_table(&fdev[i], id);
        }
    }
    return true;
}

static bool fake_detach(HostIOMMUDevice *hiod, Error **errp)
{
    set_table(dev_of(hiod), 0);
    return true;
}

static void fake_class_init(ObjectClass *klass, const void *data)
{
    HOST_IOMMU_DEVICE_CLASS(klass)->attach_hwpt = fake_attach;
    HOST_IOMMU_DEVICE_CLASS(klass)->detach_hwpt = fake_detach;
}
static const TypeInfo fake_hiod_info = { .name = "test-hiod", .parent = TYPE_HOST_IOMMU_DEVICE_IOMMUFD, .class_init = fake_class_init };
DEFINE_TYPE(fake_hiod_info)

/* --- The guest ---------------------------------------------------------------------------- */
#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (8 * MiB)
#define CMDQ   (RAM_BASE + 0x400000)
#define EVENTQ (RAM_BASE + 0x500000)
#define CDS    (RAM_BASE + 0x600000)
static SMMUv3State *smmu;
static IOMMUFDBackend *backend;
static uint8_t *ram;
static PCIDevice bridge[NDEV];
static uint8_t bridge_config[NDEV][256];
static PCIBus *bus[NDEV];
static uint32_t cmd_prod, evt_cons;

static uint32_t sid_of(unsigned i) { return bridge_config[i][PCI_SECONDARY_BUS] << 8; }
static void put64(uint64_t addr, uint64_t v) { stq_le_p(ram + (addr - RAM_BASE), v); }
static uint64_t get64(uint64_t addr) { return ldq_le_p(ram + (addr - RAM_BASE)); }
static void wr(uint32_t reg, uint64_t v, unsigned size) { memory_region_dispatch_write(&smmu->iomem, reg, v, size, MEMTXATTRS_UNSPECIFIED); }
static uint32_t rd(uint32_t reg)
{
    uint64_t v;
    memory_region_dispatch_read(&smmu->iomem, reg, &v, 4, MEMTXATTRS_UNSPECIFIED);
    return v;
}

static void queue_command(uint64_t w0, uint64_t w1)
{
    put64(CMDQ + (cmd_prod & 1023) * 16, w0);
    put64(CMDQ + (cmd_prod & 1023) * 16 + 8, w1);
    cmd_prod = (cmd_prod + 1) & 2047;
}

static void run(void)
{
    wr(SMMU_CMDQ_PROD, cmd_prod, 4);
    if (rd(SMMU_GERROR) != rd(SMMU_GERRORN)) {
        wr(SMMU_GERRORN, rd(SMMU_GERROR), 4);
    }
    g_assert_cmphex(rd(SMMU_CMDQ_CONS) & 0x7ff, ==, cmd_prod);
}

/* Returns how many events of a type came since the last look. */
static unsigned take_events(uint8_t type)
{
    unsigned n = 0;

    for (; (evt_cons & 255) != (rd(SMMU_EVENTQ_PROD) & 255); evt_cons++) {
        n += (get64(EVENTQ + (evt_cons & 127) * 32) & 0xff) == type;
    }
    wr(SMMU_EVENTQ_CONS, (evt_cons & 255) | (rd(SMMU_EVENTQ_PROD) & 1U << 31), 4);
    return n;
}

static void write_ste(unsigned i, uint64_t w0, uint64_t w1)
{
    put64(RAM_BASE + sid_of(i) * 64 + 8, w1);
    put64(RAM_BASE + sid_of(i) * 64, w0);
}

static void set_ste(unsigned i, uint64_t w0, uint64_t w1)
{
    write_ste(i, w0, w1);
    queue_command(CMD_CFGI_STE | (uint64_t)sid_of(i) << 32, 1);
    queue_command(CMD_SYNC, 0);
    run();
}

#define STE_ABORT  1ULL
#define STE_BYPASS (1ULL | 4 << 1)
#define STE_S1(n)  (1ULL | 5 << 1 | (CDS + (n) * 0x1000))

static void reset_device(void)
{
    ResettablePhases *p = &DEVICE_GET_CLASS(smmu)->phases;

    p->enter(OBJECT(smmu), RESET_TYPE_COLD);
    p->exit(OBJECT(smmu), RESET_TYPE_COLD);
    cmd_prod = evt_cons = 0;
}

static void driver_starts(bool translate)
{
    wr(SMMU_STRTAB_BASE, RAM_BASE, 8);
    wr(SMMU_STRTAB_BASE_CFG, 16, 4);
    wr(SMMU_CMDQ_BASE, CMDQ | 10, 8);
    wr(SMMU_EVENTQ_BASE, EVENTQ | 7, 8);
    wr(SMMU_CR0, 0xc, 4);
    queue_command(CMD_CFGI_STE_RANGE, 31);
    queue_command(CMD_TLBI_NSNH_ALL, 0);
    queue_command(CMD_SYNC, 0);
    run();
    if (translate) {
        wr(SMMU_CR0, 0xd, 4);
    }
}

static bool plug(unsigned i, Error **errp)
{
    const PCIIOMMUOps *ops = smmu->engine->pci_ops;

    fdev[i].plugged = ops->set_iommu_device(bus[i], smmu, 0, fdev[i].hiod, errp);
    if (!fdev[i].plugged) {
        set_table(&fdev[i], 0);
    }
    return fdev[i].plugged;
}

static void unplug(unsigned i)
{
    smmu->engine->pci_ops->unset_iommu_device(bus[i], smmu, 0);
    fdev[i].plugged = false;
    g_assert_false(fdev[i].attached);
}

static unsigned live_objects(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAX_OBJ; i++) {
        n += obj[i].type != FREE;
    }
    return n;
}

/* --- What must be --------------------------------------------------------------------------------- */

typedef struct Want { unsigned config; uint64_t w0, w1; } Want;

static Want want(unsigned i)
{
    uint64_t w0 = get64(RAM_BASE + sid_of(i) * 64), w1 = get64(RAM_BASE + sid_of(i) * 64 + 8);
    unsigned config = FIELD_EX64(w0, STE0, CONFIG);

    if (!(smmu->cr0 & 1)) {
        return (Want) { smmu->gbpa & (1 << 20) ? 0 : 4 };
    }
    if (!(w0 & 1) || config > 5 || config < 4 || (config == 5 && FIELD_EX64(w1, STE1, STRW))) {
        return (Want) { 0 };
    }
    return config == 4 ? (Want) { 4 } : (Want) { 5, w0 & 0xfffffffffffcfULL, w1 & 0xfc };   /* no substreams: S1DSS and S1Fmt say nothing */
}

static bool same(Want a, Want b)
{
    return a.config == b.config && (a.config != 5 || (a.w0 == b.w0 && a.w1 == b.w1));
}

static void check_device(unsigned i)
{
    Want w = want(i);
    const Obj *t = &obj[fdev[i].table];
    unsigned config;

    for (unsigned j = 0; j < NDEV; j++) {
        if (fdev[j].plugged && fdev[j].group == fdev[i].group && !same(w, want(j))) {
            w = (Want) { 0 };
        }
    }
    if (!fdev[i].attached) {
        g_assert_true(failed);
        return;
    }
    config = FIELD_EX64(t->ste[0], STE0, CONFIG);
    if (failed && config == 0) {
        return;
    }
    g_assert_cmpuint(config, ==, w.config);
    if (config == 5) {
        g_assert_cmphex(t->ste[0], ==, w.w0);
        g_assert_cmphex(t->ste[1] & 0xfc, ==, w.w1);
        g_assert_cmphex(vdevice_of(fdev[i].hiod->devid)->virt_id, ==, sid_of(i));
    }
}

static void check_all(void)
{
    for (unsigned i = 0; i < NDEV; i++) {
        if (fdev[i].plugged) {
            check_device(i);
        }
    }
}

/* --- Scenes ------------------------------------------------------------------------------------------ */

static void start(void)
{
    fail_at = 0;
    failed = false;
    memset(ram, 0, RAM_SIZE);
    for (unsigned i = 0; i < NDEV; i++) {
        bridge_config[i][PCI_SECONDARY_BUS] = 8 + i;
    }
    reset_device();
}

static void end(void)
{
    fail_at = 0;
    for (unsigned i = 0; i < NDEV; i++) {
        if (fdev[i].plugged) {
            unplug(i);
        }
    }
    g_assert_cmpuint(live_objects(), ==, 2);                /* what vfio has: IOAS, stage 2 */
    reset_device();
}

/* What a Linux guest does, from plug to reset. */
static void scene(void)
{
    plug(0, NULL);
    check_all();
    plug(3, NULL);
    check_all();
    driver_starts(true);
    check_all();
    set_ste(0, STE_BYPASS, 0);
    check_all();
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(2), 0);
    check_all();
    queue_command(CMD_CFGI_CD | (uint64_t)sid_of(0) << 32, 1);
    queue_command(CMD_TLBI_NH_ASID | 1ULL << 48, 0);
    queue_command(CMD_SYNC, 0);
    run();
    check_all();
    set_ste(0, STE_S1(3), 0);
    check_all();
    set_ste(0, 0, 0);
    check_all();
    unplug(3);
    reset_device();
    check_all();
}

static void test_scene(void)
{
    start();
    scene();
    end();
}

/* Every host call of the scene fails once, with each errno that means something. */
static void test_failures(void)
{
    static const int errnos[] = { EINVAL, ENOMEM, EBUSY, ETIMEDOUT, EIO };
    unsigned total;

    start();
    calls = 0;
    scene();
    total = calls;
    end();
    for (unsigned e = 0; e < ARRAY_SIZE(errnos); e++) {
        for (unsigned n = 1; n <= total; n++) {
            start();
            fail_at = n;
            fail_errno = errnos[e];
            scene();
            end();
        }
    }
}

static void test_bad_ste(void)
{
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    set_ste(0, 1 | 6 << 1, 0);                              /* stage 2 */
    check_all();
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    set_ste(0, STE_S1(1), 0);
    fail_at = 1;
    fail_errno = ENOMEM;
    set_ste(0, STE_S1(2), 0);
    check_all();
    g_assert_true(failed);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    failed = false;
    set_ste(0, STE_S1(2), 0);                               /* and it heals */
    check_all();
    end();
}

/* One call for a run, none a device. */
static void test_batch(void)
{
    start();
    g_assert_true(plug(0, &error_abort) && plug(3, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(2), 0);
    invalidate_calls = invalidated = 0;
    for (unsigned i = 0; i < 512; i++) {
        queue_command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12 | 1);
    }
    queue_command(CMD_SYNC, 0);
    queue_command(CMD_CFGI_CD_ALL | (uint64_t)0xffff << 32, 0);     /* nobody's */
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(invalidate_calls, ==, 1);
    g_assert_cmpuint(invalidated, ==, 512);
    end();
}

/* Same words, same table; unlike words in one host group end on abort, with an event. */
static void test_sharing(void)
{
    start();
    for (unsigned i = 0; i < NDEV; i++) {
        g_assert_true(plug(i, &error_abort));
    }
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(1), 0);
    check_all();
    g_assert_cmpuint(fdev[0].table, ==, fdev[3].table);
    set_ste(1, STE_S1(2), 0);
    check_all();                                            /* its fellow is still on abort */
    set_ste(2, STE_S1(2), 0);
    check_all();
    g_assert_cmpuint(fdev[1].table, ==, fdev[2].table);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[1].table].ste[0], STE0, CONFIG), ==, 5);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    put64(CDS + 3 * 0x1000, 1);                             /* other contents, so really apart */
    set_ste(2, STE_S1(3), 0);
    check_all();
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    accel_conflicts_due(smmu->accel_state);                 /* it lasted */
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 2);
    accel_conflicts_due(smmu->accel_state);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    /* two CD tables with the same contents are the same translation */
    put64(CDS + 3 * 0x1000, 0);
    set_ste(2, STE_S1(3), 0);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[2].table].ste[0], STE0, CONFIG), ==, 5);
    /* until one of them is changed */
    put64(CDS + 3 * 0x1000, 1);
    queue_command(CMD_CFGI_CD | (uint64_t)sid_of(2) << 32, 1);
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[2].table].ste[0], STE0, CONFIG), ==, 0);
    end();
}

/* Firmware gives bus numbers, later the guest changes them. */
static void test_renumber(void)
{
    start();
    bridge_config[0][PCI_SECONDARY_BUS] = 0;
    g_assert_true(plug(0, &error_abort));
    bridge_config[0][PCI_SECONDARY_BUS] = 9;
    smmu->engine->pci_ops->rid_changed(bus[0], smmu, 0);
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    check_all();
    bridge_config[0][PCI_SECONDARY_BUS] = 0x42;
    smmu->engine->pci_ops->rid_changed(bus[0], smmu, 0);
    check_all();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    set_ste(0, STE_S1(1), 0);
    check_all();
    end();
}

static void test_no_answer(void)
{
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    fail_at = 1;
    fail_errno = ETIMEDOUT;
    queue_command(CMD_TLBI_NSNH_ALL, 0);
    queue_command(CMD_SYNC, 0);
    wr(SMMU_CMDQ_PROD, cmd_prod, 4);
    g_assert_cmphex(rd(SMMU_CMDQ_CONS) >> 24, ==, CERROR_ATC_INV_SYNC);
    wr(SMMU_GERRORN, rd(SMMU_GERROR), 4);
    run();
    failed = false;
    check_all();
    end();
}

/* Records, a gap, a wrap of the sequence, a header that says "lost" */
static void test_events(void)
{
    static const struct { uint32_t flags, seq; bool lost; } cases[] = {
        { 0, 0, false }, { 0, 2, true }, { 0, 0x7ffffffd, true }, { 0, 0x7ffffffe, false }, { 0, 0x7fffffff, false }, { 0, 0, false }, { 0, 2, true }, { 1, 3, true }, { 0, 4, false },
    };
    bool lost;
    uint32_t seq = ACCEL_SEQ_NONE;
    uint64_t rec[8][EVT_WORDS];

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct { struct iommufd_vevent_header h; uint64_t evt[4]; } r = {
            { cases[i].flags, cases[i].seq }, { 0x90000000010ULL, ~0ULL, 0x1234, 0x5678 },
        };
        unsigned n = accel_events_parse(&r, cases[i].flags ? sizeof(r.h) : sizeof(r), &seq, rec, &lost);

        g_assert_cmpuint(n, ==, cases[i].flags ? 0 : 1);
        g_assert_cmpint(lost, ==, cases[i].lost);
        if (n) {
            g_assert_cmphex(rec[0][0], ==, 0x90000000010ULL);
            g_assert_cmphex(rec[0][1] & ~(0xeULL << 32 | 3ULL << 40), ==, 0);
            g_assert_cmphex(rec[0][2], ==, 0x1234);
            g_assert_cmphex(rec[0][3], ==, 0);
        }
    }
    g_assert_cmpuint(accel_events_parse("abc", 3, &seq, rec, &lost), ==, 0);
}

static void test_capabilities(void)
{
    HostIOMMUDeviceCaps saved = fdev[0].hiod->caps;
    Error *err = NULL;

    start();
    g_assert_true(plug(0, &error_abort));
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR3), IDR3, RIL), ==, 1);       /* read: frozen */
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR5), IDR5, OAS), ==, 4);
    unplug(0);
    fdev[0].hiod->caps.smmuv3.idr[3] = 0;
    g_assert_false(plug(0, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "range invalidation"));
    g_clear_pointer(&err, error_free);
    reset_device();                                                        /* open again */
    g_assert_true(plug(0, &error_abort));
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR3), IDR3, RIL), ==, 0);
    unplug(0);
    fdev[0].hiod->caps.type = 0;
    g_assert_false(plug(0, &err));
    g_clear_pointer(&err, error_free);
    fdev[0].hiod->caps = saved;
    end();
}

/* A guest that does anything, and a host that fails now and then. */
static void random_step(GRand *r)
{
    unsigned i = g_rand_int(r) % NDEV;
    const uint64_t stes[] = { 0, STE_ABORT, STE_BYPASS, STE_S1(1), STE_S1(2), STE_S1(g_rand_int(r) % 8), 1 | 7 << 1, g_rand_int(r) };

    switch (g_rand_int(r) % 12) {
    case 0:
        if (fdev[i].plugged) {
            unplug(i);
        } else {
            plug(i, NULL);
        }
        break;
    case 1:
        wr(SMMU_CR0, 0xc | g_rand_int(r) % 2, 4);
        break;
    case 2:
        wr(SMMU_GBPA, 1U << 31 | (g_rand_int(r) % 2) << 20, 4);
        break;
    case 3:
        if (g_rand_int(r) % 16 == 0) {
            reset_device();
            driver_starts(false);
        }
        break;
    case 4:
    case 5:
        for (unsigned n = g_rand_int(r) % 40; n; n--) {
            queue_command((const uint8_t[]) { 5, 6, 0x10, 0x11, 0x12, 0x13, 0x30 }[g_rand_int(r) % 7] |
                          (uint64_t)(g_rand_int(r) % 2 ? sid_of(i) : g_rand_int(r)) << 32, (uint64_t)g_rand_int(r) << 12);
        }
        run();
        break;
    default:
        set_ste(i, stes[g_rand_int(r) % ARRAY_SIZE(stes)], g_rand_int(r) % 4 ? 0 : g_rand_int(r));
        if (g_rand_int(r) % 4 == 0) {
            take_events(0);
        }
    }
}

static void test_random(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(11);

    start();
    for (unsigned i = 0; i < 8; i++) {
        put64(CDS + i * 0x1000, i);                         /* no two CDs alike */
    }
    driver_starts(false);
    for (unsigned round = 0; round < 100000; round++) {
        bool inject = round % 50 == 49;

        if (inject) {
            fail_at = 1 + g_rand_int(r) % 3;
            fail_errno = g_rand_int(r) % 2 ? ENOMEM : EINVAL;
        }
        random_step(r);
        check_all();
        if (failed || inject) {                             /* recover: everything is read again */
            fail_at = 0;
            queue_command(CMD_CFGI_STE_RANGE, 31);
            wr(SMMU_CR0, smmu->cr0 | 8, 4);
            run();
            failed = false;
            for (unsigned i = 0; i < NDEV; i++) {
                if (fdev[i].plugged && !fdev[i].attached) {
                    failed = true;
                }
            }
            check_all();
            failed = false;
        }
    }
    g_test_message("%u host calls, %u of them invalidations", calls, invalidate_calls);
    g_assert_cmpuint(calls, >, 20000);
    end();
}

static void make_host(void)
{
    backend = IOMMUFD_BACKEND(object_new(TYPE_IOMMUFD_BACKEND));
    backend->fd = 3;
    iommufd_ops = &fake_ops;
    obj[1] = (Obj) { .type = IOAS };
    obj[2] = (Obj) { .type = PAGING, .parent = 1 };
    for (unsigned i = 0; i < NDEV; i++) {
        HostIOMMUDevice *h = fdev[i].hiod = HOST_IOMMU_DEVICE(object_new("test-hiod"));

        fdev[i].group = group_of[i];
        h->name = g_strdup_printf("0000:%02x:00.0", i + 1);
        h->agent = &fdev[i];
        h->iommufd = backend;
        h->devid = 100 + i;
        h->ioas_id = 1;
        h->hwpt_id = 2;
        h->group_id = group_of[i];
        h->caps.type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
        h->caps.smmuv3 = (HostSMMUv3Info) { .idr = { 0x0c0e900f, 16, 0, 1 << 10, 0, 0x74 } };
        h->caps.smmuv3.idr[0] |= 1 << 24;
        bus[i] = (PCIBus *)object_new(TYPE_PCIE_BUS);
        bridge[i].config = bridge_config[i];
        bus[i]->parent_dev = &bridge[i];
    }
}

int main(int argc, char **argv)
{
    MemoryRegion mr;
    int r;

    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    memory_map_init();
    memset(&mr, 0, sizeof(mr));
    memory_region_init_ram(&mr, NULL, "ram", RAM_SIZE, &error_abort);
    memory_region_add_subregion(get_system_memory(), RAM_BASE, &mr);
    ram = memory_region_get_ram_ptr(&mr);
    make_host();
    smmu = ARM_SMMUV3(object_new(TYPE_ARM_SMMUV3));
    smmu->as = &address_space_memory;
    smmu->accel = true;
    smmu->idr[0] = 0x08000000 | 1 << 26 | 1 << 24 | 2 << 21 | 1 << 4 | 2 << 2 | 1 << 1;
    smmu->idr[1] = 16 | 19 << 16 | 19 << 21;
    g_assert_true(accel_setup(smmu, &error_abort));
    g_test_add_func("/smmuv3/accel/scene", test_scene);
    g_test_add_func("/smmuv3/accel/failures", test_failures);
    g_test_add_func("/smmuv3/accel/bad-ste", test_bad_ste);
    g_test_add_func("/smmuv3/accel/batch", test_batch);
    g_test_add_func("/smmuv3/accel/sharing", test_sharing);
    g_test_add_func("/smmuv3/accel/renumber", test_renumber);
    g_test_add_func("/smmuv3/accel/no-answer", test_no_answer);
    g_test_add_func("/smmuv3/accel/events", test_events);
    g_test_add_func("/smmuv3/accel/capabilities", test_capabilities);
    g_test_add_func("/smmuv3/accel/random", test_random);
    r = g_test_run();
    smmuv3_accel_unrealize(smmu);
    object_unref(smmu);
    for (unsigned i = 0; i < NDEV; i++) {
        object_unref(fdev[i].hiod);
        object_unref(bus[i]);
    }
    object_unref(backend);
    memory_region_del_subregion(get_system_memory(), &mr);
    object_unref(&mr);
    return r;
}
