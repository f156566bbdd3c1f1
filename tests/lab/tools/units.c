/*
 * A bare guest as a unit-test suite for machines builds them: a .flat image without
 * a header that takes the device tree's address in x0 and nothing else.
 *
 * It finds its arguments and its environment (the initrd) in the tree, starts the
 * second CPU through PSCI, looks for virtio-mmio transports in the tree, drives the
 * legacy virtio console behind one of them, and ends through a testdev: the message
 * "Nq" makes the program's exit status N * 2 + 1.
 *
 * Virtio 1.3: 4.2.4 (legacy MMIO), 2.7 (split queues), 5.3 (console). PSCI: DEN0022.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdint.h>
#include <stddef.h>

typedef uint32_t u32;

/* The stack grows down from the image's start; nothing lies there. */
__asm__(".section .text.startup, \"ax\"\n.global _start\n_start: adr x9, _start\n mov sp, x9\n b run\n"
        ".global second\nsecond: mov w9, #1\n dmb sy\n str w9, [x0]\n dmb sy\n1: wfi\n b 1b\n");
extern char second[];

static volatile u32 *const uart = (volatile u32 *)0x09000000;

static void put(const char *s)
{
    while (*s) {
        *uart = *s++;
    }
}

static uint64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    return x0;
}

__attribute__((noreturn)) static void off(const char *why)
{
    put(why);
    psci(0x84000008, 0, 0, 0);
    for (;;) {
    }
}

/* --- the device tree -------------------------------------------------------------- */

static u32 be32(const void *p)
{
    return __builtin_bswap32(*(const u32 *)p);
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Calls @seen for every property; returns 0 when the blob is no tree. */
static int each_property(const char *dtb, void (*seen)(const char *name, const char *value, u32 len))
{
    const char *p = dtb + be32(dtb + 8), *names = dtb + be32(dtb + 12);

    if (be32(dtb) != 0xd00dfeed) {
        return 0;
    }
    for (;;) {
        u32 token = be32(p);

        p += 4;
        if (token == 1) {
            while (*p++) {
            }
            p = (const char *)(((uintptr_t)p + 3) & ~3UL);
        } else if (token == 3) {
            seen(names + be32(p + 4), p + 8, be32(p));
            p += 8 + ((be32(p) + 3) & ~3U);
        } else if (token == 9) {
            return 1;
        }
    }
}

enum { MOST_TRANSPORTS = 64 };
static const char *args = "", *initrd;
static unsigned transports, reg_is_ours;
static volatile u32 *transport[MOST_TRANSPORTS], *last_reg;

/* The tree's writer puts "reg" and "compatible" of a transport side by side, in either order. */
static void seen(const char *name, const char *value, u32 len)
{
    if (same(name, "bootargs")) {
        args = value;
    } else if (same(name, "linux,initrd-start")) {
        initrd = (const char *)(uintptr_t)be32(value + len - 4);
    } else if (same(name, "reg") && len == 16) {
        last_reg = (volatile u32 *)(uintptr_t)be32(value + 4);
    } else if (same(name, "compatible")) {
        reg_is_ours = same(value, "virtio,mmio");
    }
    if (reg_is_ours && last_reg && transports < MOST_TRANSPORTS) {
        transport[transports++] = last_reg;
        reg_is_ours = 0;
        last_reg = NULL;
    }
}

/* --- a legacy virtio console ------------------------------------------------------- */

enum { MAGIC = 0, VERSION = 1, DEVICE = 2, PAGE_SIZE = 10, QUEUE_SEL = 12, QUEUE_NUM = 14, QUEUE_ALIGN = 15, QUEUE_PFN = 16,
       QUEUE_NOTIFY = 20, STATUS = 28 };
enum { CONSOLE = 3, TRANSMIT = 1, ENTRIES = 8, PAGE = 4096 };

struct desc { uint64_t addr; u32 len; uint16_t flags, next; };
static struct { struct desc d[ENTRIES]; uint16_t flags, idx, ring[ENTRIES]; char used[2 * PAGE]; } queue __attribute__((aligned(PAGE)));

static volatile u32 *find_console(void)
{
    for (unsigned i = 0; i < transports; i++) {
        if (transport[i][MAGIC] == 0x74726976 && transport[i][VERSION] == 1 && transport[i][DEVICE] == CONSOLE) {
            return transport[i];
        }
    }
    return NULL;
}

static void send(volatile u32 *con, const char *text, u32 len)
{
    con[STATUS] = 0;
    con[STATUS] = 1 | 2;                /* seen, driven */
    con[PAGE_SIZE] = PAGE;
    con[QUEUE_SEL] = TRANSMIT;
    con[QUEUE_NUM] = ENTRIES;
    con[QUEUE_ALIGN] = PAGE;
    con[QUEUE_PFN] = (uintptr_t)&queue / PAGE;
    con[STATUS] = 1 | 2 | 4;
    queue.d[0] = (struct desc) { (uintptr_t)text, len, 0, 0 };
    queue.ring[0] = 0;
    __asm__ volatile("dmb sy" : : : "memory");
    queue.idx = 1;
    __asm__ volatile("dmb sy" : : : "memory");
    con[QUEUE_NOTIFY] = TRANSMIT;
}

/* ----------------------------------------------------------------------------------- */

static u32 came_up;

__attribute__((noreturn, used)) void run(const char *dtb)
{
    volatile u32 *con;

    if (!each_property(dtb, seen)) {
        off("UNITS no tree in x0\n");
    }
    put("UNITS args ");
    put(args);
    put("\nUNITS env ");
    for (const char *p = initrd; p && *p && *p != '\n'; p++) {
        *uart = *p;
    }
    put("\n");
    if (psci(0xc4000003, 1, (uintptr_t)second, (uintptr_t)&came_up)) {
        off("UNITS no second CPU\n");
    }
    while (!*(volatile u32 *)&came_up) {
    }
    put("UNITS both CPUs\n");
    con = find_console();
    if (!con) {
        off("UNITS no console\n");
    }
    send(con, "3q", 2);
    for (;;) {
    }
}
