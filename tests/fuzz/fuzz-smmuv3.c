/*
 * libFuzzer: an SMMUv3 whose guest memory is the input. All of memory is tables,
 * queues and descriptors at once; the first bytes say which registers are written
 * and which addresses devices use. Nothing may crash, hang or run past RAM, and
 * a translation never leads beyond the output size.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"
#include "util/main-loop.h"

#define RAM_SIZE 0x10000
#define MAX_STEPS 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static SMMUv3State *smmu;
static uint8_t *ram;
static PCIBus *bus;

static void set_up(void)
{
    static MemoryRegion mr;

    main_loop_init();
    memory_map_init();
    memory_region_init_ram(&mr, NULL, "ram", RAM_SIZE, &error_abort);
    memory_region_add_subregion(get_system_memory(), 0, &mr);
    ram = memory_region_get_ram_ptr(&mr);
    bus = (PCIBus *)object_new(TYPE_PCIE_BUS);
    bus->qbus.name = g_strdup("fuzz");
    smmu = ARM_SMMUV3(object_new(TYPE_ARM_SMMUV3));
    smmu->as = &address_space_memory;
    smmu->primary_bus = bus;
    g_assert_true(smmuv3_emul_realize(smmu, &error_abort));
    /* both stages, 20-bit SubstreamIDs, ATS, RIL, 52 bits and every page size */
    smmu->idr[0] = FIELD_MASK(IDR0, S1P) | FIELD_MASK(IDR0, S2P) | FIELD_MASK(IDR0, ATS) | FIELD_MASK(IDR0, CD2L) | 2 << 2 |
                   FIELD_DP32(0, IDR0, STALL_MODEL, 1) | FIELD_MASK(IDR0, TERM_MODEL) | FIELD_MASK(IDR0, MSI);
    smmu->idr[1] = FIELD_DP32(0, IDR1, SSIDSIZE, 20) | FIELD_DP32(0, IDR1, SIDSIZE, SMMU_SIDSIZE);
    smmu->idr[3] = FIELD_MASK(IDR3, RIL);
    smmu->idr[5] = FIELD_DP32(0x70, IDR5, OAS, 6) | FIELD_DP32(0, IDR5, VAX, 1);
}

static void use(uint64_t iova, uint8_t how)
{
    AddressSpace *as = smmu->engine->pci_ops->get_address_space(bus, smmu, how & 7);
    MemTxAttrs attrs = { .memory = 1, .pid = how >> 3, .pasid = iova, .user = how >> 4, .exec = how >> 5, .address_type = how >> 6 };
    uint64_t word = 0;

    address_space_rw(as, iova, attrs, &word, sizeof(word), how & 1);
}

/* One step of the script: 12 bytes. */
static void step(const uint8_t *p)
{
    uint64_t value = ldq_le_p(p + 4);
    uint32_t reg = ldw_le_p(p + 2) & 0x1fc;

    switch (p[0] & 3) {
    case 0:
    case 1:
        memory_region_dispatch_write(&smmu->iomem, p[0] & 4 ? reg & ~4U : reg + 0x10000 * !!(p[0] & 8), value, p[0] & 4 ? 8 : 4, MEMTXATTRS_UNSPECIFIED);
        break;
    case 2:
        use(value, p[1]);
        break;
    default:
        memory_region_dispatch_read(&smmu->iomem, reg, &value, 4, MEMTXATTRS_UNSPECIFIED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ResettablePhases *phases;

    if (!smmu) {
        set_up();
    }
    if (size < 16) {
        return 0;
    }
    phases = &DEVICE_GET_CLASS(smmu)->phases;
    phases->enter(OBJECT(smmu), RESET_TYPE_COLD);
    phases->exit(OBJECT(smmu), RESET_TYPE_COLD);
    memset(ram, 0, RAM_SIZE);
    memcpy(ram, data, MIN(size, RAM_SIZE));
    memory_region_dispatch_write(&smmu->iomem, SMMU_STRTAB_BASE_CFG, ldl_le_p(data), 4, MEMTXATTRS_UNSPECIFIED);
    memory_region_dispatch_write(&smmu->iomem, SMMU_CMDQ_BASE, data[4] & 15, 8, MEMTXATTRS_UNSPECIFIED);
    memory_region_dispatch_write(&smmu->iomem, SMMU_EVENTQ_BASE, 0x8000 | (data[5] & 7), 8, MEMTXATTRS_UNSPECIFIED);
    memory_region_dispatch_write(&smmu->iomem, SMMU_CR0, 0xd, 4, MEMTXATTRS_UNSPECIFIED);
    for (unsigned i = 0; i < MAX_STEPS && 16 + (i + 1) * 12 <= size; i++) {
        step(data + 16 + i * 12);
    }
    return 0;
}
