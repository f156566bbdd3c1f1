wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
wait_disk /dev/nvme0n1
while [ ! -e /enough ]; do dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct 2>/dev/null || { echo L2-NEIGHBOUR-FAILED; break; }; done &
for n in 1 2 3 4 5 6 7 8 9 10; do
  echo "L2-WANT-PLUG $n "; wait_disk /dev/nvme1n1
  dd if=/dev/nvme1n1 bs=64k count=16 iflag=direct 2>/dev/null | wc -c | sed "s/^/L2-READ $n /"
  dd if=/dev/nvme1n1 of=/dev/null bs=4k iflag=direct 2>/dev/null &
  reader=$!
  echo "L2-WANT-UNPLUG $n "; i=0; while [ -b /dev/nvme1n1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done
  wait $reader
done
touch /enough; wait
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
