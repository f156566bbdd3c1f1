run() {
  timeout 300 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
   -object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmu1,accel=on \
   -device pcie-root-port,id=port1,bus=pcie.1,chassis=1,io-reserve=0 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=i0 \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1 $1" </dev/null
}
for n in 1 2 3; do
  run work=endless > log.$n 2>&1 &
  waitfor L2-BUSY log.$n 1200; sleep 0.$n
  kill -9 $(pidof vmm); wait
  echo "KILLED $n $(grep -c L2-BUSY log.$n)"
done
run "" 2>&1
echo "VMM-RC $?"
