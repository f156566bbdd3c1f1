# 3 GiB of the host's 4: the guest's RAM, and what the program takes beside it.
timeout 500 /vmm -M virt -accel kvm -cpu host -smp 2 -m 3G -nodefaults -nographic -serial stdio \
 -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=AAVMF_VARS.fd \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null 2>&1
echo "VMM-RC $?"
