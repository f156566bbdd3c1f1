echo "L2-READ $(dd if=/dev/vda bs=64k iflag=direct 2>/dev/null | wc -c)"
grep 'virtio0' /proc/interrupts
