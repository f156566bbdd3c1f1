dd if=/dev/urandom of=/tmp/d.img bs=1M count=8 2>/dev/null
cp /tmp/d.img /tmp/v.img
echo "L1-SHA $(sha256sum < /tmp/d.img)"
timeout 500 /vmm -M virt,gic-version=3,iommu=smmuv3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
 -device pcie-root-port,id=rp1,chassis=1 -drive if=none,id=d0,format=raw,file=/tmp/d.img -device nvme,serial=a,drive=d0,bus=rp1 \
 -device pcie-root-port,id=rp2,chassis=2 -drive if=none,id=d1,format=raw,file=/tmp/v.img \
 -device virtio-blk-pci,drive=d1,bus=rp2,disable-legacy=on,iommu_platform=on \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=0" </dev/null
echo "VMM-RC $?"
