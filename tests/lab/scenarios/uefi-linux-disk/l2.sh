echo "L2-UP $(cat /proc/cmdline)"
dmesg -r | grep -E '^<[0-4]>' | grep -vE '\] (\*|$)' | sed 's/^/L2-COMPLAINT /'
