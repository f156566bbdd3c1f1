# A load that no device takes (post-indexed): the guest gets an external abort, its handler prints A and
# powers off. The program's words: movz x1, #0x900, lsl #16; adr x2, vectors; msr vbar_el1, x2; isb;
# ldr x0, [x1], #8; b . and at vectors + 0x200: "A\\n" to the PL011, PSCI SYSTEM_OFF.
printf '\x01\x20\xa1\xd2\xe2\x3f\x00\x10\x02\xc0\x18\xd5\xdf\x3f\x03\xd5\x20\x84\x40\xf8\x00\x00\x00\x14' > a
dd if=/dev/zero of=pad bs=1 count=2536 2>/dev/null
printf '\x01\x20\xa1\xd2\x26\x08\x80\x52\x26\x00\x00\x39\x46\x01\x80\x52\x26\x00\x00\x39\x00\x80\xb0\xd2\x00\x01\x80\xf2\x02\x00\x00\xd4' > b
cat a pad b > abort.flat
timeout 500 /vmm -M virt -accel kvm -cpu host -m 64 -nodefaults -nographic -serial stdio -kernel abort.flat </dev/null 2>&1
echo "VMM-RC $?"
