/*
 * The phases of start-up: from a list of options to a machine that runs.
 *
 * Order matters and is all here: objects and disks exist before the board
 * that uses them, the board before -device, everything before the tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include "accel/accel.h"
#include "backends/hostmem.h"
#include "block/block.h"
#include "chardev/char.h"
#include "hw/core/boards.h"
#include "hw/core/qdev-properties.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/acpi/acpi.h"
#include "hw/firmware/smbios.h"
#include "monitor/monitor.h"
#include "startup.h"
#include "system/qtest.h"
#include "system/rcu.h"
#include "system/rtc.h"
#include "system/system.h"
#include "target/arm/cpu.h"
#include "util/main-loop.h"
#include "util/passed-fds.h"
#include "util/trace.h"

#define MAX_SERIALS 4
static Chardev *serials[MAX_SERIALS];

Chardev *serial_hd(int i)
{
    return i < MAX_SERIALS ? serials[i] : NULL;
}

/* --- the process ------------------------------------------------------------ */

static bool take_trace(const OptionItem *item, void *opaque, Error **errp)
{
    return trace_opt_parse(item->arg, errp);
}

static bool take_log_items(const OptionItem *item, void *opaque, Error **errp)
{
    return qemu_set_log_items(item->arg, errp);
}

static bool take_global(const OptionItem *item, void *opaque, Error **errp)
{
    g_autofree char *text = g_strdup(item->arg);
    char *value = strchr(text, '='), *prop;

    if (value) {
        *value++ = 0;
    }
    prop = strchr(text, '.');
    if (!value || !prop) {
        error_setg(errp, "-global %s: expected DRIVER.PROPERTY=VALUE", item->arg);
        return false;
    }
    *prop++ = 0;
    object_register_global_prop(text, prop, value);
    return true;
}

