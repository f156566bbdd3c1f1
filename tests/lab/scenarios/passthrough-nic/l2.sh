i=0; while [ ! -d /sys/class/net/eth0 ] && [ $i -lt 60 ]; do sleep 0.2; i=$((i+1)); done
ip link set eth0 up; sleep 3; ip addr add 10.0.2.15/24 dev eth0
ping -c 3 10.0.2.2 > /dev/null && ok=yes
taken=$(grep -E 'eth0|igb' /proc/interrupts | awk '{ n += $2 + $3 } END { print n + 0 }')
[ $taken -gt 5 ] && taken=some
echo "L2-PING ${ok:-no} driver=$(readlink /sys/class/net/eth0/device/driver | sed 's,.*/,,') interrupts=$taken"
sleep 100
