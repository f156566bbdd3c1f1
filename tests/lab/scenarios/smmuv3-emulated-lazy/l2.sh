i=0; while [ ! -b /dev/nvme0n1 ] || [ ! -b /dev/vda ]; do sleep 0.5; i=$((i+1)); [ $i -lt 60 ] || break; done
[ "$(sha256sum < /dev/nvme0n1)" = "$(sha256sum < /dev/vda)" ] && echo "L2-SAME"
for g in /sys/kernel/iommu_groups/*; do echo "L2-GROUP $(ls $g/devices) $(cat $g/type)"; done
for d in nvme0n1 vda; do
  dd if=/dev/zero of=/dev/$d bs=64k count=16 seek=64 oflag=direct 2>/dev/null; sync
  echo "L2-ZERO $(dd if=/dev/$d bs=64k count=16 skip=64 iflag=direct 2>/dev/null | sha256sum)"
  dd if=/dev/$d of=/dev/null bs=4k count=500 iflag=direct 2>/dev/null && echo "L2-READ $d"
done
