# 1, 2 and 8 vCPUs; every CPU of the guest works: forks, pipes, timers, random bytes.
for n in 1 2 8; do
  timeout 500 /vmm -M virt -accel kvm -cpu host -smp $n -m 512 -nodefaults -nographic -serial stdio \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null 2>&1
  echo "VMM-RC-$n $?"
done