static bool take_name(const OptionItem *item, void *opaque, Error **errp)
{
    bool debug_threads = false;
    Error *err = NULL;
    char *guest = options_take_str(item->opts, "guest", &err);
    g_autofree char *process = err ? NULL : options_take_str(item->opts, "process", &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (!options_take_bool(item->opts, "debug-threads", &debug_threads, errp) ||
        !options_must_be_empty(item->opts, "-name", errp)) {
        g_free(guest);
        return false;
    }
    if (process) {
        prctl(PR_SET_NAME, process);
    }
    if (guest) {
        g_free((char *)qemu_name);
        qemu_name = error_guest_name = guest;
    }
    return true;
}

static bool take_uuid(const OptionItem *item, void *opaque, Error **errp)
{
    const char *p = item->arg;

    if (!g_uuid_string_is_valid(p)) {
        error_setg(errp, "-uuid %s: expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal", p);
        return false;
    }
    for (int i = 0; i < 16; i++, p += 2) {
        p += *p == '-';
        qemu_uuid[i] = g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
    }
    qemu_uuid_set = true;
    return true;
}

static bool take_msg(const OptionItem *item, void *opaque, Error **errp)
{
    return options_take_bool(item->opts, "timestamp", &error_with_timestamp, errp) &&
           options_take_bool(item->opts, "guest-name", &error_with_guestname, errp) &&
           options_must_be_empty(item->opts, "-msg", errp);
}

static bool take_action(const OptionItem *item, void *opaque, Error **errp)
{
    const char *event;
    json_t *value;

    json_object_foreach(item->opts, event, value) {
        const char *action = option_str(value, event, errp);
        if (!action || !runstate_set_action(event, action, errp)) {
            return false;
        }
    }
    return true;
}

static bool take_overcommit(const OptionItem *item, void *opaque, Error **errp)
{
    bool mem_lock = false, cpu_pm = false;

    if (!options_take_bool(item->opts, "mem-lock", &mem_lock, errp) || !options_take_bool(item->opts, "cpu-pm", &cpu_pm, errp) ||
        !options_must_be_empty(item->opts, "-overcommit", errp)) {
        return false;
    }
    if (mem_lock && mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
        error_setg_errno(errp, errno, "-overcommit mem-lock=on: cannot lock memory; raise the memlock limit");
        return false;
    }
    return true;
}

/* Options whose only sensible value is "none": we have no such thing. */
static bool only_none(const OptionItem *item, void *opaque, Error **errp)
{
    if (strcmp(item->arg, "none")) {
        error_setg(errp, "-%s %s is not supported by Twostage; the only value is none", item->def->name, item->arg);
        return false;
    }
    return true;
}

static bool only_none_audio(const OptionItem *item, void *opaque, Error **errp)
{
    const char *driver = json_string_value(json_object_get(item->opts, "driver"));
    if (g_strcmp0(driver, "none")) {
        error_setg(errp, "-audiodev %s is not supported by Twostage; the only driver is none", driver ? driver : "");
        return false;
    }
    return true;
}

static bool refuse_netdev(const OptionItem *item, void *opaque, Error **errp)
{
    error_setg(errp, "-netdev %s: this build has no network backends yet", item->arg);
    return false;
}

static bool take_rtc(const OptionItem *item, void *opaque, Error **errp)
{
    return rtc_configure(item->opts, errp);
}

static bool read_configs(const OptionItem *item, void *opaque, Error **errp)
{
    Startup *s = opaque;
    return cmdline_read_config(s->cl, item->arg, errp);
}

bool startup_process(Startup *s, Error **errp)
{
    const CommandLine *cl = s->cl;
    const char *log = cmdline_text(cl, OPT_D), *pidfile;

    if (!cmdline_foreach(cl, OPT_READCONFIG, read_configs, s, errp)) {
        return false;
    }
    if (cmdline_has(cl, OPT_HELP)) {
        cmdline_print_help(stdout);
        s->finished = true;
        return true;
    }
    if (cmdline_has(cl, OPT_VERSION)) {
        printf("QEMU emulator version " QEMU_VERSION " (Twostage " TWOSTAGE_VERSION ")\n"
               "Written from scratch; matches that release at its edges.\n");
        s->finished = true;
        return true;
    }
    if (startup_print_help(cl, errp)) {
        s->finished = true;
        return true;
    }
    if (log && !qemu_set_log_file(log, errp)) {
        return false;
    }
    if (!cmdline_foreach(cl, OPT_LOG_ITEMS, take_log_items, NULL, errp) ||
        !cmdline_foreach(cl, OPT_TRACE, take_trace, NULL, errp) ||
        !cmdline_foreach(cl, OPT_MSG, take_msg, NULL, errp) ||
        !cmdline_foreach(cl, OPT_SET_NAME, take_name, NULL, errp) ||
        !cmdline_foreach(cl, OPT_UUID, take_uuid, NULL, errp) ||
        !cmdline_foreach(cl, OPT_RTC, take_rtc, NULL, errp) ||
        !cmdline_foreach(cl, OPT_GLOBAL, take_global, NULL, errp) ||
        !cmdline_foreach(cl, OPT_ACTION, take_action, NULL, errp) ||
        !cmdline_foreach(cl, OPT_DISPLAY, only_none, NULL, errp) || !cmdline_foreach(cl, OPT_VGA, only_none, NULL, errp) ||
        !cmdline_foreach(cl, OPT_PARALLEL, only_none, NULL, errp) || !cmdline_foreach(cl, OPT_NIC, only_none, NULL, errp) ||
        !cmdline_foreach(cl, OPT_NET, only_none, NULL, errp) || !cmdline_foreach(cl, OPT_AUDIODEV, only_none_audio, NULL, errp) ||
        !cmdline_foreach(cl, OPT_NETDEV, refuse_netdev, NULL, errp)) {
        return false;
    }
    if (cmdline_has(cl, OPT_WATCHDOG_ACTION) && !runstate_set_action("watchdog", cmdline_text(cl, OPT_WATCHDOG_ACTION), errp)) {
        return false;
    }
    nodefaults = cmdline_has(cl, OPT_NODEFAULTS);
    autostart = !cmdline_has(cl, OPT_S);
    vm_resets_are_shutdowns(cmdline_has(cl, OPT_NO_REBOOT));
    if (cmdline_has(cl, OPT_NO_SHUTDOWN) && !runstate_set_action("shutdown", "pause", errp)) {
        return false;
    }
    if (cmdline_has(cl, OPT_DAEMONIZE) && !daemonize_fork(errp)) {
        return false;
    }
    main_loop_init();
    pidfile = cmdline_text(cl, OPT_PIDFILE);
    return (!pidfile || pidfile_create(pidfile, errp)) && cmdline_foreach(cl, OPT_OVERCOMMIT, take_overcommit, NULL, errp);
}

/* --- the machine object -------------------------------------------------------- */

static bool merge_machine(const OptionItem *item, void *opaque, Error **errp)
{
    json_object_update(opaque, item->opts);
    return true;
}

static void machine_text_option(Startup *s, OptionId id, const char *key)
{
    const char *text = cmdline_text(s->cl, id);
    if (text) {
        json_object_set_new(s->machine_opts, key, json_string(text));
    }
}

/* -bios NAME is NAME as it is, else the file of that name in -L's directory. */
static void machine_firmware_option(Startup *s)
{
    const char *name = cmdline_text(s->cl, OPT_BIOS), *dir = cmdline_text(s->cl, OPT_L);

    machine_text_option(s, OPT_BIOS, "firmware");
    if (name && dir && access(name, F_OK) < 0) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (access(path, F_OK) == 0) {
            json_object_set_new(s->machine_opts, "firmware", json_string(path));
        }
    }
}

