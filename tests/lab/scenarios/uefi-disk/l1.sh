for disk in nvme,serial=1 virtio-blk-pci virtio-blk-device; do
  cp /lab/AAVMF_VARS.fd AAVMF_VARS.fd
  timeout 200 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
    -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=AAVMF_VARS.fd \
    -blockdev driver=host_device,filename=/dev/vdb,node-name=esp -device $disk,drive=esp </dev/null
  echo "VMM-RC $? $disk"
done
