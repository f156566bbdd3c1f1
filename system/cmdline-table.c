/*
 * Every option: its name, how its argument is read, and what -help says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cmdline.h"

#define FLAG(name, id, help)                     { name, id, ARG_NONE, NULL, "", help }
#define TEXT(name, id, usage, help)              { name, id, ARG_TEXT, NULL, usage, help }
#define KEYVAL(name, id, implied, usage, help)   { name, id, ARG_KEYVAL, implied, usage, help }
#define ALIAS(name, id, arg, implied)            { name, id, arg, implied, NULL, NULL }

const OptionDef option_defs[] = {
    FLAG("help", OPT_HELP, "this text"),
    ALIAS("h", OPT_HELP, ARG_NONE, NULL),
    FLAG("version", OPT_VERSION, "print the version"),

    KEYVAL("machine", OPT_MACHINE, "type", "[type=]NAME[,prop=value...]", "the machine; -machine help lists them, -machine virt,help their properties"),
    ALIAS("M", OPT_MACHINE, ARG_KEYVAL, "type"),
    KEYVAL("accel", OPT_ACCEL, "accel", "kvm|qtest[,prop=value...]", "how vCPUs run"),
    FLAG("enable-kvm", OPT_ENABLE_KVM, "same as -accel kvm"),
    TEXT("cpu", OPT_CPU, "MODEL[,prop=value...]", "the vCPU model; -cpu help lists them"),
    KEYVAL("smp", OPT_SMP, "cpus", "[cpus=]N[,maxcpus=,sockets=,clusters=,cores=,threads=]", "how many vCPUs, and how they are grouped"),
    KEYVAL("m", OPT_MEMORY, "size", "[size=]SIZE[,slots=N,maxmem=SIZE]", "guest memory; a bare number counts MiB"),
    KEYVAL("numa", OPT_NUMA, "type", "node[,nodeid=,cpus=,memdev=] | dist,src=,dst=,val= | cpu,node-id=,...", "guest NUMA nodes"),
    TEXT("mem-path", OPT_MEM_PATH, "DIR", "back guest memory with files in DIR (hugetlbfs)"),
    FLAG("mem-prealloc", OPT_MEM_PREALLOC, "touch guest memory at start"),
    KEYVAL("overcommit", OPT_OVERCOMMIT, NULL, "[mem-lock=on|off][,cpu-pm=on|off]", "lock memory, leave idle vCPUs to the guest"),

    KEYVAL("object", OPT_OBJECT, "qom-type", "TYPE,id=ID[,prop=value...]", "make an object: memory, iommufd, ...; -object help lists them"),
    KEYVAL("device", OPT_DEVICE, "driver", "DRIVER[,id=ID,bus=BUS,prop=value...]", "add a device; -device help lists them, -device DRIVER,help their properties"),
    TEXT("global", OPT_GLOBAL, "DRIVER.PROP=VALUE", "a default for every device of a kind"),
    KEYVAL("name", OPT_SET_NAME, "guest", "[guest=]NAME[,process=NAME,debug-threads=on|off]", "name of the guest"),
    TEXT("uuid", OPT_UUID, "UUID", "identity of the guest"),
    KEYVAL("rtc", OPT_RTC, "base", "[base=utc|localtime|DATETIME][,clock=host|rt|vm]", "what the real-time clock starts with"),
    KEYVAL("boot", OPT_BOOT, "order", "[order=...,once=,menu=on|off,strict=on|off]", "boot order for firmware"),

    KEYVAL("drive", OPT_DRIVE, "file", "file=FILE,if=pflash|none|virtio,format=raw[,id=,readonly=,unit=...]", "a disk or flash image"),
    KEYVAL("pflash", OPT_PFLASH, "file", "FILE", "same as -drive if=pflash,format=raw,file=FILE"),
    KEYVAL("blockdev", OPT_BLOCKDEV, "driver", "driver=raw|file,node-name=...", "a node of the block graph"),
    KEYVAL("netdev", OPT_NETDEV, "type", "TYPE,id=ID", "a network backend"),
    TEXT("nic", OPT_NIC, "none", "no default network card (there is none)"),
    TEXT("net", OPT_NET, "none", "the same, older spelling"),
    KEYVAL("chardev", OPT_CHARDEV, "backend", "BACKEND,id=ID[,...]", "a character device; -chardev help lists backends"),
    KEYVAL("add-fd", OPT_ADD_FD, NULL, "fd=N,set=SET[,opaque=TEXT]", "put an inherited descriptor in /dev/fdset/SET"),
    TEXT("serial", OPT_SERIAL, "SPEC", "where a UART goes: stdio, mon:stdio, pty, null, none, file:, unix:, tcp:, chardev:ID"),
    TEXT("parallel", OPT_PARALLEL, "none", "no parallel port (there is none)"),
    TEXT("monitor", OPT_MONITOR, "SPEC", "a monitor for people"),
    TEXT("qmp", OPT_QMP, "SPEC", "a monitor for programs"),
    TEXT("qmp-pretty", OPT_QMP_PRETTY, "SPEC", "the same, indented"),
    KEYVAL("mon", OPT_MON, "chardev", "[chardev=]ID[,mode=readline|control,pretty=on|off]", "a monitor on a -chardev"),

    TEXT("kernel", OPT_KERNEL, "FILE", "Linux Image, raw or compressed, or an ELF file"),
    TEXT("initrd", OPT_INITRD, "FILE", "initial RAM disk"),
    TEXT("append", OPT_APPEND, "TEXT", "what the kernel is told"),
    TEXT("dtb", OPT_DTB, "FILE", "device tree to use instead of our own"),
    TEXT("bios", OPT_BIOS, "FILE", "firmware image for the first flash bank"),
    KEYVAL("fw_cfg", OPT_FW_CFG, "name", "[name=]NAME,file=FILE|string=TEXT", "an item for firmware to find"),
    KEYVAL("acpitable", OPT_ACPITABLE, NULL, "[sig=,rev=,oem_id=,...]data|file=FILE", "one more ACPI table"),
    KEYVAL("smbios", OPT_SMBIOS, NULL, "type=N[,field=value...] | file=FILE", "SMBIOS fields or a table"),

    FLAG("nographic", OPT_NOGRAPHIC, "console and monitor on stdio"),
    TEXT("display", OPT_DISPLAY, "none", "there is no display"),
    TEXT("vga", OPT_VGA, "none", "there is no VGA"),
    KEYVAL("audiodev", OPT_AUDIODEV, "driver", "none,id=ID", "there is no sound"),
    ALIAS("audio", OPT_AUDIODEV, ARG_KEYVAL, "driver"),
    FLAG("nodefaults", OPT_NODEFAULTS, "no serial port or monitor unless asked for"),
    FLAG("no-user-config", OPT_NO_USER_CONFIG, "accepted; no configuration file is ever read unasked"),
    TEXT("readconfig", OPT_READCONFIG, "FILE", "more options from FILE"),

    FLAG("S", OPT_S, "start with vCPUs stopped; `cont` starts them"),
    FLAG("no-reboot", OPT_NO_REBOOT, "a guest that reboots ends the program"),
    FLAG("no-shutdown", OPT_NO_SHUTDOWN, "stop instead of exiting when the guest powers off"),
    KEYVAL("action", OPT_ACTION, NULL, "reboot=|shutdown=|panic=|watchdog=ACTION", "what happens on these events"),
    TEXT("watchdog-action", OPT_WATCHDOG_ACTION, "ACTION", "same as -action watchdog=ACTION"),

    FLAG("daemonize", OPT_DAEMONIZE, "go to the background once everything is ready"),
    TEXT("pidfile", OPT_PIDFILE, "FILE", "write our process id there"),
    KEYVAL("run-with", OPT_RUN_WITH, NULL, "[chroot=DIR][,user=NAME|UID:GID][,exit-with-parent=on|off][,async-teardown=on|off]", "how the process runs after start-up"),
    KEYVAL("sandbox", OPT_SANDBOX, "enable", "on|off[,obsolete=,elevateprivileges=,spawn=,resourcecontrol=]", "system calls we give up"),
    KEYVAL("msg", OPT_MSG, NULL, "[timestamp=on|off][,guest-name=on|off]", "what messages start with"),
    TEXT("D", OPT_D, "FILE", "log and trace lines go to FILE"),
    TEXT("d", OPT_LOG_ITEMS, "ITEM[,ITEM...]", "what to log; -d help lists items"),
    TEXT("trace", OPT_TRACE, "[enable=]PATTERN[,events=FILE][,file=FILE]", "switch trace events on; -trace help lists them"),
    TEXT("qtest", OPT_QTEST, "SPEC", "let a test drive the machine"),
    TEXT("qtest-log", OPT_QTEST_LOG, "FILE|none", "what the test said"),
    TEXT("L", OPT_L, "DIR", "look for firmware files there"),
};
const size_t option_defs_count = ARRAY_SIZE(option_defs);

/* What users of the peer may type, and we have no use for. */
const char *const option_unsupported[] = {
    "cdrom", "compat", "debugcon", "dfilter", "dump-vmstate", "echr", "enable-sync-profile", "fda", "fdb",
    "fsdev", "full-screen", "gdb", "hda", "hdb", "hdc", "hdd", "icount", "incoming", "iscsi", "jitdump", "k", "loadvm",
    "mtdblock", "only-migratable", "option-rom", "perfmap", "plugin", "s", "sd", "seed", "semihosting",
    "semihosting-config", "set", "shim", "snapshot", "spice", "tpmdev", "usb", "usbdevice", "virtfs", "vnc",
    "xen-attach", "xen-domid", "xen-domid-restrict", NULL
};