static MachineState *machine_create(const char *name, Error **errp)
{
    MachineClass *mc = name ? find_machine(name) : find_default_machine();
    MachineState *ms;

    if (!mc) {
        if (name) {
            error_setg(errp, "-machine %s: no such machine; -machine help lists them", name);
        } else {
            error_setg(errp, "which machine? Give -machine virt");
        }
        return NULL;
    }
    ms = (MachineState *)object_new_with_class(OBJECT_CLASS(mc));
    object_property_add_child(object_get_root(), "machine", OBJECT(ms));
    object_unref(ms);
    current_machine = ms;
    return ms;
}

/* "cortex-a57,pmu=off" */
static bool machine_set_cpu(MachineState *ms, const char *text, Error **errp)
{
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    g_autoptr(json_t) opts = NULL;
    g_autofree char *model = NULL;

    if (!text) {
        if (mc->default_cpu_type) {
            ms->cpu_type = g_strdup(mc->default_cpu_type);
            ms->cpu_model = g_strndup(ms->cpu_type, strlen(ms->cpu_type) - strlen(ARM_CPU_TYPE_SUFFIX));
        }
        return true;
    }
    opts = options_parse(text, "model", NULL, errp);
    model = opts ? options_take_str(opts, "model", errp) : NULL;
    if (!model) {
        return false;
    }
    ms->cpu_model = g_strdup(model);
    ms->cpu_type = g_strconcat(model, ARM_CPU_TYPE_SUFFIX, NULL);
    ms->cpu_props = g_steal_pointer(&opts);
    if (!object_class_by_name(ms->cpu_type)) {
        error_setg(errp, "-cpu %s: no such CPU model; -cpu help lists them", model);
        return false;
    }
    return true;
}

static const json_t *last_opts(const CommandLine *cl, OptionId id)
{
    const OptionItem *item = cmdline_last(cl, id);
    return item ? item->opts : NULL;
}

static bool take_memory(const OptionItem *item, void *opaque, Error **errp)
{
    return machine_parse_memory(opaque, item->opts, errp);
}

static bool take_smp(const OptionItem *item, void *opaque, Error **errp)
{
    return machine_parse_smp(opaque, item->opts, errp);
}

static bool take_numa(const OptionItem *item, void *opaque, Error **errp)
{
    return machine_parse_numa(opaque, item->opts, errp);
}

