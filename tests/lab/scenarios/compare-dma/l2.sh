wait_disk() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
case $(cat /proc/cmdline) in
*work=read*)
  wait_disk /dev/nvme0n1
  diskread /dev/nvme0n1 1 200 > /dev/null
  echo L2-READ-BEGIN; sleep 3
  diskread /dev/nvme0n1 1 500 > /dev/null
  echo L2-READ-END; sleep 3
  echo L2-CPU-BEGIN
  diskread /dev/nvme0n1 1 2000 > /dev/null
  echo L2-CPU-END ;;
*)
  wait_disk /dev/vda
  echo 4 > /proc/sys/vm/nr_hugepages
  echo 2048 > /sys/block/vda/queue/max_sectors_kb
  bigread /dev/vda 4 2>&1 ;;
esac
