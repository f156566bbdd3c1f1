# Bare guests without Linux, each program in turn; the first round warms the caches and does not count.
M="-M virt,gic-version=3 -accel kvm -cpu host -m 128 -nodefaults -nographic -serial stdio"
DEVICE="-object iommufd,id=i0 -device pcie-root-port,id=p1,chassis=1 -device vfio-pci,host=0000:01:00.0,bus=p1,iommufd=i0"
ms() { echo "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }
# What an exit costs, and what of that is KVM's own.
exit_ns() { who=$1; shift; timeout 300 "$@" /lab/readloop.flat </dev/null > log 2>&1 || failed $who $?; ns=$((0x$(head -c 16 log) / 20000)); }
warm_up
exit_ns nobody /lab/bare-exit; kvm=$ns
echo "KVM's part of an exit: $kvm ns"
for round in 0 1; do
  for who in $BOTH; do
    timeout 200 /lab/stopwatch r -- $(program $who) $M -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
    [ $STATUS = 0 ] || failed $who $STATUS
    [ $round = 0 ] || figure start $who $(ms $US_1)
    timeout 200 /lab/stopwatch r -- $(program $who) $M $DEVICE -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
    [ $STATUS = 0 ] || failed $who $STATUS
    [ $round = 0 ] || figure start-device $who $(ms $US_1)
    [ $round = 0 ] || { exit_ns $who $(program $who) $M -kernel; figure exit $who $(ms $ns); figure exit-own $who $(ms $((ns - kvm))); }
  done
done
for who in $BOTH; do
  timeout 200 /lab/stopwatch r -c /lab/count-ioctls.so -- $(program $who) $M $DEVICE -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
  figure ioctls $who $IOCTLS_1
done
echo "COMPARED"