/* -accel options in order, else machine accel=a:b, else whatever works. */
static bool choose_accel(Startup *s, MachineState *ms, json_t *machine_accel, Error **errp)
{
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    const char *list = machine_accel ? json_string_value(machine_accel) : NULL;

    if (cmdline_has(s->cl, OPT_ENABLE_KVM)) {
        g_ptr_array_add(requests, json_pack("{s:s}", "accel", "kvm"));
    }
    for (guint i = 0; i < s->cl->items->len; i++) {
        const OptionItem *item = s->cl->items->pdata[i];
        if (item->def->id == OPT_ACCEL) {
            g_ptr_array_add(requests, json_incref(item->opts));
        }
    }
    if (list) {
        g_auto(GStrv) names = g_strsplit(list, ":", -1);
        for (char **n = names; *n; n++) {
            g_ptr_array_add(requests, json_pack("{s:s}", "accel", *n));
        }
    }
    return accel_init_machine(ms, (const json_t *const *)requests->pdata, requests->len, errp);
}

bool startup_machine(Startup *s, Error **errp)
{
    g_autofree char *type = NULL;
    g_autoptr(json_t) accel = NULL;
    MachineState *ms;

    s->machine_opts = json_object();
    cmdline_foreach(s->cl, OPT_MACHINE, merge_machine, s->machine_opts, NULL);
    if (startup_machine_help(s->cl, s->machine_opts, errp)) {
        s->finished = true;
        return true;
    }
    machine_text_option(s, OPT_KERNEL, "kernel");
    machine_text_option(s, OPT_INITRD, "initrd");
    machine_text_option(s, OPT_APPEND, "append");
    machine_text_option(s, OPT_DTB, "dtb");
    machine_firmware_option(s);
    type = g_strdup(json_string_value(json_object_get(s->machine_opts, "type")));
    accel = json_incref(json_object_get(s->machine_opts, "accel"));
    json_object_del(s->machine_opts, "type");
    json_object_del(s->machine_opts, "accel");

    ms = machine_create(type, errp);
    if (!ms || !machine_set_cpu(ms, cmdline_text(s->cl, OPT_CPU), errp)) {
        return false;
    }
    if (!cmdline_foreach(s->cl, OPT_MEMORY, take_memory, ms, errp) || !cmdline_foreach(s->cl, OPT_SMP, take_smp, ms, errp) ||
        !cmdline_foreach(s->cl, OPT_NUMA, take_numa, ms, errp)) {
        return false;
    }
    /* memory-backend= and pflash0= are links to things that startup_backends() makes. */
    return choose_accel(s, ms, accel, errp);
}

/* --- backends --------------------------------------------------------------------- */

static bool make_chardev(const OptionItem *item, void *opaque, Error **errp)
{
    return qemu_chr_new_from_opts(json_incref(item->opts), errp) != NULL;
}

static bool make_object(const OptionItem *item, void *opaque, Error **errp)
{
    return user_creatable_add(json_incref(item->opts), errp) != NULL;
}

static bool make_blockdev(const OptionItem *item, void *opaque, Error **errp)
{
    return blockdev_add(json_incref(item->opts), errp);
}

static bool make_drive(const OptionItem *item, void *opaque, Error **errp)
{
    const char *interface = MACHINE_GET_CLASS(current_machine)->block_default_interface;

    if (item->def->id == OPT_PFLASH) {
        json_object_set_new(item->opts, "if", json_string("pflash"));
        json_object_set_new(item->opts, "format", json_string("raw"));
    }
    return drive_new(json_incref(item->opts), interface ? interface : "none", errp) != NULL;
}

static bool make_fw_cfg(const OptionItem *item, void *opaque, Error **errp)
{
    return fw_cfg_add_user(json_incref(item->opts), errp);
}

static bool make_acpitable(const OptionItem *item, void *opaque, Error **errp)
{
    return acpi_table_add(json_incref(item->opts), errp);
}

static bool make_smbios(const OptionItem *item, void *opaque, Error **errp)
{
    return smbios_entry_add(json_incref(item->opts), errp);
}

static bool take_add_fd(const OptionItem *item, void *opaque, Error **errp)
{
    return passed_fdset_option(item->opts, errp);
}

/* "mon:SPEC" is a serial port and a monitor on one multiplexer; the port, attached later, has the focus. */
static Chardev *make_serial(const char *label, const char *spec, Error **errp)
{
    Chardev *chr = qemu_chr_new(label, spec, true, errp);

    if (chr && g_str_has_prefix(spec, "mon:") &&
        !monitor_init(json_pack("{s:s, s:s}", "chardev", label, "mode", "readline"), errp)) {
        return NULL;
    }
    return chr;
}

