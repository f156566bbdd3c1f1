/*
 * The CPU models of the virt machine: what identifies each, and its caches,
 * as the release in QEMU_VERSION shows them (not all ways agree with the
 * manuals). Only "host" and "max" can run (KVM
 * shows the guest the host's CPU); the rest give a machine its tables.
 *
 * CCSIDR_EL1 format: Arm ARM, "CCSIDR_EL1, without FEAT_CCIDX".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internals.h"

#define LOG2_LINE(line) ((line) == 64 ? 2 : (line) == 256 ? 4 : 0)
#define CACHE(kib, ways, line) \
    ((((kib) * 1024u / ((ways) * (line)) - 1) << 13) | (((ways) - 1) << 3) | LOG2_LINE(line))
#define MiB_(n) ((n) * 1024u)

/* Level of coherence and unification 1 or 2; separate L1, unified L2 */
#define CLIDR_L2 0x0a200023

const ARMCPUModel arm_cpu_models[] = {
    { .name = "cortex-a35", .dtb_compatible = "arm,cortex-a35", .midr = 0x411fd040, .clidr = CLIDR_L2, .ctr = 0x84448004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(32, 4, 64) }, { CACHE(512, 16, 64) } },
      .id_aa64mmfr0 = 0x00101122, .has_pmu = true },
    { .name = "cortex-a53", .dtb_compatible = "arm,cortex-a53", .midr = 0x410fd034, .clidr = CLIDR_L2, .ctr = 0x84448004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(32, 1, 64) }, { CACHE(MiB_(1), 16, 64) } },
      .id_aa64mmfr0 = 0x00001122, .has_pmu = true },
    { .name = "cortex-a55", .dtb_compatible = "arm,cortex-a55", .midr = 0x412fd050, .clidr = 0x82000023, .ctr = 0x84448004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(32, 4, 64) }, { CACHE(512, 16, 64) } },
      .id_aa64mmfr0 = 0x00101122, .has_pmu = true },
    { .name = "cortex-a57", .dtb_compatible = "arm,cortex-a57", .midr = 0x411fd070, .clidr = CLIDR_L2, .ctr = 0x8444c004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(48, 3, 64) }, { CACHE(MiB_(2), 16, 64) } },
      .id_aa64mmfr0 = 0x00001124, .has_pmu = true },
    { .name = "cortex-a72", .dtb_compatible = "arm,cortex-a72", .midr = 0x410fd083, .clidr = CLIDR_L2, .ctr = 0x8444c004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(48, 3, 64) }, { CACHE(MiB_(1), 16, 64) } },
      .id_aa64mmfr0 = 0x00001124, .has_pmu = true },
    { .name = "cortex-a76", .dtb_compatible = "arm,cortex-a76", .midr = 0x414fd0b1, .clidr = 0x82000023, .ctr = 0x8444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(512, 8, 64) } },
      .id_aa64mmfr0 = 0x00101122, .has_pmu = true },
    { .name = "cortex-a710", .dtb_compatible = "arm,cortex-a710", .midr = 0x412fd471, .clidr = 0x82000023, .ctr = 0x9444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(512, 8, 64) } },
      .id_aa64mmfr0 = 0x00101122, .has_pmu = true },
    { .name = "cortex-a78ae", .dtb_compatible = "arm,cortex-a78ae", .midr = 0x410fd423, .clidr = 0x82000023, .ctr = 0x9444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(512, 8, 64) } },
      .id_aa64mmfr0 = 0x10101125, .has_pmu = true },
    { .name = "neoverse-n1", .dtb_compatible = "arm,neoverse-n1", .midr = 0x414fd0c1, .clidr = 0x82000023, .ctr = 0x8444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(MiB_(1), 8, 64) } },
      .id_aa64mmfr0 = 0x00101125, .has_pmu = true },
    { .name = "neoverse-n2", .dtb_compatible = "arm,neoverse-n2", .midr = 0x410fd493, .clidr = 0x82000023, .ctr = 0x9444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(512, 8, 64) } },
      .id_aa64mmfr0 = 0x00101125, .has_pmu = true },
    { .name = "neoverse-v1", .dtb_compatible = "arm,neoverse-v1", .midr = 0x411fd402, .clidr = 0x82000023, .ctr = 0x9444c004,
      .ccsidr = { { CACHE(64, 4, 64), CACHE(64, 4, 64) }, { CACHE(MiB_(1), 8, 64) } },
      .id_aa64mmfr0 = 0x00101125, .has_pmu = true },
    { .name = "a64fx", .dtb_compatible = "arm,a64fx", .midr = 0x461f0010, .clidr = 0x80000023, .ctr = 0x86668006,
      .ccsidr = { { CACHE(64, 4, 256), CACHE(64, 4, 256) }, { CACHE(MiB_(8), 16, 256) } },
      .id_aa64mmfr0 = 0x00001122, .has_pmu = true },
    { .name = "max", .dtb_compatible = "arm,cortex-a57", .midr = 0x000f0510, .clidr = CLIDR_L2, .ctr = 0x8444c004,
      .ccsidr = { { CACHE(32, 4, 64), CACHE(48, 3, 64) }, { CACHE(MiB_(2), 16, 64) } },
      .id_aa64mmfr0 = 0x00001126, .has_pmu = true, .host = true },
    { .name = "host", .dtb_compatible = "arm,armv8", .host = true },
    { .name = NULL }
};

const ARMCPUModel *arm_cpu_model_find(const char *name)
{
    for (const ARMCPUModel *m = arm_cpu_models; m->name; m++) {
        if (!strcmp(m->name, name)) {
            return m;
        }
    }
    return NULL;
}
