wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
movable() { awk '/Node .*zone *Movable/ { on = 1 } on && /present/ { n += $2; on = 0 } END { print n * 4 / 1024 }' /proc/zoneinfo; }
total() { awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo; }
wait_disk /dev/nvme0n1
before=$(total)
for n in 1 2 3; do
  echo "L2-WANT-MEMORY $n"; i=0; while [ $(movable) != 256 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done
  echo "L2-MOVABLE-$n $(movable) MiB"
  # What can be moved takes the new memory first, so that is where the disk writes.
  mkdir -p /tmp/m; mount -t tmpfs -o size=200m none /tmp/m
  for i in $(seq 1 10); do dd if=/dev/nvme0n1 of=/tmp/m/$i bs=1M iflag=direct 2>/dev/null; done
  echo "L2-SHA-$n $(cat /tmp/m/* | sha256sum)" "$(for i in $(seq 1 10); do cat /dev/nvme0n1; done | sha256sum)" | awk '{ print $1, $2 == $4 ? "equal" : "different" }'
  umount /tmp/m
  echo "L2-MEMORY-DONE $n"; i=0; while [ $(movable) != 0 ] && [ $i -lt 120 ]; do sleep 0.5; i=$((i+1)); done
  echo "L2-MEMORY-GONE-$n $(movable) MiB"
done
echo "L2-SHA $(sha256sum < /dev/nvme0n1)"
dmesg -r | grep -E 'arm-smmu-v3.*event|I/O error' | sed 's/^/L2-COMPLAINT /'