static bool add_serial(const OptionItem *item, void *opaque, Error **errp)
{
    int *n = opaque;
    g_autofree char *label = g_strdup_printf("serial%d", *n);

    if (*n == MAX_SERIALS) {
        error_setg(errp, "-serial: more than %d serial ports", MAX_SERIALS);
        return false;
    }
    if (strcmp(item->arg, "none")) {
        serials[*n] = make_serial(label, item->arg, errp);
        if (!serials[*n]) {
            return false;
        }
    }
    ++*n;
    return true;
}

static bool make_serials(Startup *s, Error **errp)
{
    int n = 0;

    if (!cmdline_foreach(s->cl, OPT_SERIAL, add_serial, &n, errp)) {
        return false;
    }
    if (n || nodefaults) {
        return true;
    }
    if (cmdline_has(s->cl, OPT_NOGRAPHIC)) {
        serials[0] = make_serial("serial0", cmdline_has(s->cl, OPT_MONITOR) ? "stdio" : "mon:stdio", errp);
    } else {
        serials[0] = make_serial("serial0", "null", errp);
    }
    return serials[0] != NULL;
}

bool startup_backends(Startup *s, Error **errp)
{
    const CommandLine *cl = s->cl;

    return cmdline_foreach(cl, OPT_ADD_FD, take_add_fd, NULL, errp) &&
           cmdline_foreach(cl, OPT_CHARDEV, make_chardev, NULL, errp) &&
           cmdline_foreach(cl, OPT_OBJECT, make_object, NULL, errp) &&
           cmdline_foreach(cl, OPT_BLOCKDEV, make_blockdev, NULL, errp) &&
           cmdline_foreach(cl, OPT_DRIVE, make_drive, NULL, errp) &&
           cmdline_foreach(cl, OPT_PFLASH, make_drive, NULL, errp) &&
           cmdline_foreach(cl, OPT_FW_CFG, make_fw_cfg, NULL, errp) &&
           cmdline_foreach(cl, OPT_ACPITABLE, make_acpitable, NULL, errp) &&
           cmdline_foreach(cl, OPT_SMBIOS, make_smbios, NULL, errp) &&
           make_serials(s, errp);
}

/* --- board and devices --------------------------------------------------------------- */

/* Guest memory that no -object described: -m alone, or with -mem-path. */
static bool make_default_memory(Startup *s, MachineState *ms, Error **errp)
{
    const char *path = cmdline_text(s->cl, OPT_MEM_PATH), *id = MACHINE_GET_CLASS(ms)->default_ram_id;
    g_autoptr(json_t) opts = NULL;

    if (ms->memdev || !ms->ram_size || !id || machine_numa_brings_memory(ms)) {
        return true;
    }
    opts = json_pack("{s:s, s:s, s:I}", "qom-type", path ? "memory-backend-file" : "memory-backend-ram", "id", id,
                     "size", (json_int_t)ms->ram_size);
    if (path) {
        json_object_set_new(opts, "mem-path", json_string(path));
    }
    if (cmdline_has(s->cl, OPT_MEM_PREALLOC)) {
        json_object_set_new(opts, "prealloc", json_true());
    }
    ms->memdev = user_creatable_add(g_steal_pointer(&opts), errp);
    if (ms->memdev) {
        object_ref(ms->memdev);
    }
    return ms->memdev != NULL;
}

bool startup_board(Startup *s, Error **errp)
{
    MachineState *ms = current_machine;
    Location loc;
    bool ok;

    loc_push(&loc, "machine", NULL);
    ok = object_set_props(OBJECT(ms), s->machine_opts, errp);
    loc_pop(&loc);
    if (ok && cmdline_has(s->cl, OPT_BOOT)) {
        ok = object_property_set(OBJECT(ms), "boot", last_opts(s->cl, OPT_BOOT), errp);
    }
    return ok && make_default_memory(s, ms, errp) && machine_run_board_init(ms, errp);
}

