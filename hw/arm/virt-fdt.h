/*
 * Writing the device tree front to back, with libfdt's sequential functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_VIRT_FDT_H
#define HW_ARM_VIRT_FDT_H

#include <libfdt.h>
#include "virt-internal.h"

/* The first error sticks; whoever finishes the tree looks at it. */
typedef struct FdtWriter { void *fdt; int err; } FdtWriter;

void fdt_check(FdtWriter *w, int result);
void fdt_node(FdtWriter *w, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void fdt_end(FdtWriter *w);
void fdt_data(FdtWriter *w, const char *name, const void *data, size_t len);
void fdt_flag(FdtWriter *w, const char *name);
void fdt_text(FdtWriter *w, const char *name, const char *value);
void fdt_cells_n(FdtWriter *w, const char *name, const uint32_t *cells, size_t n);
#define fdt_cells(w, name, ...) \
    fdt_cells_n((w), (name), (const uint32_t[]) { __VA_ARGS__ }, ARRAY_SIZE(((const uint32_t[]) { __VA_ARGS__ })))

/* virt-fdt-cpus.c */
void virt_fdt_add_cpus(FdtWriter *w, VirtMachineState *vms);
uint32_t virt_fdt_number_cpus(VirtMachineState *vms, uint32_t next);

#endif
