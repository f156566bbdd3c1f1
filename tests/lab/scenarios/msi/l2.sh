dd if=/dev/nvme0n1 of=/dev/null bs=64k count=64 2>/dev/null
grep nvme /proc/interrupts | { sum=0
while read irq cpu0 cpu1 chip rest; do sum=$((sum + cpu0 + cpu1)); last=$chip; done
[ $sum -gt 20 ] && sum=many
echo "L2-MSI $last $sum"; }
echo L2-IDLE
sleep 20
