# A bare .flat program reads the PL011's flag register 20000 times, prints how long that took in
# counter ticks (the host's counter runs at 1 GHz) and calls PSCI SYSTEM_OFF:
#
#      mrs x20, cntvct_el0; movz x1, #0x900, lsl #16; movz x2, #20000
#   1: ldr w3, [x1, #0x18]; subs x2, x2, #1; b.ne 1b
#      mrs x21, cntvct_el0; sub x21, x21, x20; mov x4, #60
#   2: lsr x5, x21, x4; and x5, x5, #15; cmp x5, #10; add x6, x5, #48; add x7, x5, #87
#      csel x6, x6, x7, lo; strb w6, [x1]; subs x4, x4, #4; b.pl 2b
#      mov w6, #10; strb w6, [x1]; movz x0, #0x8400, lsl #16; movk x0, #8; hvc #0; b .
printf '\x54\xe0\x3b\xd5\x01\x20\xa1\xd2\x02\xc4\x89\xd2\x23\x18\x40\xb9\x42\x04\x00\xf1\xc1\xff\xff\x54\x55\xe0\x3b\xd5\xb5\x02\x14\xcb' > loop.flat
printf '\x84\x07\x80\xd2\xa5\x26\xc4\x9a\xa5\x0c\x40\x92\xbf\x28\x00\xf1\xa6\xc0\x00\x91\xa7\x5c\x01\x91\xc6\x30\x87\x9a\x26\x00\x00\x39' >> loop.flat
printf '\x84\x10\x00\xf1\x05\xff\xff\x54\x46\x01\x80\x52\x26\x00\x00\x39\x00\x80\xb0\xd2\x00\x01\x80\xf2\x02\x00\x00\xd4\x00\x00\x00\x14' >> loop.flat
for i in 1 2 3; do
  timeout 60 /vmm -M virt -accel kvm -cpu host -m 64 -nodefaults -nographic -serial stdio -kernel loop.flat </dev/null > log 2>&1
  echo "VMM-RC $? EXIT-NS $((0x$(head -c 16 log) / 20000))"
done
