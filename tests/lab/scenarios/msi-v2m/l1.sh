# MSIs as SPIs, without an ITS: an emulated device's through the frame, and the same through an irqfd.
dd if=/dev/urandom of=disk bs=1M count=4 2>/dev/null
timeout 100 /vmm -M virt,msi=gicv2m -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
 -drive if=none,id=d,format=raw,file=disk -device virtio-blk-pci,drive=d \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null 2>&1
echo "VMM-RC $?"
