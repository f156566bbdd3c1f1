wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
wait_disk /dev/nvme0n1; wait_disk /dev/nvme1n1
pids=
for cpu in 1 2 4 8; do
  for disk in 0 1; do
    taskset $cpu diskread /dev/nvme${disk}n1 4 800 > /dev/null && echo "L2-READ" &
    pids="$pids $!"
  done
done
for i in 1 2 3 4; do taskset $i dd if=/dev/nvme0n1 bs=128k iflag=direct 2>/dev/null | cmp - /dev/nvme1n1 || echo "L2-DIFFERENT"; done
wait $pids
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
