/*
 * An EFI application (UEFI 2.10: PE32+ image, AArch64 calling convention) that
 * says where it is and turns the machine off. Assembled and cut out flat; the
 * headers below make it a PE image by themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .set CON_OUT, 64            /* of the system table */
    .set RUNTIME_SERVICES, 88
    .set OUTPUT_STRING, 8       /* of the text output protocol */
    .set RESET_SYSTEM, 104      /* of the runtime services */
    .set RESET_SHUTDOWN, 2
    .set PAGE, 0x1000

    .text
mz:
    .ascii "MZ"
    .space 0x3a
    .long pe - mz
pe:
    .ascii "PE\0\0"
    .short 0xaa64               /* machine */
    .short 1                    /* sections */
    .long 0, 0, 0
    .short section - optional
    .short 0x206                /* executable, no line numbers, no debug data */
optional:
    .short 0x20b                /* PE32+ */
    .byte 0, 0
    .long end - code, 0, 0
    .long entry - mz
    .long code - mz
    .quad 0                     /* image base: anywhere */
    .long PAGE, 0x200
    .short 0, 0, 0, 0, 0, 0
    .long 0
    .long end - mz              /* size of image */
    .long code - mz             /* of headers */
    .long 0
    .short 10                   /* EFI application */
    .short 0
    .quad 0, 0, 0, 0
    .long 0
    .long 6                     /* directories, all empty */
    .space 6 * 8
section:
    .ascii ".text\0\0\0"
    .long end - code
    .long code - mz
    .long end - code
    .long code - mz
    .long 0, 0
    .short 0, 0
    .long 0x60000020            /* code, readable, executable */

    .balign PAGE
code:
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
