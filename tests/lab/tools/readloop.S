/*
 * A guest that reads the PL011's flag register 20000 times, writes how many counter
 * ticks that took (16 hexadecimal digits), and calls PSCI SYSTEM_OFF.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
        mrs     x20, cntvct_el0
        movz    x1, #0x900, lsl #16
        movz    x2, #20000
1:      ldr     w3, [x1, #0x18]
        subs    x2, x2, #1
        b.ne    1b
        mrs     x21, cntvct_el0
        sub     x21, x21, x20
        mov     x4, #60
2:      lsr     x5, x21, x4
        and     x5, x5, #15
        cmp     x5, #10
        add     x6, x5, #'0'
        add     x7, x5, #'a' - 10
        csel    x6, x6, x7, lo
        strb    w6, [x1]
        subs    x4, x4, #4
        b.pl    2b
        mov     w6, #10
        strb    w6, [x1]
        movz    x0, #0x8400, lsl #16
        movk    x0, #8
        hvc     #0
        b       .
