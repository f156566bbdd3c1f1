# Ten seconds' pause under load: the guest's clock does not see it, nothing is lost.
timeout 500 /vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -qmp tcp:127.0.0.1:4444,server=on,wait=off \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1 &
vmm=$!
i=0; while ! grep -q L2-LOAD log && [ $i -lt 100 ]; do sleep 0.5; i=$((i+1)); done
(
  echo '{"execute":"qmp_capabilities"}'
  echo '{"execute":"stop"}'; sleep 1; before=$(wc -c < log); sleep 9; after=$(wc -c < log)
  echo "STOOD $((after - before))" > stood
  echo '{"execute":"human-monitor-command","arguments":{"command-line":"info registers -s"}}'
  echo '{"execute":"query-status"}'; echo '{"execute":"cont"}'; sleep 1; echo '{"execute":"query-status"}'
  for i in 1 2 3 4 5 6 7 8 9 10; do echo '{"execute":"stop"}'; echo '{"execute":"cont"}'; done
  sleep 1
) | timeout 300 nc 127.0.0.1 4444 > qmp.log
wait $vmm; rc=$?
# TCR_EL1 and VBAR_EL1 of a kernel that runs are not zero
grep -oE "S3_0_C(2_C0_2|12_C0_0)=[0-9a-f]{16}" qmp.log | sed 's/=0*$/=ZERO/; s/=.*[1-9a-f].*/=SET/'
cat stood; grep -o '"status": "[a-z]*"' qmp.log; grep L2 log; echo "VMM-RC $rc"
