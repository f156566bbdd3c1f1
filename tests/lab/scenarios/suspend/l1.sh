sleeper() {
  /vmm -machine virt -accel kvm -cpu host -m 128 -nodefaults -display none -serial stdio $QMP -kernel /lab/sleeper.flat </dev/null > log 2>&1 &
  vmm=$!
  listening
  waitfor 'woke by its timer' log
  sleep 2
}
sleeper
(echo '{"execute":"qmp_capabilities"}'; echo '{"execute":"human-monitor-command","arguments":{"command-line":"info registers"}}'; sleep 1
 echo '{"execute":"query-status"}'; sleep 1
 echo '{"execute":"system_wakeup"}'; sleep 2) | timeout 20 nc 127.0.0.1 4444 | grep -oE 'X02=0*2|"status": *"suspended"|"WAKEUP"|suspended state'
wait $vmm; rc=$?
cat log
echo "VMM-RC $rc"
# A reset while it sleeps: it starts anew.
sleeper
(echo '{"execute":"qmp_capabilities"}'; echo '{"execute":"query-current-machine"}'; echo '{"execute":"system_reset"}'
 i=0; while [ $(grep -c 'woke by its timer' log) -lt 2 ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done
 echo '{"execute":"quit"}'; sleep 1) | timeout 60 nc 127.0.0.1 4444 | grep -oE '"wakeup-suspend-support": *true'
wait $vmm; echo "VMM-RC $? after $(grep -c 'woke by its timer' log) times"
