disks() { ls /dev/nvme*n1 /dev/vd? 2>/dev/null; }
until_disks() { i=0; while [ $(disks | wc -l) -ne $1 ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done; }
for n in 1 2 3 4 5 6 7 8 9 10; do
  echo "L2-WANT-PLUG $n "
  until_disks 2
  for d in $(disks); do
    (while dd if=$d of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null; do :; done) &
  done
  sleep 1
  echo "L2-WANT-UNPLUG $n $(disks | tr '\n' ' ')"
  until_disks 0
  wait
  echo "L2-GONE $n $(disks | wc -l)"
done
