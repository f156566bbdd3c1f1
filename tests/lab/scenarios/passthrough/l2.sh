wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
wait_disk /dev/nvme0n1; wait_disk /dev/nvme1n1
echo "L2-SHA-A $(sha256sum < /dev/nvme0n1)"; echo "L2-SHA-B $(sha256sum < /dev/nvme1n1)"
card() { i=0; while [ $1 -d /sys/class/net/eth0 ] && [ $i -lt 60 ]; do sleep 0.2; i=$((i+1)); done; }
for n in 1 2 3 4 5 6 7 8 9 10; do
  echo "L2-WANT-PLUG $n"; card !
  if [ $n = 1 ]; then
    ip link set eth0 up; sleep 3; ip addr add 10.0.2.15/24 dev eth0
    ping -c 2 10.0.2.2 > /dev/null && echo "L2-PING"
  fi
  [ -d /sys/class/net/eth0 ] && echo "L2-CARD $n"
  echo "L2-WANT-UNPLUG $n"; card ""
done
echo "L2-END"
