echo "L2-FORM $(grep -o 'form=[a-z]*' /proc/cmdline)"
