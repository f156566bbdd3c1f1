grep ' / ' /proc/mounts
echo "L2-BOOTS $(cat /count 2>/dev/null)"
echo "$(cat /count 2>/dev/null)x" > /count
sync; mount -o remount,ro /
