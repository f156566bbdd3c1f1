# A domain that goes invalidates its ASID: through a VCMDQ.
for port in /sys/bus/pci/drivers/pcieport/0000:08:*; do
  device=$(basename $port); group=$(readlink -f $port/iommu_group)
  echo $device > /sys/bus/pci/drivers/pcieport/unbind
  echo "L2-GROUP $device $(cat $group/type)"
  echo identity > $group/type
  echo "L2-NOW $device $(cat $group/type)"
  echo DMA > $group/type
  echo "L2-THEN $device $(cat $group/type)"
done
dmesg | grep -iE "cmdqv|cmd_sync|arm-smmu.*(error|fail)" | sed "s/^/L2-LOG /"
echo "L2-IRQ $(grep -c tegra241-cmdqv /proc/interrupts)"
echo "L2-WANT-LOOK"
sleep 1000
