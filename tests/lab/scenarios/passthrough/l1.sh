M="-M virt -accel kvm -cpu host -nodefaults -nographic -object iommufd,id=i0"
try() { timeout 20 /vmm $M "$@" </dev/null > log 2>&1; echo "RC $? $(wc -l < log) line: $(head -c 300 log)"; }
try -device vfio-pci,host=0000:03:00.0,iommufd=i0
try -device vfio-pci,host=0000:77:00.0,iommufd=i0
try -device vfio-pci,host=0000:02:00.0
try -device vfio-pci,host=0000:02:00.0,iommufd=i0 -device vfio-pci,host=0000:02:00.0,iommufd=i0
run() {
  timeout 500 /vmm $M -smp 2 -m 512 -serial stdio -qmp tcp:127.0.0.1:4444,server=on,wait=off \
   -device pcie-root-port,id=p1,chassis=1 -device pcie-root-port,id=p2,chassis=2,mem-reserve=2M -trace vfio_msi_interrupt -D trace.log \
   -device vfio-pci,host=0000:01:00.0,bus=p1,addr=0.0,multifunction=on,iommufd=i0 -device vfio-pci,host=0000:01:00.1,bus=p1,addr=0.1,iommufd=i0 "$@" \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet"
}
run </dev/null > first.log 2>&1 &
i=0; while ! grep -q L2-SHA-A first.log && [ $i -lt 100 ]; do sleep 0.3; i=$((i+1)); done
kill -9 $(pidof vmm); wait; echo "KILLED"
run </dev/null > vmm.log 2>&1 &
vmm=$!
seen() { i=0; while ! grep -q "$1" vmm.log && [ $i -lt 300 ]; do sleep 0.3; i=$((i+1)); done; }
seen L2-UP
gone() { i=0; while [ $(grep -c '"DEVICE_DELETED".*net0"' qmp.log) -lt $1 ] && [ $i -lt 100 ]; do sleep 0.3; i=$((i+1)); done; }
(
  echo '{"execute":"qmp_capabilities"}'
  for n in 1 2 3 4 5 6 7 8 9 10; do
    seen "L2-WANT-PLUG $n[^0-9]"
    echo '{"execute":"device_add","arguments":{"driver":"vfio-pci","id":"net0","host":"0000:02:00.0","bus":"p2","iommufd":"i0"}}'
    seen "L2-WANT-UNPLUG $n[^0-9]"
    echo '{"execute":"device_del","arguments":{"id":"net0"}}'
    gone $n
  done
  seen L2-DONE
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
grep L2- vmm.log; echo "INTERRUPTS-SEEN $(grep -c vfio_msi_interrupt trace.log)"; grep error qmp.log
