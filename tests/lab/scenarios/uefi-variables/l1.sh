# The same flash in two runs of the program: the guest writes a variable, then finds it.
run() {
  timeout 300 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio \
    -drive if=pflash,format=raw,readonly=on,file=/lab/AAVMF_CODE.fd -drive if=pflash,format=raw,file=AAVMF_VARS.fd \
    -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > log 2>&1
  rc=$?
  grep -a '^L2-' log || tail -c 1000 log
  echo "VMM-RC $rc"
}
run
run
