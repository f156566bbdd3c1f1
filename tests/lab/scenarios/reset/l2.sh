grep -q '0-1' /sys/devices/system/cpu/online && echo L2-BOOT
sleep 0.5
reboot -f
