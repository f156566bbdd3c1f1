# A guest reads its assigned disk in strict mode: 4 KiB at random; then, without range invalidation, 2 MiB at a time.
# The second disk is virtio, because NVMe's driver does not map more than 128 KiB at once.
M="-M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio"
boot() {
  who=$1; device=$2; accel=$3; words=$4; shift 4
  cp /lab/AAVMF_VARS.fd vars.fd; rm -f log
  timeout 900 /lab/stopwatch r -c /lab/count-ioctls.so "$@" -- $(program $who) $M $QMP \
   -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=vars.fd \
   -object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on$accel \
   -device pcie-root-port,id=p1,bus=pcie.1,chassis=1,io-reserve=0 -device vfio-pci,host=$device,bus=p1,iommufd=i0 \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1 $words" </dev/null > log 2>&1
  unset INVALIDATIONS_1 INVALIDATIONS_2 CPU_US_3 CPU_US_4; . ./r
  [ $STATUS = 0 ] && [ -n "$INVALIDATIONS_2" ] || failed $who $STATUS
  calls=$((INVALIDATIONS_2 - INVALIDATIONS_1))
}
runs() { waitfor "$1" log 1500; qmp query-smmu | grep -o '"runs": *[0-9]*' | grep -o '[0-9]*$'; }
ratio() { awk "BEGIN { print $1 / $2 }"; }
warm_up
for who in $BOTH; do
  rm -f log
  [ $who = peer ] || { A=$(runs L2-READ-BEGIN); B=$(runs L2-READ-END); echo "$A $B" > runs; } &
  boot $who 0000:01:00.0 "" work=read -w L2-READ-BEGIN -w L2-READ-END -w L2-CPU-BEGIN -w L2-CPU-END
  wait
  # What the reads cost, however long the disk took.
  figure reads $who $(ratio 2000000000 $((CPU_US_4 - CPU_US_3)))
  [ $who = peer ] || { read A B < runs; figure per-run ours $(ratio $calls $((B - A))); }
  boot $who 0000:02:00.0 ,ril=off work=unmap -w L2-UNMAP-READY -w L2-UNMAP-DONE
  figure unmap $who $(ratio $calls 4)
done
echo "COMPARED"
