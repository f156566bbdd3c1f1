i=0; while [ ! -b /dev/nvme0n1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done
diskread /dev/nvme0n1 1 200 > /dev/null
for i in 1 2 3; do echo "L2-READS $(diskread /dev/nvme0n1 1 500)"; done
for i in 1 2 3; do echo "L2-READS-8 $(diskread /dev/nvme0n1 8 1600)"; done
