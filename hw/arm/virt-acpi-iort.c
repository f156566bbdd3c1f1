/*
 * IORT (Arm DEN0049E, revision 5 of the table): which requester IDs pass which
 * SMMU on their way to the ITS.
 *
 * Node order: ITS group, SMMUv3s by the lowest requester ID they translate,
 * one root complex, one RMR per accelerated SMMU. The root complex maps the
 * bus ranges of the SMMUs to them, and every requester ID between those
 * straight to the ITS group.
 *
 * An accelerated SMMU shares its stage 2 with the host, which keeps a window
 * for MSIs at MSI_WINDOW; the guest must map that one to one, hence the RMR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-acpi.h"

enum { NODE_ITS_GROUP = 0, NODE_ROOT_COMPLEX = 2, NODE_SMMUV3 = 4, NODE_RMR = 6 };
enum { ITS_GROUP_LEN = 24, ROOT_COMPLEX_LEN = 36, SMMUV3_LEN = 68, RMR_LEN = 28, RMR_DESC_LEN = 20, ID_MAP_LEN = 20 };
enum { SMMU_COHACC_OVERRIDE = 1 << 0 };
enum { ACCESS_COHERENT = 1, ACCESS_CPM = 1 << 0, ACCESS_DACS = 1 << 1 };
enum { MAP_SINGLE = 1 << 0 };
enum { IORT_HEADER_LEN = 48, ID_SPACE = 0x10000 };

static const uint64_t msi_window = 0x08000000, msi_window_size = 0x100000;

typedef struct IdMap {
    uint32_t first, count;              /* requester IDs; output is the same number */
    uint32_t smmu;                      /* index in IortBuild.smmus; unused for gaps */
} IdMap;

typedef struct IortSmmu {
    const VirtSMMU *smmu;
    uint32_t first_id;                  /* lowest requester ID, for the order of nodes */
    uint32_t index;                     /* in order of -device, for their identifiers */
    uint32_t offset;                    /* of its node */
} IortSmmu;

typedef struct IortBuild {
    AcpiTables *t;
    const VirtMachineState *vms;
    uint32_t start;                     /* of the table */
    uint32_t next_id, nodes;
    uint32_t its;                       /* offset of the ITS group; 0: none */
    GArray *smmus;                      /* IortSmmu */
    GArray *maps;                       /* IdMap: through an SMMU, by first */
    GArray *gaps;                       /* IdMap: straight to the ITS */
} IortBuild;

static uint32_t here(const IortBuild *b)
{
    return b->t->blob->len - b->start;
}

static void put_node_head(IortBuild *b, uint8_t type, uint16_t len, uint8_t revision, uint32_t id, uint32_t maps, uint32_t maps_at)
{
    acpi_put8(b->t, type);
    acpi_put16(b->t, len);
    acpi_put8(b->t, revision);
    acpi_put32(b->t, id);
    acpi_put32(b->t, maps);
    acpi_put32(b->t, maps_at);
    b->nodes++;
}

static void put_id_map(IortBuild *b, uint32_t first, uint32_t count, uint32_t node, uint32_t flags)
{
    acpi_put32(b->t, first);
    acpi_put32(b->t, count - 1);        /* the table counts from zero */
    acpi_put32(b->t, first);
    acpi_put32(b->t, node);
    acpi_put32(b->t, flags);
}

/* --- What passes which SMMU ------------------------------------------------ */

static IdMap bus_ids(PCIBus *bus)
{
    int first, last;

    pci_bus_range(bus, &first, &last);
    first = pci_bus_num(bus);           /* a bridge that nobody numbered says 0 */
    return (IdMap){ .first = PCI_BUILD_BDF(first, 0), .count = (last - first + 1) << 8 };
}

static void add_map(IortBuild *b, PCIBus *bus)
{
    IdMap m = bus_ids(bus);

    m.smmu = b->smmus->len;
    g_array_append_val(b->maps, m);
}

static void add_translated_root(PCIBus *bus, void *opaque)
{
    if (!bus->bypass_iommu) {
        add_map(opaque, bus);
    }
}

