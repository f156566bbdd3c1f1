wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
boot=$(sed -n 's/.*lab.boot=//p' /proc/cmdline)
boot=${boot:-1}
wait_disk /dev/nvme0n1
echo "L2-BOOT $boot CPUS $(grep -c ^processor /proc/cpuinfo) TABLES $(ls /sys/firmware/acpi/tables | tr '\n' ' ')"
echo "L2-BOOT $boot SHA $(sha256sum < /dev/nvme0n1)"
for g in /sys/kernel/iommu_groups/*; do echo "L2-BOOT $boot GROUP $(ls $g/devices) $(cat $g/type) $(tr '\n' ';' < $g/reserved_regions)"; done
grep nvme0q1 /proc/interrupts
dmesg -r | grep -E '^<[0-3]>|arm-smmu-v3.*event' | sed 's/^/L2-COMPLAINT /'
if [ $boot -lt 3 ]; then
  wait_disk /dev/vdb
  # Whatever of its memory this kernel takes for free is overwritten before the next one looks for its tables.
  dd if=/dev/zero of=/tmp/fill bs=1M count=300 2>/dev/null; rm /tmp/fill
  cat /dev/vda > /tmp/Image; cat /dev/vdb > /tmp/initrd
  kexec /tmp/Image /tmp/initrd "console=ttyAMA0 quiet iommu.strict=1 lab.boot=$((boot+1))"
fi
