# Each line ends with status 1 and one sentence (more than one only where a hint follows it).
IOMMUFD="-object iommufd,id=i0" PXB="-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0" SMMU="-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on"
PORT="-device pcie-root-port,id=p1,bus=pcie.1,chassis=1" DISK="-device vfio-pci,host=0000:01:00.0,bus=p1,iommufd=i0"
try() { what=$1; shift; timeout 60 /vmm -accel kvm -cpu host -m 128 -nodefaults -nographic "$@" </dev/null > log 2>&1; echo "WRONG $what: RC $? $(wc -l < log) line: $(head -c 400 log | tr '\n' ' ')"; }
V="-M virt,gic-version=3"
try acpi-off        -M virt,gic-version=3,acpi=off $IOMMUFD $PXB $SMMU $PORT $DISK
try irqchip-off     -M virt,gic-version=3,kernel-irqchip=off $IOMMUFD $PXB $SMMU $PORT $DISK
try stage-2         $V $IOMMUFD $PXB $SMMU,stage=2 $PORT $DISK
try stage-nested    $V $IOMMUFD $PXB $SMMU,stage=nested $PORT $DISK
try no-bus          $V $IOMMUFD $PXB -device arm-smmuv3,id=s1,accel=on $PORT $DISK
try unknown-bus     $V $IOMMUFD $PXB -device arm-smmuv3,primary-bus=nowhere,id=s1,accel=on $PORT $DISK
try port-as-bus     $V $IOMMUFD $PXB $PORT -device arm-smmuv3,primary-bus=p1,id=s1,accel=on
try twice           $V $IOMMUFD $PXB $SMMU -device arm-smmuv3,primary-bus=pcie.1,id=s2,accel=on
try machine-too     -M virt,gic-version=3,iommu=smmuv3 $IOMMUFD $PXB $SMMU $PORT $DISK
try oas             $V $IOMMUFD $PXB $SMMU,oas=13 $PORT $DISK
try oas-host        $V $IOMMUFD $PXB $SMMU,oas=48 $PORT $DISK
try ssidsize        $V $IOMMUFD $PXB $SMMU,ssidsize=21 $PORT $DISK
try ssidsize-host   $V $IOMMUFD $PXB $SMMU,ssidsize=20 $PORT $DISK
try ats-host        $V $IOMMUFD $PXB $SMMU,ats=on $PORT $DISK
try ril-word        $V $IOMMUFD $PXB $SMMU,ril=maybe $PORT $DISK
try accel-word      $V $IOMMUFD $PXB -device arm-smmuv3,primary-bus=pcie.1,accel=perhaps
try no-property     $V $IOMMUFD $PXB $SMMU,colour=blue
try emulated-disk   $V $IOMMUFD $PXB $SMMU $PORT -drive if=none,id=d,format=raw,file=/lab/l1.sh,readonly=on -device nvme,drive=d,serial=x,bus=p1
try no-iommufd      $V $PXB $SMMU $PORT -device vfio-pci,host=0000:01:00.0,bus=p1
try unknown-iommufd $V $PXB $SMMU $PORT $DISK
try device-first    $V $IOMMUFD $PXB $PORT $DISK $SMMU
try not-bound       $V $IOMMUFD $PXB $SMMU $PORT -device vfio-pci,host=0000:02:00.0,bus=p1,iommufd=i0
try no-such-device  $V $IOMMUFD $PXB $SMMU $PORT -device vfio-pci,host=0000:55:00.0,bus=p1,iommufd=i0
try bad-address     $V $IOMMUFD $PXB $SMMU $PORT -device vfio-pci,host=banana,bus=p1,iommufd=i0
try same-twice      $V $IOMMUFD $PXB $SMMU $PORT $DISK -device pcie-root-port,id=p2,bus=pcie.1,chassis=2 -device vfio-pci,host=0000:01:00.0,bus=p2,iommufd=i0
try two-iommufds    $V $IOMMUFD -object iommufd,id=i0 $PXB $SMMU $PORT $DISK
echo "WRONG-END"
# After all that the device is free: a bare guest starts with it.
timeout 60 /vmm $V -accel kvm -cpu host -m 128 -nodefaults -nographic -serial stdio $IOMMUFD $PXB $SMMU $PORT $DISK -kernel /lab/hello.flat </dev/null
echo "VMM-RC $?"
