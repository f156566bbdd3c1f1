# The guest reboots itself twice and is reset from outside once; then -no-reboot ends the program instead.
dd if=/dev/zero of=count bs=4096 count=1 2>/dev/null
run() {
  /vmm -M virt -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio -qmp unix:qmp,server=on,wait=off \
   -drive if=none,id=count,format=raw,file=count -device virtio-blk-pci,drive=count \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" "$@" </dev/null 2>&1
}
run > log &
vmm=$!
i=0; while ! grep -q L2-RESET-ME log && [ $i -lt 200 ]; do sleep 0.5; i=$((i+1)); done
(echo '{"execute":"qmp_capabilities"}'; echo '{"execute":"system_reset"}'; sleep 1) | timeout 20 nc local:qmp > qmp.log
wait $vmm; rc=$?
cat log; grep -o '"guest-reset"\|"host-qmp-system-reset"' qmp.log; echo "VMM-RC $rc"
dd if=/dev/zero of=count bs=4096 count=1 2>/dev/null
timeout 60 sh -c '/vmm -M virt -accel kvm -cpu host -m 512 -nodefaults -nographic -serial stdio -no-reboot \
   -drive if=none,id=count,format=raw,file=count -device virtio-blk-pci,drive=count \
   -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null' 2>&1
echo "NO-REBOOT-RC $?"
