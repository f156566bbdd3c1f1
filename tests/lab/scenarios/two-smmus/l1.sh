report vmm.log &
{ timeout 300 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio $QMP \
 -object iommufd,id=iommufd0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device pxb-pcie,id=pcie.2,bus_nr=32,bus=pcie.0 \
 -device arm-smmuv3,primary-bus=pcie.1,id=smmu1,accel=on -device arm-smmuv3,primary-bus=pcie.2,id=smmu2,accel=on \
 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1,io-reserve=0 -device pcie-root-port,id=port2,bus=pcie.2,chassis=2,io-reserve=0 \
 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=iommufd0 -device vfio-pci,host=0000:02:00.0,bus=port2,iommufd=iommufd0 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null
echo "VMM-RC $?"; } | tee vmm.log
wait
cat smmu.report
