timeout 500 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 256,slots=2,maxmem=1G -nodefaults -nographic -serial stdio $QMP \
 -object iommufd,id=iommufd0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on \
 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=iommufd0 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1 memhp_default_state=online_movable" </dev/null > vmm.log 2>&1 &
vmm=$!
gone() { i=0; while [ $(grep -c '"DEVICE_DELETED"' qmp.log) -lt $1 ] && [ $i -lt 120 ]; do sleep 0.5; i=$((i+1)); done; }
waitfor 'L2-WANT-MEMORY 1' vmm.log 2400
(
  echo '{"execute":"qmp_capabilities"}'
  for n in 1 2 3; do
    waitfor "L2-WANT-MEMORY $n" vmm.log
    echo '{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"m1","size":268435456}}'
    echo '{"execute":"device_add","arguments":{"driver":"pc-dimm","id":"dimm1","memdev":"m1"}}'
    waitfor "L2-MEMORY-DONE $n" vmm.log
    echo '{"execute":"device_del","arguments":{"id":"dimm1"}}'
    gone $n
    echo '{"execute":"object-del","arguments":{"id":"m1"}}'
  done
  sleep 6
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
cat vmm.log; grep -o DEVICE_DELETED qmp.log | sort | uniq -c; grep -q '"error"' qmp.log && echo "L1-REFUSED"; cat qmp.log
