/*
 * The device tree of the `virt` machine: one rendering of its description.
 * Nodes and properties are those of the Devicetree Specification 0.4 and of
 * the bindings each `compatible` names.
 *
 * The tree is written in one pass, so phandles are numbered beforehand, and
 * a node's children come after its properties.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/random.h>
#include "target/arm/cpu.h"
#include "virt-fdt.h"

#define DEFAULT_PHANDLE_START   0x8000
#define CLOCK_HZ                24000000
#define KEY_POWER               116
enum { GIC_SPI = 0, GIC_PPI = 1, IRQ_EDGE = 1, IRQ_LEVEL_HIGH = 4 };

VirtChosen virt_chosen;

/* --- writing -------------------------------------------------------------------- */

void fdt_check(FdtWriter *w, int result)
{
    if (result < 0 && !w->err) {
        w->err = result;
    }
}

void fdt_node(FdtWriter *w, const char *fmt, ...)
{
    va_list ap;
    g_autofree char *name = NULL;

    va_start(ap, fmt);
    name = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fdt_check(w, fdt_begin_node(w->fdt, name));
}

void fdt_end(FdtWriter *w)
{
    fdt_check(w, fdt_end_node(w->fdt));
}

void fdt_data(FdtWriter *w, const char *name, const void *data, size_t len)
{
    fdt_check(w, fdt_property(w->fdt, name, data, len));
}

void fdt_flag(FdtWriter *w, const char *name)
{
    fdt_data(w, name, NULL, 0);
}

void fdt_text(FdtWriter *w, const char *name, const char *value)
{
    fdt_data(w, name, value, strlen(value) + 1);
}

void fdt_cells_n(FdtWriter *w, const char *name, const uint32_t *cells, size_t n)
{
    g_autofree uint32_t *be = g_new(uint32_t, n);

    for (size_t i = 0; i < n; i++) {
        be[i] = htobe32(cells[i]);
    }
    fdt_data(w, name, be, n * sizeof(*be));
}

/* A property of several strings, given with \0 between them. */
#define fdt_texts(w, name, literal) fdt_data(w, name, literal, sizeof(literal))
#define HI(v) ((uint32_t)((uint64_t)(v) >> 32))
#define LO(v) ((uint32_t)(v))
#define REG(e) HI((e).base), LO((e).base), HI((e).size), LO((e).size)

/* "name@base" with its reg */
static void region_node(FdtWriter *w, const char *name, MemMapEntry where)
{
    fdt_node(w, "%s@%" PRIx64, name, where.base);
    fdt_cells(w, "reg", REG(where));
}

/* --- the root and what describes no device ----------------------------------------- */

static void add_root_properties(FdtWriter *w, VirtMachineState *vms)
{
    const char *compatible = vms->parent_obj.dt_compatible ? vms->parent_obj.dt_compatible : "linux,dummy-virt";

    fdt_text(w, "compatible", compatible);
    fdt_text(w, "model", compatible);
    fdt_cells(w, "#address-cells", 2);
    fdt_cells(w, "#size-cells", 2);
    fdt_cells(w, "interrupt-parent", vms->phandles.gic);
    fdt_flag(w, "dma-coherent");
}

static void add_chosen(FdtWriter *w, VirtMachineState *vms)
{
    const uint8_t zero[32] = { 0 };
    const VirtChosen *c = &virt_chosen;

    fdt_node(w, "chosen");
    if (vms->dtb_randomness) {
        fdt_data(w, "kaslr-seed", zero, 8);
        fdt_data(w, "rng-seed", zero, 32);
    }
    fdt_text(w, "stdout-path", "/pl011@9000000");
    if (c->bootargs) {
        fdt_text(w, "bootargs", c->bootargs);
    }
    if (c->initrd_size) {
        fdt_cells(w, "linux,initrd-start", HI(c->initrd_start), LO(c->initrd_start));
        fdt_cells(w, "linux,initrd-end", HI(c->initrd_start + c->initrd_size), LO(c->initrd_start + c->initrd_size));
    }
    fdt_end(w);
}

