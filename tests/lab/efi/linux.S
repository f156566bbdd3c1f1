/*
 * An EFI application (UEFI 2.10, AArch64 calling convention) that starts \Image
 * of the file system it came from, with a command line and \initrd: a boot
 * loader for firmware without a shell.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .include "pe.inc"

    .set BOOT_SERVICES, 96      /* of the system table */
    .set HANDLE_PROTOCOL, 152   /* of the boot services */
    .set LOAD_IMAGE, 200
    .set START_IMAGE, 208
    .set DEVICE_HANDLE, 24      /* of the loaded image protocol */
    .set LOAD_OPTIONS_SIZE, 48
    .set LOAD_OPTIONS, 56
    .set PATH_END, 0x7f         /* type of a device path's last node */

    .set IMAGE, 32              /* our frame */
    .set FOUND, 40
    .set PATH, 48
    .set PATH_ROOM, 448
    .set FRAME, PATH + PATH_ROOM

/* x0 = interface \guid of handle x0; leaves for `failed` with the status in x0 */
    .macro interface guid
    adr x1, \guid
    add x2, sp, #FOUND
    ldr x3, [x20, #HANDLE_PROTOCOL]
    blr x3
    cbnz x0, failed
    ldr x0, [sp, #FOUND]
    .endm

entry:
    stp x29, x30, [sp, #-FRAME]!
    stp x19, x20, [sp, #16]
    mov x19, x0
    ldr x20, [x1, #BOOT_SERVICES]
    interface loaded_image
    ldr x0, [x0, #DEVICE_HANDLE]
    interface device_path

    /* The device's path up to its end, then the file's; nodes are type, subtype, length. */
    add x1, sp, #PATH
    add x4, x1, #PATH_ROOM - (file_path_end - file_path)
node:
    ldrb w2, [x0]
    cmp w2, #PATH_END
    b.eq append
    ldrh w2, [x0, #2]
    add x3, x1, x2
    cmp x3, x4
    b.hi too_long
byte:
    ldrb w3, [x0], #1
    strb w3, [x1], #1
    subs w2, w2, #1
    b.ne byte
    b node
append:
    adr x0, file_path
    mov w2, #file_path_end - file_path
rest:
    ldrb w3, [x0], #1
    strb w3, [x1], #1
    subs w2, w2, #1
    b.ne rest

    mov x0, #0
    mov x1, x19
    add x2, sp, #PATH
    mov x3, #0
    mov x4, #0
    add x5, sp, #IMAGE
    ldr x6, [x20, #LOAD_IMAGE]
    blr x6
    cbnz x0, failed
    ldr x0, [sp, #IMAGE]
    interface loaded_image
    mov w1, #options_end - options
    str w1, [x0, #LOAD_OPTIONS_SIZE]
    adr x1, options
    str x1, [x0, #LOAD_OPTIONS]
    ldr x0, [sp, #IMAGE]
    mov x1, #0
    mov x2, #0
    ldr x3, [x20, #START_IMAGE]
    blr x3
    b failed                    /* Linux does not come back */
too_long:
    mov x0, #1
    orr x0, x0, #1 << 63        /* EFI_LOAD_ERROR */
failed:
    ldp x19, x20, [sp, #16]
    ldp x29, x30, [sp], #FRAME
    ret

    .balign 8
loaded_image:
    .long 0x5b1b31a1
    .short 0x9562, 0x11d2
    .byte 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
device_path:
    .long 0x09576e91
    .short 0x6d3f, 0x11d2
    .byte 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b

    .macro wide text:vararg
    .irpc c, \text
    .ascii "\c\0"
    .endr
    .endm
file_path:
    .byte 4, 4                  /* media, file path */
    .short file_path_last - file_path
    .ascii "\\\0"
    wide Image
    .short 0
file_path_last:
    .byte PATH_END, 0xff, 4, 0
file_path_end:
    .balign 2
options:
    wide Image
    .ascii " \0"
    wide "console=ttyAMA0 quiet"
    .ascii " \0"
    wide "initrd=initrd"
    .short 0
options_end:
    .balign PAGE
end:
