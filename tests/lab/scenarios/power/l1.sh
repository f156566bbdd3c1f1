# The power button through QMP reaches the guest as an ACPI event. (The lab's kernel has no driver for
# the GPIO key that stands for it without firmware.)
run() {
  rm -f log
  timeout 500 /vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -qmp tcp:127.0.0.1:4444,server=on,wait=off \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" "$@" </dev/null > log 2>&1 &
  vmm=$!
  i=0; while ! grep -q L2-WAITS log && [ $i -lt 100 ]; do sleep 0.5; i=$((i+1)); done
  sleep 1
  (echo '{"execute":"qmp_capabilities"}'; echo '{"execute":"system_powerdown"}'; sleep 1) | timeout 20 nc 127.0.0.1 4444 > qmp.log
  wait $vmm; rc=$?
  grep L2 log; grep -o '"POWERDOWN"' qmp.log; echo "VMM-RC $rc"
}
run -bios /lab/AAVMF_CODE.fd
