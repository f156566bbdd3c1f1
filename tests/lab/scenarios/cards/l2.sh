card() { i=0; while [ ! -d /sys/class/net/$1 ] && [ $i -lt 60 ]; do sleep 0.2; i=$((i+1)); done; }
card eth0; card eth1
for n in eth0 eth1; do
  driver=$(basename $(readlink /sys/class/net/$n/device/driver))
  net=10.0.2; [ $driver = igb ] || net=10.0.3
  ip link set $n up; i=0; while [ "$(cat /sys/class/net/$n/carrier 2>/dev/null)" != 1 ] && [ $i -lt 60 ]; do sleep 0.2; i=$((i+1)); done
  ip addr add $net.15/24 dev $n
  ping -c 3 $net.2 > /dev/null && echo "L2-PING $driver"
done
