/vmm -machine '?' | grep -c 'ARM Virtual Machine'
/vmm -machine virt,'?' | grep -c gic-version
/vmm -machine virt -device '?' 2>&1 | grep -cE '"(virtconsole|virtio-serial-device|pci-testdev)"'
/vmm -chardev '?' | grep -c testdev
echo "KEY=value" > env
for gic in 3 host max; do
  timeout 60 /vmm -machine virt,gic-version=$gic -accel kvm -cpu host -smp 2 -m 128 -nodefaults -display none -serial stdio -device pci-testdev \
    -device virtio-serial-device -device virtconsole,chardev=ctd -chardev testdev,id=ctd -kernel /lab/units.flat -append "one two" -initrd env </dev/null
  echo "UNITS-RC $? gic-version=$gic"
done
