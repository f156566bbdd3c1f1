run() {
  timeout 200 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
    -drive if=none,id=d,format=raw,file=/dev/vdb,cache=none -device $1,drive=d \
    -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet $2" </dev/null
}
for disk in nvme,serial=1 virtio-blk-pci; do
  run $disk round=write > vmm.log 2>&1 &
  i=0; while ! grep -q 'SYNCED 12 ' vmm.log && [ $i -lt 240 ]; do sleep 0.25; i=$((i+1)); done
  kill -9 $(pidof vmm); wait
  cat vmm.log
  echo "KILLED $disk"
  run $disk round=check
  echo "VMM-RC $? $disk"
done
