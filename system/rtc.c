/*
 * -rtc: base (utc, localtime, a date) and the clock that moves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <time.h>
#include "system/rtc.h"

QEMUClockType rtc_clock = QEMU_CLOCK_HOST;
static int64_t start_seconds;       /* of the guest's clock, when rtc_clock showed clock_offset_ns */
static int64_t clock_offset_ns;
static bool base_is_date;

int64_t rtc_now_seconds(void)
{
    int64_t ns = qemu_clock_get_ns(rtc_clock);

    if (base_is_date || rtc_clock != QEMU_CLOCK_HOST) {
        return start_seconds + (ns - clock_offset_ns) / 1000000000;
    }
    return start_seconds + ns / 1000000000;
}

/* 2006-06-17T16:01:21 or 2006-06-17 */
static bool parse_date(const char *text, int64_t *out)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (!end) {
        memset(&tm, 0, sizeof(tm));
        end = strptime(text, "%Y-%m-%d", &tm);
    }
    *out = timegm(&tm);
    return end && !*end;
}

static bool set_base(const char *base, Error **errp)
{
    time_t now = time(NULL);
    struct tm local;

    base_is_date = false;
    start_seconds = 0;
    if (!strcmp(base, "utc")) {
        return true;
    }
    if (!strcmp(base, "localtime")) {
        localtime_r(&now, &local);
        start_seconds = local.tm_gmtoff;
        return true;
    }
    base_is_date = true;
    if (!parse_date(base, &start_seconds)) {
        error_setg(errp, "-rtc base=%s: expected utc, localtime, or a date like 2006-06-17T16:01:21", base);
        return false;
    }
    return true;
}

static bool set_clock(const char *clock, Error **errp)
{
    static const struct { const char *name; QEMUClockType type; } clocks[] = {
        { "host", QEMU_CLOCK_HOST }, { "rt", QEMU_CLOCK_REALTIME }, { "vm", QEMU_CLOCK_VIRTUAL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
        if (!strcmp(clock, clocks[i].name)) {
            rtc_clock = clocks[i].type;
            return true;
        }
    }
    error_setg(errp, "-rtc clock=%s: valid values are host, rt and vm", clock);
    return false;
}

bool rtc_configure(json_t *opts, Error **errp)
{
    Error *err = NULL;
    g_autofree char *base = options_take_str(opts, "base", &err);
    g_autofree char *clock = err ? NULL : options_take_str(opts, "clock", &err);
    g_autofree char *driftfix = err ? NULL : options_take_str(opts, "driftfix", &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (driftfix && strcmp(driftfix, "none")) {
        error_setg(errp, "-rtc driftfix=%s: the only value on Arm is none", driftfix);
        return false;
    }
    if (!options_must_be_empty(opts, "-rtc", errp) || (base && !set_base(base, errp)) || (clock && !set_clock(clock, errp))) {
        return false;
    }
    if (!base_is_date && rtc_clock != QEMU_CLOCK_HOST) {
        start_seconds += time(NULL);
    }
    clock_offset_ns = qemu_clock_get_ns(rtc_clock);
    return true;
}