static void add_aliases(FdtWriter *w, VirtMachineState *vms)
{
    fdt_node(w, "aliases");
    fdt_text(w, "serial0", "/pl011@9000000");
    if (vms->two_uarts) {
        fdt_text(w, "serial1", "/pl011@9040000");
    }
    fdt_end(w);
}

static void add_memory_node(FdtWriter *w, MemMapEntry where, int node)
{
    region_node(w, "memory", where);
    fdt_text(w, "device_type", "memory");
    if (node >= 0) {
        fdt_cells(w, "numa-node-id", node);
    }
    fdt_end(w);
}

static void add_memory(FdtWriter *w, VirtMachineState *vms)
{
    MachineState *ms = &vms->parent_obj;
    hwaddr base = vms->memmap[VIRT_MEM].base;

    if (!ms->num_numa) {
        add_memory_node(w, vms->memmap[VIRT_MEM], -1);
        return;
    }
    for (int n = 0; n < MAX_NUMA_NODES; n++) {
        if (ms->numa[n].present && ms->numa[n].size) {
            add_memory_node(w, (MemMapEntry) { base, ms->numa[n].size }, n);
            base += ms->numa[n].size;
        }
    }
}

/* Only when the user gave distances: a guest has defaults of its own. */
static void add_distances(FdtWriter *w, VirtMachineState *vms)
{
    MachineState *ms = &vms->parent_obj;
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));

    for (uint32_t i = 0; ms->numa && i < MAX_NUMA_NODES; i++) {
        for (uint32_t j = 0; j < MAX_NUMA_NODES; j++) {
            if (ms->numa[i].present && ms->numa[j].present) {
                uint32_t row[] = { i, j, ms->numa[i].distance[j] };
                g_array_append_vals(cells, row, 3);
            }
        }
    }
    if (ms->have_numa_distance) {
        fdt_node(w, "distance-map");
        fdt_text(w, "compatible", "numa-distance-map-v1");
        fdt_cells_n(w, "distance-matrix", (uint32_t *)(void *)cells->data, cells->len);
        fdt_end(w);
    }
}

static void add_clock(FdtWriter *w, VirtMachineState *vms)
{
    fdt_node(w, "apb-pclk");
    fdt_text(w, "compatible", "fixed-clock");
    fdt_cells(w, "#clock-cells", 0);
    fdt_cells(w, "clock-frequency", CLOCK_HZ);
    fdt_text(w, "clock-output-names", "clk24mhz");
    fdt_cells(w, "phandle", vms->phandles.clock);
    fdt_end(w);
}

/* --- CPUs: their nodes are in virt-fdt-cpus.c; here what goes with all of them -------- */

