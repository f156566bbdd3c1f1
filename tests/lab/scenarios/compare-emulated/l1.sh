# The same disk, as NVMe behind the emulated SMMU in strict mode.
M="-accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio"
dd if=/dev/urandom of=d.img bs=1M count=8 2>/dev/null
boot() {
  who=$1; machine=$2
  timeout 900 $(program $who) -M virt,gic-version=3$machine $M \
   -device pcie-root-port,id=p1,chassis=1 -drive if=none,id=d0,format=raw,file=d.img -device nvme,serial=a,drive=d0,bus=p1 \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null > log 2>&1
  rc=$?
  [ $rc = 0 ] || failed $who $rc
}
reads() {
  for n in $(sed -n 's/.*L2-READS \([0-9]*\).*/\1/p' log); do figure $1 $who $n; done
  for n in $(sed -n 's/.*L2-READS-8 \([0-9]*\).*/\1/p' log); do figure $1-8 $who $n; done
}
warm_up
for round in 1; do
  for who in $BOTH; do
    boot $who ,iommu=smmuv3; reads smmu-reads
  done
done
echo "COMPARED"
