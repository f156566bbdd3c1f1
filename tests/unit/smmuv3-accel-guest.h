/*
 * A guest for unit tests of accel=on: its memory, its commands, five devices it
 * plugs and unplugs, and what each of them must see: what is attached on the host
 * is always what the guest's tables say, or abort when the host failed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_SMMUV3_ACCEL_GUEST_H
#define TESTS_UNIT_SMMUV3_ACCEL_GUEST_H

#include "smmuv3-accel-host.h"
#include "util/main-loop.h"

/* --- The guest ---------------------------------------------------------------------------- */
#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (8 * MiB)
#define CMDQ   (RAM_BASE + 0x400000)
#define EVENTQ (RAM_BASE + 0x500000)
#define PRIQ   (RAM_BASE + 0x580000)
#define CDS    (RAM_BASE + 0x600000)
static SMMUv3State *smmu;
static IOMMUFDBackend *backend;
static uint8_t *ram;
static PCIDevice bridge[NDEV];
static uint8_t bridge_config[NDEV][256];
static PCIBus *bus[NDEV];
static uint32_t cmd_prod, evt_cons;
/* What vfio-pci shows the guest of each: ATS, and PRI of the last. */
static PCIDevice function[NDEV];
static uint8_t function_config[NDEV][PCIE_CONFIG_SPACE_SIZE];
enum { ATS_CAP = 0x100, PRI_CAP = 0x120 };

static inline uint32_t sid_of(unsigned i) { return bridge_config[i][PCI_SECONDARY_BUS] << 8; }
static inline void put64(uint64_t addr, uint64_t v) { stq_le_p(ram + (addr - RAM_BASE), v); }
static inline uint64_t get64(uint64_t addr) { return ldq_le_p(ram + (addr - RAM_BASE)); }
static inline void wr(uint32_t reg, uint64_t v, unsigned size) { memory_region_dispatch_write(&smmu->iomem, reg, v, size, MEMTXATTRS_UNSPECIFIED); }
static inline uint32_t rd(uint32_t reg)
{
    uint64_t v;
    memory_region_dispatch_read(&smmu->iomem, reg, &v, 4, MEMTXATTRS_UNSPECIFIED);
    return v;
}

static inline void queue_command(uint64_t w0, uint64_t w1)
{
    put64(CMDQ + (cmd_prod & 1023) * 16, w0);
    put64(CMDQ + (cmd_prod & 1023) * 16 + 8, w1);
    cmd_prod = (cmd_prod + 1) & 2047;
}

static inline void run(void)
{
    wr(SMMU_CMDQ_PROD, cmd_prod, 4);
    if (rd(SMMU_GERROR) != rd(SMMU_GERRORN)) {
        wr(SMMU_GERRORN, rd(SMMU_GERROR), 4);
    }
    g_assert_cmphex(rd(SMMU_CMDQ_CONS) & 0x7ff, ==, cmd_prod);
}

/* Returns how many events of a type came since the last look. */
static inline unsigned take_events(uint8_t type)
{
    unsigned n = 0;

    for (; (evt_cons & 255) != (rd(SMMU_EVENTQ_PROD) & 255); evt_cons++) {
        n += (get64(EVENTQ + (evt_cons & 127) * 32) & 0xff) == type;
    }
    wr(SMMU_EVENTQ_CONS, (evt_cons & 255) | (rd(SMMU_EVENTQ_PROD) & 1U << 31), 4);
    return n;
}

/* Answers what is in the PRI queue, as it likes. */
static inline void answer_requests(unsigned resp)
{
    uint32_t cons = rd(SMMU_PRIQ_CONS), at = rd(SMMU_PRIQ_PROD);

    for (; (cons & 63) != (at & 63); cons++) {
        uint64_t w0 = get64(PRIQ + (cons & 31) * 16), w1 = get64(PRIQ + (cons & 31) * 16 + 8);

        queue_command(CMD_PRI_RESP | w0 << 32, (w1 & 0x1ff) | resp << 12);
    }
    wr(SMMU_PRIQ_CONS, (cons & 63) | (at & QUEUE_OVF), 4);
    run();
}

