# The guest reboots itself again and again, and once is reset from outside; then a reboot is made to end the program.
/vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -qmp tcp:127.0.0.1:4444,server=on,wait=off \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1 &
vmm=$!
boots() { i=0; while [ $(grep -c L2-BOOT log) -lt $1 ] && [ $i -lt 150 ]; do sleep 0.3; i=$((i+1)); done; }
listening
(
  echo '{"execute":"qmp_capabilities"}'
  boots 3; sleep 0.7
  echo '{"execute":"system_reset"}'
  boots 5
  echo '{"execute":"set-action","arguments":{"reboot":"shutdown"}}'
  sleep 5
) | timeout 300 nc 127.0.0.1 4444 > qmp.log
wait $vmm; rc=$?
grep L2-BOOT log | head -5; grep -o '"guest-reset"\|"host-qmp-system-reset"' qmp.log | sort | uniq -c; echo "VMM-RC $rc"
timeout 500 /vmm -M virt -accel kvm -cpu host -m 512 -nodefaults -nographic -serial stdio -no-reboot \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null 2>&1
echo "NO-REBOOT-RC $?"
