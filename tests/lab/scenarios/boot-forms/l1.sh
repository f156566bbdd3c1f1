# A gzip'ed Image; a device tree that went through a file; the console in a file.
run() { form=$1; shift;
  timeout 500 /vmm -accel kvm -cpu host -m 512 -nodefaults -nographic -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet form=$form" "$@" </dev/null 2>&1
}
busybox gzip -1 < /lab/Image > Image.gz
run gzip -M virt -serial stdio -kernel Image.gz; echo "GZIP-RC $?"
/vmm -M virt,dumpdtb=virt.dtb -accel kvm -cpu host -m 512 -nodefaults -nographic 2>&1; echo "DUMP-RC $? $(wc -c < virt.dtb)"
run dtb -M virt -serial stdio -kernel /lab/Image -dtb virt.dtb; echo "DTB-RC $?"
run file -M virt -serial file:console -kernel /lab/Image; rc=$?
grep L2 console; echo "FILE-RC $rc"
run null -M virt -serial null -kernel /lab/Image; echo "NULL-RC $?"
