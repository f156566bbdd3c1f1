timeout 500 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio $QMP \
 -object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmu1,accel=on \
 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1,io-reserve=0 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=i0 \
 -device pcie-root-port,id=port2,bus=pcie.1,chassis=2,io-reserve=0,mem-reserve=2M,pref64-reserve=2M \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null > vmm.log 2>&1 &
vmm=$!
gone() { i=0; while [ $(grep -c '"DEVICE_DELETED".*hp0"' qmp.log) -lt $1 ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done; }
waitfor L2-WANT-PLUG vmm.log 1200
(
  echo '{"execute":"qmp_capabilities"}'
  for n in 1 2 3 4 5 6 7 8 9 10; do
    waitfor "L2-WANT-PLUG $n[^0-9]" vmm.log 900
    echo '{"execute":"device_add","arguments":{"driver":"vfio-pci","id":"hp0","host":"0000:02:00.0","bus":"port2","iommufd":"i0"}}'
    waitfor "L2-WANT-UNPLUG $n[^0-9]" vmm.log 900
    echo '{"execute":"device_del","arguments":{"id":"hp0"}}'
    gone $n
  done
  waitfor L2-DONE vmm.log 900
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
grep L2- vmm.log; echo "$(grep -c '"DEVICE_DELETED".*hp0"' qmp.log) DELETED"; grep error qmp.log
