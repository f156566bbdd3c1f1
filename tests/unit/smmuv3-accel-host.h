/*
 * A small kernel for unit tests of accel=on: just the rules that matter to the
 * order of calls (who holds whom, vDEVICE before a translating table, groups
 * move as one, bits an STE may have, what a fault queue takes). Any one call
 * fails on demand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_SMMUV3_ACCEL_HOST_H
#define TESTS_UNIT_SMMUV3_ACCEL_HOST_H

#include <sys/eventfd.h>
#include "hw/arm/smmuv3-accel.h"

/* --- The kernel ------------------------------------------------------------------- */
enum { FREE, IOAS, PAGING, NESTED, VIOMMU, VDEVICE, VEVENTQ, FAULTQ };
typedef struct Obj { int type; uint32_t parent, users, dev, fault; uint64_t virt_id, ste[2]; } Obj;
#define MAX_OBJ 256
static Obj obj[MAX_OBJ];
static int fail_at, fail_errno;         /* countdown to the call that fails; 0: none */
static bool failed;                     /* it has */
static unsigned calls, invalidate_calls, invalidated;
static unsigned invalidate_fails;       /* that many more invalidations fail, */
static int invalidate_errno;            /* with this */
static uint64_t log_cmd[8192];
static unsigned n_log;
static uint8_t event_buf[4096];
static size_t event_len;

/* Page requests that nobody has answered. */
typedef struct Request { uint32_t dev, cookie, group; bool read; } Request;
static Request request[64];
static unsigned n_requests, n_answered;
static uint32_t next_cookie = 1;
static int fault_fd = -1;

#define NDEV 5
typedef struct FakeDev { HostIOMMUDevice *hiod; uint32_t group, table; bool plugged, attached; } FakeDev;
static FakeDev fdev[NDEV];
static const uint32_t group_of[NDEV] = { 1, 7, 7, 9, 11 };

static inline int maybe_fail(void)
{
    calls++;
    if (fail_at && --fail_at == 0) {
        failed = true;
        return -fail_errno;
    }
    return 0;
}

static inline uint32_t new_obj(int type, uint32_t parent)
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

static inline int hwpt_alloc(struct iommu_hwpt_alloc *c)
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
    g_assert_cmphex(c->flags & ~(uint32_t)IOMMU_HWPT_FAULT_ID_VALID, ==, 0);
    if (config != 0 && config != 4 && config != 5) {
        return -EIO;
    }
    c->out_hwpt_id = new_obj(NESTED, c->pt_id);
    memcpy(obj[c->out_hwpt_id].ste, ste, 16);
    if (c->flags) {
        g_assert_cmpint(obj[c->fault_id].type, ==, FAULTQ);
        obj[c->out_hwpt_id].fault = c->fault_id;
        obj[c->fault_id].users++;
    }
    return 0;
}

static inline Obj *vdevice_of(uint32_t dev)
{
    for (unsigned i = 0; i < MAX_OBJ; i++) {
        if (obj[i].type == VDEVICE && obj[i].dev == dev) {
            return &obj[i];
        }
    }
    return NULL;
}

static inline Obj *vdevice_by_sid(uint64_t sid)
{
    for (unsigned i = 0; i < MAX_OBJ; i++) {
        if (obj[i].type == VDEVICE && obj[i].virt_id == sid) {
            return &obj[i];
        }
    }
    return NULL;
}

static inline int vdevice_alloc(struct iommu_vdevice_alloc *c)
{
    if (vdevice_of(c->dev_id) || vdevice_by_sid(c->virt_id)) {
        return -EEXIST;
    }
    c->out_vdevice_id = new_obj(VDEVICE, c->viommu_id);
    obj[c->out_vdevice_id].dev = c->dev_id;
    obj[c->out_vdevice_id].virt_id = c->virt_id;
    return 0;
}

static inline int invalidate(struct iommu_hwpt_invalidate *c)
{
    const uint64_t *cmd = (const uint64_t *)(uintptr_t)c->data_uptr;

    g_assert_cmpint(obj[c->hwpt_id].type, ==, VIOMMU);
    g_assert_cmpuint(c->entry_num, >, 0);
    invalidate_calls++;
    if (invalidate_fails) {
        invalidate_fails--;
        failed = true;
        return -invalidate_errno;
    }
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

static inline int destroy(uint32_t id)
{
    g_assert_cmpuint(obj[id].type, !=, FREE);
    g_assert_cmpuint(obj[id].users, ==, 0);                 /* EBUSY is our bug */
    obj[obj[id].parent].users--;
    if (obj[id].fault) {
        obj[obj[id].fault].users--;
    }
    obj[id].type = FREE;
    return 0;
}

static inline int fake_ioctl(int fd, unsigned long cmd, void *arg)
{
    int r = cmd == IOMMU_DESTROY ? 0 : maybe_fail();
    struct iommu_viommu_alloc *vi = arg;
    struct iommu_veventq_alloc *vq = arg;
    struct iommu_fault_alloc *fq = arg;

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
    case IOMMU_FAULT_QUEUE_ALLOC:
        g_assert_cmpint(fault_fd, ==, -1);
        fq->out_fault_id = new_obj(FAULTQ, 0);
        fq->out_fault_fd = fault_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return 0;
    case IOMMU_GET_HW_INFO:             /* of other kinds than vfio asked for */
        return -EOPNOTSUPP;
    default:
        g_assert_not_reached();
    }
}

