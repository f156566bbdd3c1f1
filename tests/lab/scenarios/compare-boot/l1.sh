# The same guest: without devices; with an assigned device behind an accelerated SMMU, with and without UEFI.
M="-M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio"
ACCEL="-object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on
 -device pcie-root-port,id=p1,bus=pcie.1,chassis=1,io-reserve=0 -device vfio-pci,host=0000:01:00.0,bus=p1,iommufd=i0"
seconds() { echo "$(($1 / 1000000)).$(printf %03d $(($1 / 1000 % 1000)))"; }
mib() { echo "$(($1 / 1024)).$(($1 % 1024 * 10 / 1024))"; }
warm_up
boot() {
  who=$1; shift
  timeout 500 /lab/stopwatch r -w L2-UP -- $(program $who) $M "$@" -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1
  unset US_1 KIB_1; . ./r
  [ $STATUS = 0 ] && [ -n "$US_1" ] || { failed $who $STATUS; US_1=0 KIB_1=0; }
}
uefi() {
  cp /lab/AAVMF_VARS.fd vars.fd
  boot $1 -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=vars.fd $ACCEL
}
for round in 1 2; do
  for who in $BOTH; do
    boot $who; figure memory $who $(mib $KIB_1)
    uefi $who; figure init-uefi $who $(seconds $US_1); figure memory-uefi $who $(mib $KIB_1)
    [ $who = ours ] || figure init-direct $who $(seconds $US_1)
  done
  boot ours $ACCEL; figure init-direct ours $(seconds $US_1)
done
echo "COMPARED"
