timeout 200 /vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -object iommufd,id=i0 \
 -qmp tcp:127.0.0.1:4444,server=on,wait=off -trace vfio_msi_interrupt -trace vfio_msix_enable -trace vfio_pci_reset -D trace.log \
 -device pcie-root-port,id=p1,chassis=1,mem-reserve=4M -device vfio-pci,host=0000:01:00.0,bus=p1,iommufd=i0 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > vmm.log 2>&1 &
vmm=$!
seen() { i=0; while [ $(grep -c "$1" vmm.log) -lt $2 ] && [ $i -lt 300 ]; do sleep 0.3; i=$((i+1)); done; }
seen L2-PING 1
(
  echo '{"execute":"qmp_capabilities"}'
  echo '{"execute":"system_reset"}'
  seen L2-PING 2
  echo '{"execute":"quit"}'
  sleep 2
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
grep -E "L2-|warn|error" vmm.log
echo "MSIX-ENABLED $(grep -c vfio_msix_enable trace.log) RESETS $(grep -c vfio_pci_reset trace.log)"
echo "INTERRUPTS-SEEN $(grep -c vfio_msi_interrupt trace.log)"