static int compare_maps(const void *a, const void *b)
{
    const IdMap *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int compare_smmus(const void *a, const void *b)
{
    const IortSmmu *x = *(IortSmmu *const *)a, *y = *(IortSmmu *const *)b;
    return x->first_id < y->first_id ? -1 : x->first_id > y->first_id;
}

static void collect_smmus(IortBuild *b, const VirtMachineState *vms)
{
    for (guint i = 0; vms->smmus && i < vms->smmus->len; i++) {
        const VirtSMMU *smmu = &g_array_index(vms->smmus, VirtSMMU, i);
        guint before = b->maps->len;

        if (smmu->bus) {
            add_map(b, smmu->bus);
        } else {
            pci_for_each_root_bus(add_translated_root, b);
        }
        IortSmmu s = { .smmu = smmu, .first_id = UINT32_MAX, .index = i };
        for (guint j = before; j < b->maps->len; j++) {
            s.first_id = MIN(s.first_id, g_array_index(b->maps, IdMap, j).first);
        }
        g_array_append_val(b->smmus, s);
    }
    g_array_sort(b->maps, compare_maps);
}

/* Without an ITS there is nothing to map the rest to. */
static void collect_gaps(IortBuild *b)
{
    uint32_t next = 0;

    for (guint i = 0; i < b->maps->len; i++) {
        const IdMap *m = &g_array_index(b->maps, IdMap, i);

        if (m->first > next) {
            IdMap gap = { .first = next, .count = m->first - next };
            g_array_append_val(b->gaps, gap);
        }
        next = MAX(next, m->first + m->count);
    }
    if (next < ID_SPACE) {
        IdMap gap = { .first = next, .count = ID_SPACE - next };
        g_array_append_val(b->gaps, gap);
    }
}

/* --- Nodes ------------------------------------------------------------------ */

static void put_its_group(IortBuild *b)
{
    b->its = here(b);
    put_node_head(b, NODE_ITS_GROUP, ITS_GROUP_LEN, 1, b->next_id++, 0, 0);
    acpi_put32(b->t, 1);
    acpi_put32(b->t, 0);                /* the ITS's id in MADT */
}

uint32_t virt_acpi_smmu_identifier(const VirtMachineState *vms, uint32_t index)
{
    return (vms->msi_controller == VIRT_MSI_CTRL_ITS) + index;      /* the ITS group is node 0 */
}

/* The machine-wide SMMU has identifier 0 as guests know it, yet takes a number. */
static void put_smmu(IortBuild *b, IortSmmu *s)
{
    uint32_t irq = GIC_INTERNAL + s->smmu->irq, id = virt_acpi_smmu_identifier(b->vms, s->index), maps = b->its ? 1 : 0;

    s->offset = here(b);
    put_node_head(b, NODE_SMMUV3, SMMUV3_LEN + maps * ID_MAP_LEN, 4, s->smmu->bus ? id : 0, maps, maps ? SMMUV3_LEN : 0);
    acpi_put64(b->t, s->smmu->base);
    acpi_put32(b->t, SMMU_COHACC_OVERRIDE);
    acpi_put32(b->t, 0);
    acpi_put64(b->t, 0);                /* VATOS */
    acpi_put32(b->t, 0);                /* generic SMMUv3 */
    acpi_put32(b->t, irq);              /* event */
    acpi_put32(b->t, irq + 1);          /* PRI */
    acpi_put32(b->t, irq + 3);          /* GERROR */
    acpi_put32(b->t, irq + 2);          /* sync */
    acpi_put32(b->t, 0);                /* proximity domain */
    acpi_put32(b->t, 0);                /* mapping of its own MSIs */
    if (maps) {
        put_id_map(b, 0, ID_SPACE, b->its, 0);
    }
}

static void put_smmus(IortBuild *b)
{
    g_autoptr(GPtrArray) order = g_ptr_array_new();

    for (guint i = 0; i < b->smmus->len; i++) {
        g_ptr_array_add(order, &g_array_index(b->smmus, IortSmmu, i));
    }
    g_ptr_array_sort(order, compare_smmus);
    for (guint i = 0; i < order->len; i++) {
        put_smmu(b, g_ptr_array_index(order, i));
    }
    b->next_id += order->len;
}

static bool any_ats(const IortBuild *b)
{
    for (guint i = 0; i < b->smmus->len; i++) {
        if (g_array_index(b->smmus, IortSmmu, i).smmu->ats) {
            return true;
        }
    }
    return false;
}

static void put_root_complex(IortBuild *b)
{
    uint32_t gaps = b->its ? b->gaps->len : 0, maps = b->maps->len + gaps;

    put_node_head(b, NODE_ROOT_COMPLEX, ROOT_COMPLEX_LEN + maps * ID_MAP_LEN, 3, b->next_id++, maps, ROOT_COMPLEX_LEN);
    acpi_put32(b->t, ACCESS_COHERENT);
    acpi_put8(b->t, 0);                 /* allocation hints */
    acpi_put16(b->t, 0);
    acpi_put8(b->t, ACCESS_CPM | ACCESS_DACS);
    acpi_put32(b->t, any_ats(b));
    acpi_put32(b->t, 0);                /* segment */
    acpi_put8(b->t, 64);                /* address bits */
    acpi_put_zeros(b->t, 3);
    for (guint i = 0; i < b->maps->len; i++) {
        const IdMap *m = &g_array_index(b->maps, IdMap, i);
        put_id_map(b, m->first, m->count, g_array_index(b->smmus, IortSmmu, m->smmu).offset, 0);
    }
    for (guint i = 0; i < gaps; i++) {
        const IdMap *m = &g_array_index(b->gaps, IdMap, i);
        put_id_map(b, m->first, m->count, b->its, 0);
    }
}

/* One for each range of an accelerated SMMU: the requester IDs for which the window must be mapped. */
static void put_rmr(IortBuild *b, const IdMap *m, uint32_t smmu_offset)
{
    put_node_head(b, NODE_RMR, RMR_LEN + ID_MAP_LEN + RMR_DESC_LEN, 3, b->next_id++, 1, RMR_LEN);
    acpi_put32(b->t, 0);                /* not to be remapped, not privileged, device-nGnRnE */
    acpi_put32(b->t, 1);
    acpi_put32(b->t, RMR_LEN + ID_MAP_LEN);
    put_id_map(b, m->first, m->count, smmu_offset, MAP_SINGLE);
    acpi_put64(b->t, msi_window);
    acpi_put64(b->t, msi_window_size);
    acpi_put32(b->t, 0);
}

static void put_rmrs(IortBuild *b)
{
    for (guint i = 0; i < b->maps->len; i++) {
        const IdMap *m = &g_array_index(b->maps, IdMap, i);
        const IortSmmu *s = &g_array_index(b->smmus, IortSmmu, m->smmu);

        if (s->smmu->accel) {
            put_rmr(b, m, s->offset);
        }
    }
}

void virt_acpi_build_iort(AcpiTables *t, VirtMachineState *vms)
{
    IortBuild b = {
        .t = t, .vms = vms, .start = acpi_table_begin(t, "IORT", 5),
        .smmus = g_array_new(false, false, sizeof(IortSmmu)),
        .maps = g_array_new(false, false, sizeof(IdMap)), .gaps = g_array_new(false, false, sizeof(IdMap)),
    };

    collect_smmus(&b, vms);
    collect_gaps(&b);
    guint count_at = t->blob->len;
    acpi_put32(t, 0);                   /* nodes: counted below */
    acpi_put32(t, IORT_HEADER_LEN);
    acpi_put32(t, 0);
    if (vms->msi_controller == VIRT_MSI_CTRL_ITS) {
        put_its_group(&b);
    }
    put_smmus(&b);
    put_root_complex(&b);
    put_rmrs(&b);
    stl_le_p(t->blob->data + count_at, b.nodes);
    acpi_table_end(t, b.start);
    acpi_tables_list(t, b.start);
    g_array_unref(b.smmus);
    g_array_unref(b.maps);
    g_array_unref(b.gaps);
}
