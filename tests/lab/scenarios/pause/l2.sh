echo "L2-LOAD"
while :; do dd if=/dev/urandom bs=64k count=16 2>/dev/null | sha256sum > /dev/null; done &
last=$(cut -d. -f1 /proc/uptime); worst=0
for i in $(seq 60); do
  sleep 0.2; echo "tick $i"
  now=$(cut -d. -f1 /proc/uptime); [ $((now - last)) -gt $worst ] && worst=$((now - last)); last=$now
done
kill %1 2>/dev/null
echo "L2-WORST-GAP $worst"
dmesg | grep -i 'rcu.*stall\|soft lockup\|blocked for' | sed 's/^/L2-COMPLAINT /'
