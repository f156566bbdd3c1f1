# The guest finds its kernel and its initramfs on two disks, for kexec_file_load; a disk has whole sectors.
{ cat /lab/l2.cpio.gz; head -c 512 /dev/zero; } > initrd
guest() {
    timeout 500 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio "$@" \
     -object iommufd,id=iommufd0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on \
     -device pcie-root-port,id=port1,bus=pcie.1,chassis=1,io-reserve=0,mem-reserve=2M,pref64-reserve=2M \
     -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=iommufd0 \
     -drive if=none,id=image,format=raw,readonly=on,file=/lab/Image -device virtio-blk-pci,drive=image,addr=10 \
     -drive if=none,id=initrd,format=raw,readonly=on,file=initrd -device virtio-blk-pci,drive=initrd,addr=11 \
     -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null
    echo "VMM-RC $?"
}
echo "L1-NO-FIRMWARE"
guest
echo "L1-UEFI"
guest -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=AAVMF_VARS.fd