static inline void forget_request(unsigned i)
{
    n_answered++;
    request[i] = request[--n_requests];
}

static inline ssize_t read_requests(struct iommu_hwpt_pgfault *out, size_t n)
{
    uint64_t v;
    size_t done = 0;
    ssize_t r = read(fault_fd, &v, sizeof(v));

    (void)r;
    for (unsigned i = 0; i < n_requests && done < n; i++) {
        if (!request[i].read) {
            request[i].read = true;
            out[done++] = (struct iommu_hwpt_pgfault) {
                .flags = IOMMU_PGFAULT_FLAGS_LAST_PAGE, .dev_id = 100 + request[i].dev, .grpid = request[i].group,
                .perm = IOMMU_PGFAULT_PERM_READ, .addr = 0x1000, .cookie = request[i].cookie,
            };
        }
    }
    return done * sizeof(*out);
}

static inline ssize_t fake_event_write(int fd, const void *buf, size_t n)
{
    const struct iommu_hwpt_page_response *r = buf;
    size_t done = 0;

    g_assert_cmpint(fd, ==, fault_fd);
    for (; done < n / sizeof(*r); done++) {
        unsigned i = 0;

        for (; i < n_requests && !(request[i].read && request[i].cookie == r[done].cookie); i++) {
        }
        if (i == n_requests) {
            return done ? (ssize_t)(done * sizeof(*r)) : -EINVAL;
        }
        forget_request(i);
    }
    return done * sizeof(*r);
}

static inline ssize_t fake_event_read(int fd, void *buf, size_t n)
{
    if (fd == fault_fd) {
        return read_requests(buf, n / sizeof(struct iommu_hwpt_pgfault));
    }
    size_t len = MIN(n, event_len);

    memcpy(buf, event_buf, len);
    event_len = 0;
    return len;
}

static inline void fake_event_close(int fd)
{
    close(fd);
    if (fd == fault_fd) {
        fault_fd = -1;
    }
}
static inline void fake_close(int fd) { }
static const IOMMUFDOps fake_ops = { .close = fake_close, .ioctl = fake_ioctl, .event_read = fake_event_read,
                                     .event_write = fake_event_write, .event_close = fake_event_close };

static inline FakeDev *dev_of(HostIOMMUDevice *hiod) { return hiod->agent; }

static inline void set_table(FakeDev *d, uint32_t id)
{
    for (unsigned i = n_requests; i-- > 0 && id != d->table; ) {    /* the host answers for a device that moves */
        if (&fdev[request[i].dev] == d) {
            forget_request(i);
        }
    }
    if (d->attached) {
        obj[d->table].users--;
    }
    d->attached = id != 0;
    d->table = id;
    if (id) {
        obj[id].users++;
    }
}

/* The device asks for a page, if its table lets it. */
static inline void page_request(unsigned dev, uint32_t group)
{
    uint64_t v = 1;

    if (fdev[dev].attached && obj[fdev[dev].table].fault && n_requests < ARRAY_SIZE(request)) {
        request[n_requests++] = (Request) { .dev = dev, .cookie = next_cookie++, .group = group };
        g_assert_cmpint(write(fault_fd, &v, sizeof(v)), ==, sizeof(v));
    }
}

/* As vfio does it: a newcomer joins its group, a move moves all. */
static inline bool fake_attach(HostIOMMUDevice *hiod, uint32_t id, Error **errp)
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

static inline bool fake_detach(HostIOMMUDevice *hiod, Error **errp)
{
    set_table(dev_of(hiod), 0);
    return true;
}

static inline void fake_class_init(ObjectClass *klass, const void *data)
{
    HOST_IOMMU_DEVICE_CLASS(klass)->attach_hwpt = fake_attach;
    HOST_IOMMU_DEVICE_CLASS(klass)->detach_hwpt = fake_detach;
}
static const TypeInfo fake_hiod_info = { .name = "test-hiod", .parent = TYPE_HOST_IOMMU_DEVICE_IOMMUFD, .class_init = fake_class_init };
DEFINE_TYPE(fake_hiod_info)

#endif
