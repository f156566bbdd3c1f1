/*
 * A bare guest that puts the machine to sleep twice by PSCI SYSTEM_SUSPEND: first with
 * the virtual timer set and its interrupt enabled, then with nothing that could wake it
 * but a person. Says where it woke, then turns the machine off.
 *
 * PSCI: DEN0022, 5.1.19. GICv3: IHI 0069, chapter 12. Addresses are those of `virt`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdint.h>

__asm__(".section .text.startup, \"ax\"\n.global _start\n_start: adr x9, _start\n mov sp, x9\n b run\n"
        ".global woken\nwoken: adr x9, _start\n mov sp, x9\n b again\n");
extern char woken[];

static volatile uint32_t *const uart = (volatile uint32_t *)0x09000000;
enum { TIMER_PPI = 27 };

static void put(const char *s)
{
    while (*s) {
        *uart = *s++;
    }
}

static uint64_t psci(uint64_t function, uint64_t a, uint64_t b)
{
    register uint64_t x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2) : : "x3", "memory");
    return x0;
}

__attribute__((noreturn)) static void off(const char *why)
{
    put(why);
    psci(0x84000008, 0, 0);
    for (;;) {
    }
}

__attribute__((noreturn)) static void sleep_until(uint64_t context)
{
    psci(0xc400000e, (uintptr_t)woken, context);
    off("SLEEPER the call came back\n");
}

static void enable_timer(void)
{
    volatile uint32_t *dist = (volatile uint32_t *)0x08000000, *redist = (volatile uint32_t *)0x080a0000;
    volatile uint32_t *sgi = redist + 0x10000 / 4;
    uint64_t frequency;

    dist[0] = 1 << 4 | 1 << 1;          /* affinity routing, group 1 */
    redist[0x14 / 4] &= ~2u;            /* awake */
    sgi[0x80 / 4] |= 1u << TIMER_PPI;   /* group 1 */
    sgi[0x100 / 4] = 1u << TIMER_PPI;
    __asm__ volatile("msr icc_sre_el1, %0\n isb\n msr icc_pmr_el1, %1\n msr icc_igrpen1_el1, %0\n isb" : : "r"(1UL), "r"(0xffUL));
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    __asm__ volatile("msr cntv_tval_el0, %0\n msr cntv_ctl_el0, %1\n isb" : : "r"(frequency / 4), "r"(1UL));
}

__attribute__((noreturn, used)) void run(void)
{
    put("SLEEPER sleeps\n");
    enable_timer();
    sleep_until(1);
}

/* x0 is what the call before said; the registers are those of a reset. */
__attribute__((noreturn, used)) void again(uint64_t context)
{
    uint64_t mmu;

    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(mmu));
    if (mmu & 1) {
        off("SLEEPER woke with its MMU on\n");
    }
    if (context == 1) {
        put("SLEEPER woke by its timer\n");
        __asm__ volatile("msr cntv_ctl_el0, %0\n isb" : : "r"(0UL));
        sleep_until(2);
    }
    off(context == 2 ? "SLEEPER woke by hand\n" : "SLEEPER woke with another context\n");
}
