/*
 * The emulated SMMUv3 as a function behind it sees it: PASIDs, ATS requests,
 * translated accesses, device TLB notifiers, the lock-free path. IHI 0070 3.9.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"
#include "util/main-loop.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (4 * MiB)
#define PAGES    (RAM_BASE + 0x200000)
#define CMDQ     (RAM_BASE + 0x300000)
#define EVENTQ   (RAM_BASE + 0x310000)
#define SID      0x08                   /* bus 0, slot 1 */
#define IOVA     0x10000ULL

static SMMUv3State *smmu;
static PCIBus *bus;
static AddressSpace *as;
static uint8_t *ram;
static uint32_t prod;

static void put64(uint64_t addr, uint64_t v) { stq_le_p(ram + (addr - RAM_BASE), v); }
static uint64_t get64(uint64_t addr) { return ldq_le_p(ram + (addr - RAM_BASE)); }
static void wr(uint32_t reg, uint64_t v, unsigned size) { memory_region_dispatch_write(&smmu->iomem, reg, v, size, MEMTXATTRS_UNSPECIFIED); }

static void command(uint64_t w0, uint64_t w1)
{
    put64(CMDQ + (prod & 63) * 16, w0);
    put64(CMDQ + (prod & 63) * 16 + 8, w1);
    prod = (prod + 1) & 127;
    wr(SMMU_CMDQ_PROD, prod, 4);
    g_assert_cmpuint(smmu->cmdq.cons, ==, prod);
}

/* SubstreamID @n has IOVA at page n of PAGES; 4 KiB pages, 39 bits. */
static void make_context(unsigned n, uint64_t pte_bits)
{
    uint64_t cd = RAM_BASE + 0x10000 + n * 64, l1 = RAM_BASE + 0x20000 + n * 0x3000;

    put64(cd, 25 | 1ULL << 30 | 1ULL << 31 | 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | (uint64_t)(n + 1) << 48);
    put64(cd + 8, l1);
    put64(l1, (l1 + 0x1000) | 3);
    put64(l1 + 0x1000, (l1 + 0x2000) | 3);
    put64(l1 + 0x2000 + 16 * 8, (PAGES + n * 0x1000) | 1 << 11 | 1 << 10 | 1 << 6 | 3 | pte_bits);
    put64(PAGES + n * 0x1000, 0x1000 + n);
}

/* Four SubstreamIDs; without one, the context of SubstreamID 0. */
static void start(uint64_t eats)
{
    ResettablePhases *phases = &DEVICE_GET_CLASS(smmu)->phases;

    phases->enter(OBJECT(smmu), RESET_TYPE_COLD);
    phases->exit(OBJECT(smmu), RESET_TYPE_COLD);
    memset(ram, 0, RAM_SIZE);
    prod = 0;
    for (unsigned n = 0; n < 4; n++) {
        make_context(n, 0);
    }
    put64(RAM_BASE + SID * 64, 1 | 5 << 1 | (RAM_BASE + 0x10000) | 2ULL << 59);
    put64(RAM_BASE + SID * 64 + 8, S1DSS_SSID0 | eats << 28);
    wr(SMMU_STRTAB_BASE, RAM_BASE, 8);
    wr(SMMU_STRTAB_BASE_CFG, 8, 4);
    wr(SMMU_CMDQ_BASE, CMDQ | 6, 8);
    wr(SMMU_EVENTQ_BASE, EVENTQ | 6, 8);
    wr(SMMU_CR0, 0x1d, 4);              /* with ATSCHK */
}

static MemTxResult read_as(uint64_t iova, MemTxAttrs attrs, uint64_t *v)
{
    return address_space_read(as, iova, attrs, v, sizeof(*v));
}

static unsigned last_event(void)
{
    return smmu->eventq.prod ? get64(EVENTQ + ((smmu->eventq.prod - 1) & 63) * 32) & 0xff : 0;
}

/* One PASID number is one address space; all of them are this function's own. */
static void test_pasid(void)
{
    uint64_t v;

    start(0);
    for (unsigned round = 0; round < 2; round++) {           /* the second time without a lock */
        for (unsigned n = 1; n < 4; n++) {
            g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = n, .user = 1 }, &v), ==, MEMTX_OK);
            g_assert_cmphex(v, ==, 0x1000 + n);
        }
        g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { 0 }, &v), ==, MEMTX_OK);
        g_assert_cmphex(v, ==, 0x1000);
    }
    g_assert_cmphex(last_event(), ==, 0);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 4 }, &v), !=, MEMTX_OK);
    g_assert_cmphex(last_event(), ==, SMMU_EVT_C_BAD_SUBSTREAMID);
    g_assert_cmphex(get64(EVENTQ), ==, (uint64_t)SID << 32 | 4 << 12 | 1 << 11 | SMMU_EVT_C_BAD_SUBSTREAMID);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 0 }, &v), !=, MEMTX_OK);     /* S1DSS says: that is the one without */
    g_assert_cmphex(last_event(), ==, SMMU_EVT_C_BAD_SUBSTREAMID);
}

