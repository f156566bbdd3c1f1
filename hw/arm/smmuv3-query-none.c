/*
 * A build without SMMUv3: there are none to be seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/error.h"
#include "qapi-commands.h"

json_t *qmp_query_smmu(const json_t *args, Error **errp)
{
    return json_array();
}

json_t *qmp_query_smmu_tables(const json_t *args, Error **errp)
{
    return qmp_query_smmu_translation(args, errp);
}

json_t *qmp_query_smmu_translation(const json_t *args, Error **errp)
{
    error_setg(errp, "This build has no SMMU (CONFIG_ARM_SMMUV3)");
    return NULL;
}
