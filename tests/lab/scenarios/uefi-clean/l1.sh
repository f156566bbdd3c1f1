timeout 500 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 -device pcie-root-port,id=port2,bus=pcie.0,chassis=2 \
 -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=AAVMF_VARS.fd \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null
echo "VMM-RC $?"
