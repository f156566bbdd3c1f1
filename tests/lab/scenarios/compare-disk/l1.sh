# Disks in the host's page cache (a tmpfs), each by default and with one aio= for both programs.
M="-M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio"
for i in 1 2 3 4; do dd if=/dev/zero of=$i.img bs=1M count=8 2>/dev/null; done
boot() {
  timeout 900 $(program $1) $M \
   -drive if=none,id=d1,format=raw,file=1.img -device virtio-blk-pci,serial=virtio,drive=d1 \
   -drive if=none,id=d2,format=raw,file=2.img -device nvme,serial=nvme,drive=d2 \
   -drive if=none,id=d3,format=raw,file=3.img,aio=io_uring -device virtio-blk-pci,serial=virtio-uring,drive=d3 \
   -drive if=none,id=d4,format=raw,file=4.img,aio=io_uring -device nvme,serial=nvme-uring,drive=d4 \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1
  rc=$?
  [ $rc = 0 ] || failed $1 $rc
  sed -n 's/.*L2-READS \([a-z-]*\) \([0-9]*\).*/\1 \2/p' log | while read name n; do figure $name $1 $n; done
}
warm_up
for who in $BOTH; do
  boot $who
done
echo "COMPARED"
