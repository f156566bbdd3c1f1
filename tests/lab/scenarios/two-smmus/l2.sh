i=0; while { [ ! -b /dev/nvme0n1 ] || [ ! -b /dev/nvme1n1 ]; } && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
dd if=/dev/nvme0n1 of=/dev/null bs=4k count=500 iflag=direct 2>/dev/null &
dd if=/dev/nvme1n1 of=/dev/null bs=4k count=500 iflag=direct 2>/dev/null &
dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=16 seek=64 oflag=direct 2>/dev/null
dd if=/dev/zero of=/dev/nvme1n1 bs=64k count=16 seek=64 oflag=direct 2>/dev/null
wait
for d in 0 1; do echo "L2-ZERO $(dd if=/dev/nvme${d}n1 bs=64k count=16 skip=64 iflag=direct 2>/dev/null | sha256sum)"; done
echo L2-LOOK; sleep 3
