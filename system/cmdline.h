/*
 * The command line as a list of items, in the order they were given. Each
 * phase of start-up takes the items it understands.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_CMDLINE_H
#define SYSTEM_CMDLINE_H

#include "util/options.h"

typedef enum OptionId {
    OPT_HELP, OPT_VERSION, OPT_MACHINE, OPT_ACCEL, OPT_ENABLE_KVM, OPT_CPU, OPT_SMP, OPT_MEMORY, OPT_NUMA,
    OPT_MEM_PATH, OPT_MEM_PREALLOC, OPT_OVERCOMMIT,
    OPT_OBJECT, OPT_DEVICE, OPT_GLOBAL, OPT_SET_NAME, OPT_UUID, OPT_RTC, OPT_BOOT,
    OPT_DRIVE, OPT_PFLASH, OPT_BLOCKDEV, OPT_NETDEV, OPT_NIC, OPT_NET, OPT_CHARDEV, OPT_ADD_FD,
    OPT_SERIAL, OPT_PARALLEL, OPT_MONITOR, OPT_QMP, OPT_QMP_PRETTY, OPT_MON,
    OPT_KERNEL, OPT_INITRD, OPT_APPEND, OPT_DTB, OPT_BIOS, OPT_FW_CFG, OPT_ACPITABLE, OPT_SMBIOS,
    OPT_NOGRAPHIC, OPT_DISPLAY, OPT_VGA, OPT_AUDIODEV, OPT_NODEFAULTS, OPT_NO_USER_CONFIG, OPT_READCONFIG,
    OPT_S, OPT_NO_REBOOT, OPT_NO_SHUTDOWN, OPT_ACTION, OPT_WATCHDOG_ACTION,
    OPT_DAEMONIZE, OPT_PIDFILE, OPT_RUN_WITH, OPT_SANDBOX, OPT_MSG, OPT_D, OPT_LOG_ITEMS, OPT_TRACE,
    OPT_QTEST, OPT_QTEST_LOG, OPT_L, OPT__MAX
} OptionId;

typedef enum OptionArg {
    ARG_NONE,       /* takes no argument */
    ARG_TEXT,       /* an argument taken as it is */
    ARG_KEYVAL,     /* key=value,... or JSON: item->opts is filled */
} OptionArg;

typedef struct OptionDef {
    const char *name;           /* without the dash */
    OptionId id;
    OptionArg arg;
    const char *implied_key;    /* of the first word of ARG_KEYVAL */
    const char *usage;          /* what follows the name in -help; NULL: an alias, not listed */
    const char *help;
} OptionDef;

typedef struct OptionItem {
    const OptionDef *def;
    char *arg;                  /* NULL for ARG_NONE */
    json_t *opts;
    bool wants_help;            /* "help" or "?" was among the keys */
} OptionItem;

typedef struct CommandLine {
    GPtrArray *items;           /* OptionItem */
} CommandLine;

CommandLine *cmdline_parse(int argc, char **argv, Error **errp);
void cmdline_free(CommandLine *cl);
void cmdline_print_help(FILE *out);
/* The last item of a kind (it wins), or NULL. */
const OptionItem *cmdline_last(const CommandLine *cl, OptionId id);
static inline bool cmdline_has(const CommandLine *cl, OptionId id) { return cmdline_last(cl, id) != NULL; }
const char *cmdline_text(const CommandLine *cl, OptionId id);      /* its argument, or NULL */
/* Calls @fn for each item of a kind in order, with the item named in messages; stops at the first failure. */
typedef bool OptionItemFn(const OptionItem *item, void *opaque, Error **errp);
bool cmdline_foreach(const CommandLine *cl, OptionId id, OptionItemFn *fn, void *opaque, Error **errp);
/* Puts "-option argument: " before *errp, which is set and not a special value. */
void cmdline_name_option(const OptionItem *item, Error **errp);
/* Adds an item as if it had been given; used by -readconfig. */
bool cmdline_add(CommandLine *cl, const char *option, const char *arg, json_t *opts, Error **errp);
/* system/readconfig.c */
bool cmdline_read_config(CommandLine *cl, const char *path, Error **errp);

/* The table of every option, and the names the peer has that we do not. */
extern const OptionDef option_defs[];
extern const size_t option_defs_count;
extern const char *const option_unsupported[];

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CommandLine, cmdline_free)

#endif
