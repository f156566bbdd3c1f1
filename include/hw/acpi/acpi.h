/*
 * -acpitable: tables that the user brings. acpi_table_add() consumes @opts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_ACPI_H
#define HW_ACPI_ACPI_H

#include <jansson.h>
#include "hw/acpi/tables.h"

/* sig=,rev=,oem_id=,oem_table_id=,oem_rev=,asl_compiler_id=,asl_compiler_rev=,file=|data=F1:F2 */
bool acpi_table_add(json_t *opts, Error **errp);
void acpi_user_tables_append(AcpiTables *t);

#endif
