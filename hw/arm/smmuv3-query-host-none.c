/*
 * A build that cannot give host devices to a vSMMU has nothing to ask the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/error.h"
#include "qapi-commands.h"

json_t *qmp_query_smmu_host(const json_t *args, Error **errp)
{
    error_setg(errp, "This build has no accel=on for host devices (CONFIG_ARM_SMMUV3_ACCEL, CONFIG_VFIO_PCI)");
    return NULL;
}
