disk=/dev/vda; [ -b $disk ] || disk=/dev/nvme0n1
mount -t ext4 $disk /root && echo "L2-MOUNTED $disk"
if grep -q round=write /proc/cmdline; then
  rm -rf /root/d; mkdir /root/d
  n=0
  while true; do
    n=$((n+1))
    dd if=/dev/urandom of=/root/d/$n bs=64k count=4 2>/dev/null
    sha256sum /root/d/$n > /root/d/$n.sum
    sync
    echo "SYNCED $n "
    [ $n -ge 40 ] && rm -f /root/d/$((n-39)) /root/d/$((n-39)).sum
  done
fi
dmesg | grep -i 'recovery complete' && echo "L2-REPLAYED"
good=0
for s in /root/d/*.sum; do sha256sum -c $s >/dev/null 2>&1 && good=$((good+1)); done
[ $good -ge 12 ] && echo "L2-GOOD-12"
umount /root
