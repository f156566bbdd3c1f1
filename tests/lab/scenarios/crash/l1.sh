# The program is killed in the middle of a guest's work and started again at once, three times.
for n in 1 2 3; do
  /vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log.$n 2>&1 &
  vmm=$!
  i=0; while ! grep -q L2-BUSY log.$n && [ $i -lt 100 ]; do sleep 0.3; i=$((i+1)); done
  [ $n = 3 ] || { kill -9 $vmm; wait $vmm; echo "KILLED-$n $?"; }
done
wait $vmm; rc=$?
grep L2 log.3; echo "VMM-RC $rc"
