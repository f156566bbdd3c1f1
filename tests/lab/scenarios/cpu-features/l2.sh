echo "L2-PMU $(dmesg | grep -c 'PMU driver')"
