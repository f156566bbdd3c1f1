timeout 500 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -qmp tcp:127.0.0.1:4444,server=on,wait=off \
 -object iommufd,id=iommufd0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on \
 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 -device pcie-root-port,id=port2,bus=pcie.1,chassis=2 \
 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=iommufd0 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null > vmm.log 2>&1 &
vmm=$!
seen() { i=0; while ! grep -q "$1" vmm.log && [ $i -lt 240 ]; do sleep 0.5; i=$((i+1)); done; }
gone() { i=0; while [ $(grep -c '"DEVICE_DELETED".*hp0"' qmp.log) -lt $1 ] && [ $i -lt 60 ]; do sleep 0.5; i=$((i+1)); done; }
seen 'L2-WANT-PLUG 1'
(
  echo '{"execute":"qmp_capabilities"}'
  for n in 1 2 3; do
    seen "L2-WANT-PLUG $n"
    echo '{"execute":"device_add","arguments":{"driver":"vfio-pci","id":"hp0","host":"0000:02:00.0","bus":"port2","iommufd":"iommufd0"}}'
    seen "L2-WANT-UNPLUG $n"
    echo '{"execute":"device_del","arguments":{"id":"hp0"}}'
    gone $n
  done
  sleep 6
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
cat vmm.log; grep -o DEVICE_DELETED qmp.log | sort | uniq -c; cat qmp.log
