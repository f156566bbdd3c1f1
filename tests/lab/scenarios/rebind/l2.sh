wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
wait_disk /dev/nvme0n1
d=$(basename $(readlink -f /sys/block/nvme0n1/device/device))
good=0
for n in 1 2 3 4 5 6 7 8 9 10; do
  dd if=/dev/nvme0n1 of=/dev/null bs=4k count=100 iflag=direct 2>/dev/null &
  echo $d > /sys/bus/pci/drivers/nvme/unbind
  wait
  echo $d > /sys/bus/pci/drivers/nvme/bind
  wait_disk /dev/nvme0n1
  [ "$(dd if=/dev/nvme0n1 bs=64k count=4 skip=$n iflag=direct 2>/dev/null | wc -c)" = 262144 ] && good=$((good+1))
done
echo "L2-GOOD $good"
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
