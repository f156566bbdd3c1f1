/*
 * Properties that disks share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/block/block-props.h"

static const char *const on_error_names[] = {
    [BLOCK_ON_ERROR_AUTO] = "auto", [BLOCK_ON_ERROR_REPORT] = "report", [BLOCK_ON_ERROR_IGNORE] = "ignore",
    [BLOCK_ON_ERROR_STOP] = "stop", [BLOCK_ON_ERROR_ENOSPC] = "enospc", NULL
};

const PropertyInfo qdev_prop_block_on_error = {
    .type = "BlockdevOnError", .description = "What an error leads to: report, ignore, enospc, stop, auto", .enum_names = on_error_names,
    .get = qdev_prop_enum_get, .set = qdev_prop_enum_set, .print_default = qdev_prop_enum_default,
};
