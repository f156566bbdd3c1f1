i=0; while [ ! -b /dev/nvme0n1 ] && [ $i -lt 40 ]; do sleep 0.5; i=$((i+1)); done
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
for g in /sys/kernel/iommu_groups/*; do echo "L2-GROUP $(ls $g/devices) $(cat $g/type)"; done
dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=16 seek=64 oflag=direct 2>/dev/null; sync
echo "L2-ZERO $(dd if=/dev/nvme0n1 bs=64k count=16 skip=64 iflag=direct 2>/dev/null | sha256sum)"
time dd if=/dev/nvme0n1 of=/dev/null bs=4k count=500 iflag=direct