static bool make_device(const OptionItem *item, void *opaque, Error **errp)
{
    DeviceState *dev = qdev_device_add(json_incref(item->opts), errp);

    if (dev) {
        object_unref(dev);
    }
    return dev != NULL;
}

/* -drive if=virtio is a disk and its function in one. */
static bool make_virtio_disks(Error **errp)
{
    const char *name;

    while ((name = drive_unused("virtio"))) {
        DeviceState *dev = qdev_device_add(json_pack("{s:s, s:s}", "driver", "virtio-blk-pci", "drive", name), errp);

        if (!dev) {
            return false;
        }
        object_unref(dev);
    }
    return true;
}

bool startup_devices(Startup *s, Error **errp)
{
    return cmdline_foreach(s->cl, OPT_DEVICE, make_device, NULL, errp) && make_virtio_disks(errp) && drives_must_be_used(errp);
}

/* --- monitors ------------------------------------------------------------------------ */

static bool make_monitor(const OptionItem *item, void *opaque, Error **errp)
{
    int *n = opaque;
    OptionId id = item->def->id;
    bool qmp = id != OPT_MONITOR;
    g_autofree char *label = g_strdup_printf("compat_monitor%d", (*n)++);
    json_t *opts;
    Chardev *chr;

    if (!strcmp(item->arg, "none")) {
        return true;
    }
    chr = qemu_chr_new(label, item->arg, !qmp, errp);
    if (!chr) {
        return false;
    }
    opts = json_pack("{s:s, s:s, s:b}", "chardev", chr->label, "mode", qmp ? "control" : "readline", "pretty", id == OPT_QMP_PRETTY);
    return monitor_init(opts, errp);
}

static bool make_mon(const OptionItem *item, void *opaque, Error **errp)
{
    return monitor_init(json_incref(item->opts), errp);
}

bool startup_monitors(Startup *s, Error **errp)
{
    const char *qtest = cmdline_text(s->cl, OPT_QTEST);
    int n = 0;

    return (!qtest || qtest_server_start(qtest, cmdline_text(s->cl, OPT_QTEST_LOG), errp)) &&
           cmdline_foreach(s->cl, OPT_MONITOR, make_monitor, &n, errp) &&
           cmdline_foreach(s->cl, OPT_QMP, make_monitor, &n, errp) &&
           cmdline_foreach(s->cl, OPT_QMP_PRETTY, make_monitor, &n, errp) &&
           cmdline_foreach(s->cl, OPT_MON, make_mon, NULL, errp);
}

/* --- go ---------------------------------------------------------------------------------- */

static bool take_run_with(const OptionItem *item, void *opaque, Error **errp)
{
    return run_with_apply(item->opts, errp);
}

static bool take_sandbox(const OptionItem *item, void *opaque, Error **errp)
{
    return sandbox_apply(item->opts, errp);
}

bool startup_finish(Startup *s, Error **errp)
{
    qdev_machine_creation_done();
    machine_run_init_done_notifiers();
    if (current_machine->dumpdtb) {
        s->finished = true;
        return true;
    }
    object_check_globals_used(NULL);
    qemu_devices_reset(RESET_TYPE_COLD);
    if (MACHINE_GET_CLASS(current_machine)->reset) {
        MACHINE_GET_CLASS(current_machine)->reset(current_machine, RESET_TYPE_COLD);
    }
    cpu_synchronize_all_post_reset();
    if (!cmdline_foreach(s->cl, OPT_RUN_WITH, take_run_with, NULL, errp) ||
        !cmdline_foreach(s->cl, OPT_SANDBOX, take_sandbox, NULL, errp) || !daemonize_ready(errp)) {
        return false;
    }
    if (autostart) {
        vm_start();
    }
    return true;
}

void startup_cleanup(Startup *s)
{
    pause_all_vcpus();
    qtest_server_stop();
    monitor_cleanup();
    drain_call_rcu();           /* devices on their way out still let go of what goes next */
    qemu_chr_cleanup();
    blk_cleanup();
    pidfile_remove();
    json_decref(s->machine_opts);
}
