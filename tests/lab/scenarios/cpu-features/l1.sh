# All that the host's CPU has for a guest, then parts of it left out, then what this host has not.
for cpu in host,kvm-steal-time=on host,pmu=off,kvm-steal-time=off,kvm-no-adjvtime=on host,sve=on host,pauth=on; do
  echo "CPU $cpu"
  timeout 500 /vmm -M virt -accel kvm -cpu $cpu -smp 2 -m 512 -nodefaults -nographic -serial stdio \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null 2>&1
  echo "VMM-RC $?"
done
