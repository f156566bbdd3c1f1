dd if=/dev/urandom of=/tmp/d.img bs=1M count=8 2>/dev/null
timeout 500 /vmm -M virt,gic-version=3,iommu=smmuv3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
 -device pcie-root-port,id=rp1,chassis=1 -device nvme-subsys,id=sub \
 -device nvme,id=n0,serial=a,bus=rp1,subsys=sub,sriov_max_vfs=9,sriov_vq_flexible=18,sriov_vi_flexible=9,max_ioqpairs=22,msix_qsize=14 \
 -drive if=none,id=d0,format=raw,file=/tmp/d.img -device nvme-ns,bus=n0,drive=d0 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1 nvme_core.multipath=N" </dev/null
echo "VMM-RC $?"
