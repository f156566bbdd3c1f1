for msi in its gicv2m; do
  /vmm -M virt,gic-version=3,msi=$msi -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio $QMP \
    -blockdev driver=null-co,read-zeroes=on,size=16M,node-name=n -device nvme,drive=n,serial=1 \
    -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1 &
  vmm=$!
  waitfor L2-IDLE log 1200
  sleep 1
  hmp() { (echo '{"execute":"qmp_capabilities"}'; echo "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"$1\"}}"; sleep 1) | timeout 20 nc 127.0.0.1 4444 | tail -n 1; }
  # An idle CPU stands behind a WFI; this one may be busy when we look.
  for i in 1 2 3 4 5 6 7 8; do
    pc=$(hmp "info registers" | grep -o 'PC=[0-9a-f]*' | cut -d= -f2)
    at=0x$(printf %x $((0x$pc - 4)))
    look=$(hmp "x /xw $at" | tail -c 60)
    case $look in *0xd503207f*) break ;; esac
  done
  echo "LOOK $look"
  wait $vmm; rc=$?
  grep '^L2-' log
  echo "VMM-RC $rc $msi"
done
