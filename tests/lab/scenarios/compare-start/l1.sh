# Bare guests without Linux, each program in turn; the first round warms the caches and does not count.
M="-M virt,gic-version=3 -accel kvm -cpu host -m 128 -nodefaults -nographic -serial stdio"
DEVICE="-object iommufd,id=i0 -device pcie-root-port,id=p1,chassis=1 -device vfio-pci,host=0000:01:00.0,bus=p1,iommufd=i0"
ms() { echo "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }
for round in 0 1 2; do
  for who in $BOTH; do
    timeout 60 /lab/stopwatch r -- $(program $who) $M -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
    [ $STATUS = 0 ] || { echo "$who: $STATUS"; cat log; }
    [ $round = 0 ] || figure start $who $(ms $US_1)
    timeout 60 /lab/stopwatch r -- $(program $who) $M $DEVICE -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
    [ $STATUS = 0 ] || { echo "$who with a device: $STATUS"; cat log; }
    [ $round = 0 ] || figure start-device $who $(ms $US_1)
    if [ $round -lt 2 ]; then
      timeout 100 $(program $who) $M -kernel /lab/readloop.flat </dev/null > log 2>&1
      ns=$((0x$(head -c 16 log) / 20000))
      [ $round = 0 ] || figure exit $who $(ms $ns)
    fi
  done
done
for who in $BOTH; do
  timeout 60 /lab/stopwatch r -c /lab/count-ioctls.so -- $(program $who) $M $DEVICE -kernel /lab/hello.flat </dev/null > log 2>&1; . ./r
  figure ioctls $who $IOCTLS_1
done
echo "COMPARED"