/* The main thread finds all that is waiting. */
static inline void main_thread(void)
{
    for (unsigned i = 0; i < 4; i++) {
        main_loop_wait(true);
    }
}

static inline void write_ste(unsigned i, uint64_t w0, uint64_t w1)
{
    put64(RAM_BASE + sid_of(i) * 64 + 8, w1);
    put64(RAM_BASE + sid_of(i) * 64, w0);
}

static inline void set_ste(unsigned i, uint64_t w0, uint64_t w1)
{
    write_ste(i, w0, w1);
    queue_command(CMD_CFGI_STE | (uint64_t)sid_of(i) << 32, 1);
    queue_command(CMD_SYNC, 0);
    run();
}

#define STE_ABORT  1ULL
#define STE_BYPASS (1ULL | 4 << 1)
#define STE_S1(n)  (1ULL | 5 << 1 | (CDS + (n) * 0x1000))

static inline void reset_device(void)
{
    ResettablePhases *p = &DEVICE_GET_CLASS(smmu)->phases;

    p->enter(OBJECT(smmu), RESET_TYPE_COLD);
    p->exit(OBJECT(smmu), RESET_TYPE_COLD);
    cmd_prod = evt_cons = 0;
}

static inline void driver_starts(bool translate)
{
    rd(SMMU_IDR0);
    wr(SMMU_STRTAB_BASE, RAM_BASE, 8);
    wr(SMMU_STRTAB_BASE_CFG, 16, 4);
    wr(SMMU_CMDQ_BASE, CMDQ | 10, 8);
    wr(SMMU_EVENTQ_BASE, EVENTQ | 7, 8);
    wr(SMMU_PRIQ_BASE, PRIQ | 5, 8);
    wr(SMMU_CR0, 0xe, 4);
    queue_command(CMD_CFGI_STE_RANGE, 31);
    queue_command(CMD_TLBI_NSNH_ALL, 0);
    queue_command(CMD_SYNC, 0);
    run();
    if (translate) {
        wr(SMMU_CR0, 0xf, 4);
    }
}

static inline bool plug(unsigned i, Error **errp)
{
    const PCIIOMMUOps *ops = smmu->engine->pci_ops;

    fdev[i].plugged = ops->set_iommu_device(bus[i], smmu, 0, fdev[i].hiod, errp);
    if (!fdev[i].plugged) {
        set_table(&fdev[i], 0);
    }
    return fdev[i].plugged;
}

static inline void unplug(unsigned i)
{
    smmu->engine->pci_ops->unset_iommu_device(bus[i], smmu, 0);
    fdev[i].plugged = false;
    g_assert_false(fdev[i].attached);
}

static inline unsigned live_objects(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAX_OBJ; i++) {
        n += obj[i].type != FREE;
    }
    return n;
}

/* --- What must be --------------------------------------------------------------------------------- */

#define SSID_BITS 8
static inline bool told(unsigned idr0_bit) { return smmu->idr[0] >> idr0_bit & 1; }
static inline bool has_ats(unsigned i) { return i != 3; }
static inline bool has_pri(unsigned i) { return i == 4; }

typedef struct Want { unsigned config; uint64_t w0, w1; } Want;

static inline Want want(unsigned i)
{
    uint64_t w0 = get64(RAM_BASE + sid_of(i) * 64), w1 = get64(RAM_BASE + sid_of(i) * 64 + 8);
    unsigned config = FIELD_EX64(w0, STE0, CONFIG);

    if (!(smmu->cr0 & 1)) {
        return (Want) { smmu->gbpa & (1 << 20) ? 0 : 4 };
    }
    if (!(w0 & 1) || config > 5 || config < 4) {
        return (Want) { 0 };
    }
    if (config == 4) {
        return (Want) { 4 };
    }
    /* STRW; substreams beyond what the SMMU has, reserved formats of their tables; the CD table outside of memory */
    unsigned bits = smmu->idr[1] >> 6 & 31, cdmax = bits ? w0 >> 59 : 0;
    if (w1 >> 30 & 3 || cdmax > bits || (cdmax && ((w1 & 3) == 3 || (w0 >> 4 & 3) == 3)) || (w0 & 0xfffffffffffc0ULL) >> 44) {
        return (Want) { 0 };
    }
    uint64_t eats = (w1 >> 28 & 3) == 1 && has_ats(i) && told(10) ? 1ULL << 28 : 0;
    if (!bits) {                        /* no substreams: what is said of them says nothing */
        return (Want) { 5, w0 & 0xfffffffffffcfULL, (w1 & 0xfc) | eats };
    }
    return (Want) { 5, w0 & 0xf80fffffffffffffULL, (w1 & 0xff) | eats };
}

