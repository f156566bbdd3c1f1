mount -t tmpfs -o size=400m t /tmp
dd if=/dev/zero of=/tmp/fill bs=1M count=150 2>/dev/null
echo "L2-SUM $(sha256sum < /tmp/fill)"
echo "L2-MEM $(awk '/MemTotal/ { print int($2 / 1024 / 100) }' /proc/meminfo)"
grep 'System RAM' /proc/iomem | tail -1
