/*
 * A guest whose first instructions write a line to the PL011; then PSCI SYSTEM_OFF.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
        movz    x1, #0x900, lsl #16
        mov     w6, #'A'
        strb    w6, [x1]
        mov     w6, #10
        strb    w6, [x1]
        movz    x0, #0x8400, lsl #16
        movk    x0, #8
        hvc     #0
        b       .
