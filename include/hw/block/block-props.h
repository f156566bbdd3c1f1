/*
 * Properties that disks share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_BLOCK_BLOCK_PROPS_H
#define HW_BLOCK_BLOCK_PROPS_H

#include "block/block.h"
#include "hw/core/qdev-properties.h"

extern const PropertyInfo qdev_prop_block_on_error;

/* rerror=, werror=: an int that holds a BlockOnError. */
#define DEFINE_PROP_BLOCK_ON_ERROR(n, S, f) DEFINE_PROP_ENUM(n, S, f, BLOCK_ON_ERROR_AUTO, qdev_prop_block_on_error, int)

/* For blk_use(). */
#define DEFINE_PROP_SHARE_RW(S, f) DEFINE_PROP_BOOL("share-rw", S, f, false)

#endif
