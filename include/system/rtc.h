/*
 * What time the guest's real-time clock shows, by -rtc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_RTC_H
#define SYSTEM_RTC_H

#include "util/options.h"
#include "util/main-loop.h"

/* The clock that drives it: -rtc clock=host|rt|vm. */
extern QEMUClockType rtc_clock;
/* Seconds since 1970 that the guest's clock shows now, before the guest set it. */
int64_t rtc_now_seconds(void);
bool rtc_configure(json_t *opts, Error **errp);

#endif