static inline bool same(Want a, Want b)
{
    return a.config == b.config && (a.config != 5 || (a.w0 == b.w0 && a.w1 == b.w1));
}

static inline void check_device(unsigned i)
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
        g_assert_cmphex(t->ste[1] & 0x300000ff, ==, w.w1);
        g_assert_true(failed || !t->fault == !(has_pri(i) && told(16)));
        g_assert_cmphex(vdevice_of(fdev[i].hiod->devid)->virt_id, ==, sid_of(i));
    }
}

static inline void check_all(void)
{
    for (unsigned i = 0; i < NDEV; i++) {
        if (fdev[i].plugged) {
            check_device(i);
        }
    }
}

/* --- Life ---------------------------------------------------------------------------------------- */

static inline void start(void)
{
    fail_at = 0;
    failed = false;
    memset(ram, 0, RAM_SIZE);
    for (unsigned i = 0; i < NDEV; i++) {
        bridge_config[i][PCI_SECONDARY_BUS] = 8 + i;
    }
    reset_device();
}

static inline void end(void)
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

/* One after the other: for a while both have the same. */
static inline void exchange_numbers(unsigned i, unsigned j)
{
    uint8_t number = bridge_config[i][PCI_SECONDARY_BUS];

    bridge_config[i][PCI_SECONDARY_BUS] = bridge_config[j][PCI_SECONDARY_BUS];
    smmu->engine->pci_ops->rid_changed(bus[i], smmu, 0);
    bridge_config[j][PCI_SECONDARY_BUS] = number;
    smmu->engine->pci_ops->rid_changed(bus[j], smmu, 0);
}

/* A group that comes one by one, page requests, another event queue, numbers exchanged. */
static inline void scene_of_the_rest(void)
{
    plug(1, NULL);
    plug(2, NULL);
    set_ste(1, STE_S1(2), 0);
    set_ste(2, STE_S1(2), 0);
    check_all();
    exchange_numbers(0, 1);
    check_all();
    plug(4, NULL);
    set_ste(4, STE_S1(4), 1ULL << 28);
    check_all();
    page_request(4, 17);
    main_thread();
    answer_requests(PRI_RESP_SUCCESS);
    g_assert_cmpuint(n_requests, ==, 0);
    wr(SMMU_CR0, 0xb, 4);
    wr(SMMU_EVENTQ_BASE, EVENTQ | 8, 8);
    wr(SMMU_CR0, 0xf, 4);
    main_thread();
    check_all();
    unplug(1);
    check_all();
    unplug(2);
}

/* What a Linux guest does, from plug to reset. */
static inline void scene(void)
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
    scene_of_the_rest();
    unplug(3);
    reset_device();
    check_all();
}

static inline void make_host(void)
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
        h->caps.smmuv3 = (HostSMMUv3Info) { .idr = { 0x0d0f940f, 16 | SSID_BITS << 6, 0, 1 << 10, 0, 0x74 } };
        h->caps.hw_caps = has_ats(i) ? 0 : IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;
        bus[i] = (PCIBus *)object_new(TYPE_PCIE_BUS);
        bridge[i].config = bridge_config[i];
        bus[i]->parent_dev = &bridge[i];
        bus[i]->devices[0] = &function[i];
        function[i].config = function_config[i];
        function[i].exp.ats_cap = ATS_CAP;
        function[i].exp.pri_cap = has_pri(i) ? PRI_CAP : 0;
        function_config[i][PRI_CAP + PCI_PRI_CTRL] = PCI_PRI_CTRL_ENABLE;
    }
}

static inline int run_tests(void (*add)(void), int argc, char **argv)
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
    add();
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

#endif