/* A translation in use stays until invalidated, whichever way it is found. */
static void test_invalidate(void)
{
    uint64_t v;

    start(0);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 2, .user = 1 }, &v), ==, MEMTX_OK);
    make_context(2, 0x1000);
    put64(PAGES + 0x3000, 0x77);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 2, .user = 1 }, &v), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1002);
    command(CMD_TLBI_NH_VA | 4ULL << 48, IOVA | 1);          /* another ASID */
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 2, .user = 1 }, &v), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1002);
    command(CMD_TLBI_NH_VA | 3ULL << 48, IOVA | 1);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 2, .user = 1 }, &v), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x77);
}

static ssize_t ask(uint64_t addr, size_t length, bool no_write, IOMMUTLBEntry *e, size_t n, uint32_t *errors)
{
    return smmu->engine->pci_ops->ats_request_translation(bus, smmu, SID, 1, true, false, false, addr, length, no_write, e, n, errors);
}

static void test_ats(void)
{
    IOMMUTLBEntry e[4];
    uint32_t errors;
    uint64_t v;

    start(1);
    g_assert_cmpint(ask(IOVA, 0x2000, false, e, 4, &errors), ==, 2);
    g_assert_cmphex(e[0].translated_addr, ==, PAGES + 0x1000);
    g_assert_cmphex(e[0].addr_mask, ==, 0xfff);
    g_assert_cmpint(e[0].perm, ==, IOMMU_RW);
    g_assert_cmpint(e[1].perm, ==, IOMMU_NONE);
    g_assert_cmpuint(errors, ==, 1);
    g_assert_cmphex(last_event(), ==, 0);                    /* answered, not recorded */
    g_assert_cmpint(ask(IOVA, 0x1000, true, e, 4, &errors), ==, 1);
    g_assert_cmpint(e[0].perm, ==, IOMMU_RO);
    g_assert_cmpint(ask(IOVA, 0x10000, false, e, 4, &errors), ==, 4);
    /* what it got it may use */
    g_assert_cmpuint(read_as(PAGES + 0x1000, (MemTxAttrs) { .address_type = 2 }, &v), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1001);

    start(0);                                                /* STE.EATS 0 */
    g_assert_cmpint(ask(IOVA, 0x1000, false, e, 4, &errors), ==, 1);
    g_assert_cmpint(e[0].perm, ==, IOMMU_NONE);
    g_assert_cmphex(last_event(), ==, SMMU_EVT_F_BAD_ATS_TREQ);
    g_assert_cmpuint(read_as(PAGES, (MemTxAttrs) { .address_type = 2 }, &v), !=, MEMTX_OK);
    g_assert_cmphex(last_event(), ==, SMMU_EVT_F_TRANSL_FORBIDDEN);
}

static IOMMUTLBEntry told;
static unsigned times;
static void notified(IOMMUNotifier *n, IOMMUTLBEntry *entry)
{
    g_assert_true(bql_locked());
    told = *entry;
    times++;
}

static void test_notifiers(void)
{
    IOMMUNotifier n = { .notify = notified, .flags = IOMMU_NOTIFIER_DEVIOTLB_UNMAP, .end = UINT64_MAX };
    IOMMUNotifier map = { .notify = notified, .flags = IOMMU_NOTIFIER_MAP, .end = UINT64_MAX };
    Error *err = NULL;

    start(1);
    g_assert_false(memory_region_register_iommu_notifier(as->root, &map, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "accel=on"));
    error_free(err);
    g_assert_true(memory_region_register_iommu_notifier(as->root, &n, &error_abort));
    command(CMD_ATC_INV | 1 << 11 | 3 << 12 | (uint64_t)SID << 32, 0x20000 | 4);
    g_assert_cmpuint(times, ==, 1);
    g_assert_cmphex(told.iova, ==, 0x20000);
    g_assert_cmphex(told.addr_mask, ==, 0xffff);
    g_assert_cmpuint(told.pasid, ==, 3);
    command(CMD_ATC_INV | (uint64_t)0x99 << 32, 0x20000 | 4);   /* not for us */
    command(CMD_TLBI_NH_ALL, 0);                                /* not an ATC's business */
    g_assert_cmpuint(times, ==, 1);
    command(CMD_ATC_INV | (uint64_t)SID << 32, 52);
    g_assert_cmphex(told.addr_mask, ==, UINT64_MAX);
    memory_region_unregister_iommu_notifier(as->root, &n);
    g_assert_cmpint(smmu->listeners, ==, 0);
}

