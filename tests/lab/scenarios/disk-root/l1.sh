for disk in nvme,serial=1:nvme0n1 virtio-blk-pci:vda virtio-blk-device:vda; do
  timeout 200 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
    -drive if=none,id=d,format=raw,file=/dev/vdb,cache=none -device ${disk%:*},drive=d \
    -kernel /lab/Image -append "console=ttyAMA0 quiet root=/dev/${disk#*:} rw init=/init" -trace 'kvm_coalesced*' -D trace.log </dev/null
  echo "VMM-RC $? $disk"
  echo "COALESCED $(grep -c kvm_coalesced_write trace.log)"
done