/* Function numbers: before 0.2 each firmware chose its own. */
static void add_psci(FdtWriter *w, uint32_t version)
{
    bool standard = version >= 2;

    fdt_node(w, "psci");
    if (version >= 0x10000) {
        fdt_texts(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
    } else if (standard) {
        fdt_texts(w, "compatible", "arm,psci-0.2\0arm,psci");
    } else {
        fdt_text(w, "compatible", "arm,psci");
    }
    fdt_text(w, "method", "hvc");
    fdt_cells(w, "cpu_suspend", standard ? 0xc4000001 : 0x95c1ba5e);
    fdt_cells(w, "cpu_off", standard ? 0x84000002 : 0x95c1ba5f);
    fdt_cells(w, "cpu_on", standard ? 0xc4000003 : 0x95c1ba60);
    fdt_cells(w, "migrate", standard ? 0xc4000005 : 0x95c1ba61);
    fdt_end(w);
}

/* GICv2 names in a PPI's flags the CPUs it goes to. */
static uint32_t ppi_flags(const VirtMachineState *vms)
{
    unsigned cpus = MIN(vms->parent_obj.smp.cpus, 8);
    return IRQ_LEVEL_HIGH | (vms->gic_version == 2 ? ((1U << cpus) - 1) << 8 : 0);
}

static void add_timer(FdtWriter *w, VirtMachineState *vms)
{
    uint32_t flags = ppi_flags(vms);

    fdt_node(w, "timer");
    fdt_texts(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
    fdt_flag(w, "always-on");
    fdt_cells(w, "interrupts",
              GIC_PPI, INTID_TO_PPI(ARCH_TIMER_S_EL1_IRQ), flags, GIC_PPI, INTID_TO_PPI(ARCH_TIMER_NS_EL1_IRQ), flags,
              GIC_PPI, INTID_TO_PPI(ARCH_TIMER_VIRT_IRQ), flags, GIC_PPI, INTID_TO_PPI(ARCH_TIMER_NS_EL2_IRQ), flags);
    fdt_end(w);
}

static void add_pmu(FdtWriter *w, VirtMachineState *vms)
{
    if (!vms->has_pmu) {
        return;
    }
    fdt_node(w, "pmu");
    fdt_text(w, "compatible", "arm,armv8-pmuv3");
    fdt_cells(w, "interrupts", GIC_PPI, INTID_TO_PPI(VIRTUAL_PMU_IRQ), ppi_flags(vms));
    fdt_end(w);
}

/* --- interrupt controllers -------------------------------------------------------------- */

static void add_msi_frame(FdtWriter *w, VirtMachineState *vms)
{
    if (vms->msi_controller == VIRT_MSI_CTRL_ITS) {
        region_node(w, "its", vms->memmap[VIRT_GIC_ITS]);
        fdt_text(w, "compatible", "arm,gic-v3-its");
        fdt_cells(w, "#msi-cells", 1);
    } else if (vms->msi_controller == VIRT_MSI_CTRL_GICV2M) {
        region_node(w, "v2m", vms->memmap[VIRT_GIC_V2M]);
        fdt_text(w, "compatible", "arm,gic-v2m-frame");
    } else {
        return;
    }
    fdt_flag(w, "msi-controller");
    fdt_cells(w, "phandle", vms->phandles.msi);
    fdt_end(w);
}

static void add_gicv3_properties(FdtWriter *w, VirtMachineState *vms)
{
    MemMapEntry dist = vms->memmap[VIRT_GIC_DIST], redist = vms->memmap[VIRT_GIC_REDIST], more = vms->memmap[VIRT_HIGH_GIC_REDIST2];
    bool two = vms->parent_obj.smp.cpus > virt_redist_capacity(vms, VIRT_GIC_REDIST);

    fdt_text(w, "compatible", "arm,gic-v3");
    fdt_cells(w, "#redistributor-regions", two ? 2 : 1);
    if (two) {
        fdt_cells(w, "reg", REG(dist), REG(redist), REG(more));
    } else {
        fdt_cells(w, "reg", REG(dist), REG(redist));
    }
}

static void add_gic(FdtWriter *w, VirtMachineState *vms)
{
    fdt_node(w, "intc@%" PRIx64, vms->memmap[VIRT_GIC_DIST].base);
    if (vms->gic_version == 3) {
        add_gicv3_properties(w, vms);
    } else {
        fdt_text(w, "compatible", "arm,cortex-a15-gic");
        fdt_cells(w, "reg", REG(vms->memmap[VIRT_GIC_DIST]), REG(vms->memmap[VIRT_GIC_CPU]));
    }
    fdt_flag(w, "interrupt-controller");
    fdt_cells(w, "#interrupt-cells", 3);
    fdt_cells(w, "#address-cells", 2);
    fdt_cells(w, "#size-cells", 2);
    fdt_flag(w, "ranges");
    fdt_cells(w, "phandle", vms->phandles.gic);
    add_msi_frame(w, vms);
    fdt_end(w);
}

/* --- devices ------------------------------------------------------------------------------- */

static void add_uart(FdtWriter *w, VirtMachineState *vms, VirtRegion region)
{
    region_node(w, "pl011", vms->memmap[region]);
    fdt_texts(w, "compatible", "arm,pl011\0arm,primecell");
    fdt_cells(w, "interrupts", GIC_SPI, vms->irqmap[region], IRQ_LEVEL_HIGH);
    fdt_cells(w, "clocks", vms->phandles.clock, vms->phandles.clock);
    fdt_texts(w, "clock-names", "uartclk\0apb_pclk");
    fdt_end(w);
}

static void add_rtc(FdtWriter *w, VirtMachineState *vms)
{
    region_node(w, "pl031", vms->memmap[VIRT_RTC]);
    fdt_texts(w, "compatible", "arm,pl031\0arm,primecell");
    fdt_cells(w, "interrupts", GIC_SPI, vms->irqmap[VIRT_RTC], IRQ_LEVEL_HIGH);
    fdt_cells(w, "clocks", vms->phandles.clock);
    fdt_text(w, "clock-names", "apb_pclk");
    fdt_end(w);
}

static void add_gpio(FdtWriter *w, VirtMachineState *vms)
{
    if (!vms->gpio) {
        return;
    }
    region_node(w, "pl061", vms->memmap[VIRT_GPIO]);
    fdt_texts(w, "compatible", "arm,pl061\0arm,primecell");
    fdt_cells(w, "#gpio-cells", 2);
    fdt_flag(w, "gpio-controller");
    fdt_cells(w, "interrupts", GIC_SPI, vms->irqmap[VIRT_GPIO], IRQ_LEVEL_HIGH);
    fdt_cells(w, "clocks", vms->phandles.clock);
    fdt_text(w, "clock-names", "apb_pclk");
    fdt_cells(w, "phandle", vms->phandles.gpio);
    fdt_end(w);

    fdt_node(w, "gpio-keys");
    fdt_text(w, "compatible", "gpio-keys");
    fdt_node(w, "poweroff");
    fdt_text(w, "label", "GPIO Key Poweroff");
    fdt_cells(w, "linux,code", KEY_POWER);
    fdt_cells(w, "gpios", vms->phandles.gpio, 3, 0);
    fdt_end(w);
    fdt_end(w);
}

static void add_flash(FdtWriter *w, VirtMachineState *vms)
{
    MemMapEntry both = vms->memmap[VIRT_FLASH];
    MemMapEntry bank[2] = { { both.base, both.size / 2 }, { both.base + both.size / 2, both.size / 2 } };

    fdt_node(w, "flash@%" PRIx64, both.base);
    fdt_text(w, "compatible", "cfi-flash");
    fdt_cells(w, "reg", REG(bank[0]), REG(bank[1]));
    fdt_cells(w, "bank-width", 4);
    fdt_end(w);
}

static void add_fw_cfg(FdtWriter *w, VirtMachineState *vms)
{
    region_node(w, "fw-cfg", vms->memmap[VIRT_FW_CFG]);
    fdt_text(w, "compatible", "qemu,fw-cfg-mmio");
    fdt_flag(w, "dma-coherent");
    fdt_end(w);
}

static void add_virtio(FdtWriter *w, VirtMachineState *vms)
{
    MemMapEntry where = vms->memmap[VIRT_MMIO];

    for (int i = 0; i < vms->virtio_transports; i++, where.base += where.size) {
        region_node(w, "virtio_mmio", where);
        fdt_text(w, "compatible", "virtio,mmio");
        fdt_cells(w, "interrupts", GIC_SPI, vms->irqmap[VIRT_MMIO] + i, IRQ_EDGE);
        fdt_flag(w, "dma-coherent");
        fdt_end(w);
    }
}

static void add_platform_bus(FdtWriter *w, VirtMachineState *vms)
{
    MemMapEntry bus = vms->memmap[VIRT_PLATFORM_BUS];

    fdt_node(w, "platform-bus@%" PRIx64, bus.base);
    fdt_texts(w, "compatible", "qemu,platform\0simple-bus");
    fdt_cells(w, "#address-cells", 1);
    fdt_cells(w, "#size-cells", 1);
    fdt_cells(w, "ranges", 0, HI(bus.base), LO(bus.base), bus.size);
    fdt_cells(w, "interrupt-parent", vms->phandles.gic);
    fdt_end(w);
}

/* --- PCI and what stands in front of it -------------------------------------------------------- */

static const VirtSMMU *main_bus_smmu(const VirtMachineState *vms)
{
    for (guint i = 0; i < vms->smmus->len; i++) {
        const VirtSMMU *s = &g_array_index(vms->smmus, VirtSMMU, i);
        if (!s->bus || s->bus == vms->bus) {
            return s;
        }
    }
    return NULL;
}

/* The tree shows one host bridge, so only its SMMU; others are ACPI's to tell. */
static void add_smmu(FdtWriter *w, VirtMachineState *vms)
{
    const VirtSMMU *s = main_bus_smmu(vms);

    if (!s) {
        return;
    }
    region_node(w, "smmuv3", (MemMapEntry) { s->base, vms->memmap[VIRT_SMMU].size });
    fdt_text(w, "compatible", "arm,smmu-v3");
    fdt_cells(w, "interrupts", GIC_SPI, s->irq, IRQ_EDGE, GIC_SPI, s->irq + 1, IRQ_EDGE,
              GIC_SPI, s->irq + 2, IRQ_EDGE, GIC_SPI, s->irq + 3, IRQ_EDGE);
    fdt_texts(w, "interrupt-names", "eventq\0priq\0cmdq-sync\0gerror");
    fdt_flag(w, "dma-coherent");
    fdt_cells(w, "#iommu-cells", 1);
    fdt_cells(w, "phandle", vms->phandles.iommu);
    fdt_end(w);
}

/* INTA..INTD of slots 0..3 turn round the four lines; other slots repeat them. */
static void add_interrupt_map(FdtWriter *w, VirtMachineState *vms)
{
    enum { ROW = 10 };
    uint32_t map[PCI_NUM_PINS * PCI_NUM_PINS * ROW], *row = map;

    for (uint32_t slot = 0; slot < PCI_NUM_PINS; slot++) {
        for (uint32_t pin = 0; pin < PCI_NUM_PINS; pin++, row += ROW) {
            uint32_t line = vms->irqmap[VIRT_PCIE] + (slot + pin) % PCI_NUM_PINS;
            const uint32_t cells[ROW] = { PCI_DEVFN(slot, 0) << 8, 0, 0, pin + 1, vms->phandles.gic, 0, 0, GIC_SPI, line, IRQ_LEVEL_HIGH };
            memcpy(row, cells, sizeof(cells));
        }
    }
    fdt_cells_n(w, "interrupt-map", map, ARRAY_SIZE(map));
    fdt_cells(w, "interrupt-map-mask", PCI_DEVFN(3, 0) << 8, 0, 0, 7);
}

static void add_pci_ranges(FdtWriter *w, VirtMachineState *vms)
{
    enum { IO = 0x01000000, MEM32 = 0x02000000, MEM64 = 0x03000000 };
    MemMapEntry pio = vms->memmap[VIRT_PCIE_PIO], low = vms->memmap[VIRT_PCIE_MMIO], high = vms->memmap[VIRT_HIGH_PCIE_MMIO];
    const uint32_t ranges[] = {
        IO, 0, 0, REG(pio),
        MEM32, HI(low.base), LO(low.base), REG(low),
        MEM64, HI(high.base), LO(high.base), REG(high),
    };

    fdt_cells_n(w, "ranges", ranges, vms->highmem_mmio ? 21 : 14);
}

static void add_pcie(FdtWriter *w, VirtMachineState *vms)
{
    MemMapEntry ecam = { virt_ecam_base(vms), virt_ecam_size(vms) };

    fdt_node(w, "pcie@%" PRIx64, vms->memmap[VIRT_PCIE_MMIO].base);
    fdt_text(w, "compatible", "pci-host-ecam-generic");
    fdt_text(w, "device_type", "pci");
    fdt_cells(w, "#address-cells", 3);
    fdt_cells(w, "#size-cells", 2);
    fdt_cells(w, "#interrupt-cells", 1);
    fdt_cells(w, "linux,pci-domain", 0);
    fdt_cells(w, "bus-range", 0, ecam.size / MiB - 1);
    fdt_flag(w, "dma-coherent");
    fdt_cells(w, "reg", REG(ecam));
    if (vms->msi_controller != VIRT_MSI_CTRL_NONE) {
        fdt_cells(w, "msi-map", 0, vms->phandles.msi, 0, 0x10000);
    }
    if (main_bus_smmu(vms) && !(vms->default_bus_bypass_iommu && !main_bus_smmu(vms)->bus)) {
        fdt_cells(w, "iommu-map", 0, vms->phandles.iommu, 0, 0x10000);
    }
    add_pci_ranges(w, vms);
    add_interrupt_map(w, vms);
    fdt_end(w);
}

/* --- all of it --------------------------------------------------------------------------------- */

/* In the order in which guests know them: the tree's numbers are then those of other releases, too. */
static void number_phandles(VirtMachineState *vms)
{
    MachineState *ms = &vms->parent_obj;
    uint32_t next = ms->phandle_start ? ms->phandle_start : DEFAULT_PHANDLE_START;
    const VirtSMMU *smmu = main_bus_smmu(vms);

    vms->phandles.clock = next++;
    next = virt_fdt_number_cpus(vms, next);
    vms->phandles.gic = next++;
    vms->phandles.msi = vms->msi_controller == VIRT_MSI_CTRL_NONE ? 0 : next++;
    vms->phandles.iommu = smmu && !smmu->bus ? next++ : 0;      /* the machine's own */
    vms->phandles.gpio = vms->gpio ? next++ : 0;
    if (smmu && smmu->bus) {
        vms->phandles.iommu = next;     /* -device arm-smmuv3 */
    }
}

static void add_everything(FdtWriter *w, VirtMachineState *vms)
{
    fdt_node(w, "%s", "");
    add_root_properties(w, vms);
    add_chosen(w, vms);
    add_aliases(w, vms);
    add_memory(w, vms);
    add_distances(w, vms);
    add_clock(w, vms);
    virt_fdt_add_cpus(w, vms);
    add_psci(w, ARM_CPU(qemu_get_cpu(0))->psci_version);
    add_timer(w, vms);
    add_pmu(w, vms);
    add_gic(w, vms);
    add_flash(w, vms);
    add_uart(w, vms, VIRT_UART0);
    if (vms->two_uarts) {
        add_uart(w, vms, VIRT_UART1);
    }
    add_rtc(w, vms);
    add_gpio(w, vms);
    add_fw_cfg(w, vms);
    add_virtio(w, vms);
    add_platform_bus(w, vms);
    add_smmu(w, vms);
    add_pcie(w, vms);
    fdt_end(w);
}

bool virt_fdt_create(VirtMachineState *vms, Error **errp)
{
    size_t room = 64 * KiB + vms->parent_obj.smp.cpus * KiB;
    FdtWriter w = { .fdt = g_malloc(room) };

    number_phandles(vms);
    fdt_check(&w, fdt_create(w.fdt, room));
    fdt_check(&w, fdt_finish_reservemap(w.fdt));
    add_everything(&w, vms);
    fdt_check(&w, fdt_finish(w.fdt));
    if (w.err) {
        error_setg(errp, "cannot write the device tree: %s", fdt_strerror(w.err));
        g_free(w.fdt);
        return false;
    }
    g_free(vms->fdt);
    vms->fdt = w.fdt;
    vms->fdt_size = fdt_totalsize(w.fdt);
    virt_fdt_reseed(vms);
    return true;
}

/* Every boot gets its own numbers. */
void virt_fdt_reseed(VirtMachineState *vms)
{
    static const char *const seeds[] = { "kaslr-seed", "rng-seed" };
    int chosen = fdt_path_offset(vms->fdt, "/chosen");

    if (vms->parent_obj.dtb) {
        return;                         /* the user's own numbers */
    }
    for (size_t i = 0; chosen >= 0 && vms->dtb_randomness && i < ARRAY_SIZE(seeds); i++) {
        int len;
        void *seed = fdt_getprop_w(vms->fdt, chosen, seeds[i], &len);

        if (seed && getrandom(seed, len, 0) != len) {
            memset(seed, 0, len);       /* a guest takes all zeroes for "none" */
        }
    }
}

bool virt_fdt_dump(VirtMachineState *vms, const char *path, Error **errp)
{
    /* Not g_file_set_contents(): what is there may be a pipe or a device. */
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(vms->fdt, vms->fdt_size, 1, f) == 1;

    if (f && fclose(f)) {
        ok = false;
    }
    if (!ok) {
        error_setg_errno(errp, errno, "-machine dumpdtb=%s", path);
    }
    return ok;
}