/* Who shadows the address space hears of exactly what a command takes away. */
static void test_unmap_ranges(void)
{
    static const struct { uint64_t w0, w1, first, mask; } rows[] = {
        { CMD_TLBI_NH_VA | 1ULL << 48, IOVA | 1, IOVA, 0xfff },
        { CMD_TLBI_NH_VAA, IOVA, IOVA, 0xfff },
        { CMD_TLBI_NH_VA | 1ULL << 48 | 7 << 12 | 1 << 20, IOVA | 1 << 10, IOVA, 0xffff },
        { CMD_TLBI_NH_VA | 1ULL << 48 | 2 << 12, 0x100000 | 3 << 10, 0x100000, 0x2ffff },
        { CMD_TLBI_NH_ASID | 1ULL << 48, 0, 0, UINT64_MAX },
        { CMD_TLBI_NSNH_ALL, 0, 0, UINT64_MAX },
        { CMD_CFGI_STE | (uint64_t)SID << 32, 0, 0, UINT64_MAX },
    };
    IOMMUNotifier n = { .notify = notified, .flags = IOMMU_NOTIFIER_UNMAP, .end = UINT64_MAX };

    start(0);
    g_assert_true(memory_region_register_iommu_notifier(as->root, &n, &error_abort));
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        times = 0;
        command(rows[i].w0, rows[i].w1);
        g_assert_cmpuint(times, ==, 1);
        g_assert_cmphex(told.iova, ==, rows[i].first);
        g_assert_cmphex(told.addr_mask, ==, rows[i].mask);
    }
    times = 0;
    command(CMD_CFGI_STE | (uint64_t)(SID + 1) << 32, 0);
    command(CMD_ATC_INV | (uint64_t)SID << 32, 52);
    command(CMD_SYNC, 0);
    g_assert_cmpuint(times, ==, 0);
    memory_region_unregister_iommu_notifier(as->root, &n);
}

/* Attributes of the access choose the permission that counts. */
static void test_privilege(void)
{
    uint64_t v;

    start(0);
    put64(RAM_BASE + 0x20000 + 0x3000 + 0x2000 + 16 * 8, (PAGES + 0x1000) | 1 << 10 | 3);         /* SubstreamID 1: privileged only */
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 1 }, &v), ==, MEMTX_OK);
    g_assert_cmpuint(read_as(IOVA, (MemTxAttrs) { .pid = 1, .pasid = 1, .user = 1 }, &v), !=, MEMTX_OK);
    g_assert_cmphex(last_event(), ==, SMMU_EVT_F_PERMISSION);
    g_assert_cmphex(get64(EVENTQ + 8), ==, BIT_ULL(35) | (uint64_t)EVT_CLASS_IN << 40);
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
    bus = (PCIBus *)object_new(TYPE_PCIE_BUS);
    bus->qbus.name = g_strdup("test");
    smmu = ARM_SMMUV3(object_new(TYPE_ARM_SMMUV3));
    smmu->as = &address_space_memory;
    g_assert_true(smmuv3_emul_realize(smmu, &error_abort));
    smmu->idr[0] = FIELD_MASK(IDR0, S1P) | FIELD_MASK(IDR0, ATS) | FIELD_MASK(IDR0, CD2L) | 2 << 2;
    smmu->idr[1] = FIELD_DP32(0, IDR1, SSIDSIZE, 8) | FIELD_DP32(0, IDR1, SIDSIZE, SMMU_SIDSIZE);
    smmu->idr[3] = FIELD_MASK(IDR3, RIL);
    smmu->idr[5] = FIELD_DP32(0x70, IDR5, OAS, 5);
    as = smmu->engine->pci_ops->get_address_space(bus, smmu, SID);
    g_test_add_func("/smmuv3/emul/pasid", test_pasid);
    g_test_add_func("/smmuv3/emul/invalidate", test_invalidate);
    g_test_add_func("/smmuv3/emul/ats", test_ats);
    g_test_add_func("/smmuv3/emul/notifiers", test_notifiers);
    g_test_add_func("/smmuv3/emul/unmap-ranges", test_unmap_ranges);
    g_test_add_func("/smmuv3/emul/privilege", test_privilege);
    r = g_test_run();
    smmuv3_emul_unrealize(smmu);
    object_unref(smmu);
    object_unref(bus);
    memory_region_del_subregion(get_system_memory(), &mr);
    object_unref(&mr);
    return r;
}
