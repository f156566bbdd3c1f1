for e in /sys/class/input/event*; do echo "L2-INPUT $(cat $e/device/name)"; done
echo L2-WAITS
[ -e /dev/input/event0 ] && head -c 24 /dev/input/event0 > /dev/null && echo L2-PRESSED
