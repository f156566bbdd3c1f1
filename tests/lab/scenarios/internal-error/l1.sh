# The file behind guest RAM is cut short while the guest runs, so the host cannot go on running it.
timeout 500 /vmm -M virt,memory-backend=ram -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
 -object memory-backend-file,id=ram,size=512M,mem-path=ram,share=on -qmp tcp:127.0.0.1:4444,server=on,wait=off \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1 &
vmm=$!
i=0; while ! grep -q L2-BUSY log && [ $i -lt 100 ]; do sleep 0.3; i=$((i+1)); done
(
  echo '{"execute":"qmp_capabilities"}'
  dd if=/dev/zero of=ram bs=1 count=0 2>/dev/null
  i=0; while ! grep -q 'vCPU . stopped' log && [ $i -lt 40 ]; do sleep 0.3; i=$((i+1)); done
  sleep 0.5
  echo '{"execute":"query-status"}'; sleep 0.5; echo '{"execute":"quit"}'; sleep 1
) | timeout 300 nc 127.0.0.1 4444 > qmp.log
wait $vmm; rc=$?
grep 'stopped\|PC=\|PSTATE' log; grep -o '"status": "[a-z-]*"\|"running": [a-z]*' qmp.log; echo "VMM-RC $rc"
