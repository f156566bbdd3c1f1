/*
 * Health: the SMART log page and its critical warnings, with the asynchronous
 * events that tell of them (NVM Express 1.4 sections 5.2, 5.14.1.2, 5.21.1.4,
 * 5.21.1.11). The disk is as warm as ever and never wears; what else fails, the host says
 * with the property smart_critical_warning.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "util/options.h"

#define COMPOSITE_TEMPERATURE   323     /* kelvin */

/* Critical Warning */
enum { WARN_SPARE = 0x01, WARN_TEMPERATURE = 0x02, WARN_RELIABILITY = 0x04, WARN_READ_ONLY = 0x08, WARN_BACKUP = 0x10, WARN_ALL = 0x1f };
/* What the event says of a warning */
enum { HEALTH_RELIABILITY = 0, HEALTH_TEMPERATURE = 1, HEALTH_SPARE = 2 };

static uint8_t warnings(const NvmeCtrl *n)
{
    bool over = COMPOSITE_TEMPERATURE >= n->temperature[0], under = COMPOSITE_TEMPERATURE <= n->temperature[1];

    return n->smart_warning | (over || under ? WARN_TEMPERATURE : 0);
}

static uint8_t event_info(uint8_t warning)
{
    return warning & WARN_SPARE ? HEALTH_SPARE : warning & WARN_TEMPERATURE ? HEALTH_TEMPERATURE : HEALTH_RELIABILITY;
}

void nvme_smart_update(NvmeCtrl *n)
{
    uint8_t now = warnings(n), news = now & ~n->smart_seen & n->async_config;

    n->smart_seen = now;
    /* One at a time: the log, which is to be read then, has all of them. */
    if (news && !nvme_event_pending(n, NVME_EVENT_SMART)) {
        nvme_event(n, NVME_EVENT_SMART, event_info(news), NVME_LOG_SMART);
    }
}

void nvme_smart_fill(const NvmeCtrl *n, uint8_t *log)
{
    log[0] = warnings(n);
    stw_le_p(log + 1, COMPOSITE_TEMPERATURE);
    log[3] = 100;                       /* spare left, per cent */
    stq_le_p(log + 32, DIV_ROUND_UP(n->blocks_read, 1000));     /* in thousands of 512 bytes */
    stq_le_p(log + 48, DIV_ROUND_UP(n->blocks_written, 1000));
    stq_le_p(log + 64, n->reads);
    stq_le_p(log + 80, n->writes);
}

/* --- The property --------------------------------------------------------------------------- */

static json_t *get_warning(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(NVME(obj)->smart_warning);
}

static bool set_warning(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    NvmeCtrl *n = NVME(obj);
    uint64_t v;

    if (!option_uint(value, prop->name, UINT8_MAX, &v, errp)) {
        return false;
    }
    if (v & ~(uint64_t)WARN_ALL) {
        error_setg(errp, "smart_critical_warning=0x%" PRIx64 " has bits that mean nothing, those of 0x%x do", v, WARN_ALL);
        return false;
    }
    n->smart_warning = v;
    nvme_smart_update(n);
    return true;
}

/* Not in the table of properties: those are fixed once the device is there. */
void nvme_smart_class_init(ObjectClass *klass)
{
    object_class_property_add(klass, "smart_critical_warning", "uint8", get_warning, set_warning, NULL);
    object_class_property_set_description(klass, "smart_critical_warning",
                                          "Critical warnings of the SMART log, at run time too: 1 spare, 2 temperature, 4 reliability, "
                                          "8 read only, 16 backup of memory");
}
