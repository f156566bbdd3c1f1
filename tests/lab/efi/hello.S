/*
 * An EFI application (UEFI 2.10, AArch64 calling convention) that says where it
 * is and turns the machine off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .include "pe.inc"

    .set CON_OUT, 64            /* of the system table */
    .set RUNTIME_SERVICES, 88
    .set OUTPUT_STRING, 8       /* of the text output protocol */
    .set RESET_SYSTEM, 104      /* of the runtime services */
    .set RESET_SHUTDOWN, 2

entry:
    stp x29, x30, [sp, #-32]!
    str x19, [sp, #16]
    mov x19, x1
    ldr x0, [x19, #CON_OUT]
    adr x1, text
    ldr x2, [x0, #OUTPUT_STRING]
    blr x2
    ldr x4, [x19, #RUNTIME_SERVICES]
    ldr x4, [x4, #RESET_SYSTEM]
    mov x0, #RESET_SHUTDOWN
    mov x1, #0
    mov x2, #0
    mov x3, #0
    blr x4
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    mov x0, #0
    ret
    .balign 8
text:
    .irpc c, EFI-APP-FROM-DISK
    .ascii "\c\0"
    .endr
    .short 13, 10, 0
    .balign PAGE
end:
