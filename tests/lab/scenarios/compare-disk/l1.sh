# Images in the host's page cache: of a file system, which io_uring reads at once, and of a tmpfs, where it asks a thread.
# Each disk is there by default and, so that both programs do the same, with aio=io_uring.
M="-M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio"
mkdir ext4 tmpfs
mount -t ext4 -o noatime /dev/vdb ext4 || echo "L1-FAILED mount"
for i in ext4/1 ext4/2 ext4/3 ext4/4 tmpfs/5 tmpfs/6; do dd if=/dev/zero of=$i bs=1M count=8 2>/dev/null; done
sync
disks=
disk() { disks="$disks -drive if=none,id=d$2,format=raw,file=$1/$2$4 -device $3,drive=d$2"; }
disk ext4 1 virtio-blk-pci,serial=virtio ""
disk ext4 2 nvme,serial=nvme ""
disk ext4 3 virtio-blk-pci,serial=virtio-uring ,aio=io_uring
disk ext4 4 nvme,serial=nvme-uring ,aio=io_uring
disk tmpfs 5 virtio-blk-pci,serial=virtio-tmpfs ,aio=io_uring
disk tmpfs 6 nvme,serial=nvme-tmpfs ,aio=io_uring
boot() {
  timeout 900 $(program $1) $M $disks \
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
