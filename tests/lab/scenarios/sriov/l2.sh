dev=/sys/bus/pci/devices
pf=$(cd $dev && grep -l 0x010802 */class | cut -d/ -f1)
i=0; while [ ! -b /dev/nvme0n1 ]; do sleep 0.5; i=$((i+1)); [ $i -lt 60 ] || break; done
echo "L2-TOTAL $(cat $dev/$pf/sriov_totalvfs)"
echo 0 > $dev/$pf/sriov_drivers_autoprobe
echo 9 > $dev/$pf/sriov_numvfs
echo 1 > $dev/$pf/sriov_drivers_autoprobe
echo "L2-VFS $(ls -d $dev/$pf/virtfn* | wc -l) last $(basename $(readlink $dev/$pf/virtfn8))"
for vf in 1 9; do
  bdf=$(basename $(readlink $dev/$pf/virtfn$((vf - 1))))
  nvme-admin /dev/nvme0 0x1c $((vf << 16 | 8)) 2 && nvme-admin /dev/nvme0 0x1c $((vf << 16 | 0x108)) 1 &&
    nvme-admin /dev/nvme0 0x1c $((vf << 16 | 9)) 0
  echo $bdf > /sys/bus/pci/drivers/nvme/bind
  i=0; while ! ls $dev/$bdf/nvme/nvme*/nvme*n1 >/dev/null 2>&1; do sleep 0.5; i=$((i+1)); [ $i -lt 60 ] || break; done
  disk=/dev/$(cd $dev/$bdf/nvme/nvme*/ && ls -d nvme*n1)
  i=0; while [ ! -b $disk ]; do sleep 0.5; i=$((i+1)); [ $i -lt 60 ] || break; done
  [ "$(sha256sum < $disk)" = "$(sha256sum < /dev/nvme0n1)" ] && echo "L2-SAME $vf"
  dd if=/dev/zero of=$disk bs=64k count=4 seek=$vf oflag=direct 2>/dev/null
  echo "L2-GROUP $vf $(ls $dev/$bdf/iommu_group/devices | wc -l) $(cat $dev/$bdf/iommu_group/type)"
  echo "L2-ZERO $(dd if=/dev/nvme0n1 bs=64k count=4 skip=$vf iflag=direct 2>/dev/null | sha256sum)"
  echo 1 > $dev/$bdf/reset && echo "L2-FLR $vf"
done
echo 0 > $dev/$pf/sriov_numvfs
echo "L2-GONE $(ls -d $dev/$pf/virtfn* 2>/dev/null | wc -l) $(ls $dev | grep -c "${pf%%.*}")"
