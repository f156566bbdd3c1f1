cpus=$(grep -c ^processor /proc/cpuinfo)
work() {
  for i in 1 2 3 4 5; do
    n=$(taskset $1 dd if=/dev/urandom bs=4k count=8 2>/dev/null | taskset $1 wc -c)
    [ "$n" = 32768 ] || { echo "L2-WRONG cpu mask $1: $n"; return; }
    taskset $1 sleep 0.05
  done
  echo "L2-WORKED $1"
}
pids=; i=0
while [ $i -lt $cpus ]; do work $(printf '%x' $((1 << i))) & pids="$pids $!"; i=$((i+1)); done
wait $pids
echo "L2-CPUS $cpus $(cat /sys/devices/system/cpu/online)"
