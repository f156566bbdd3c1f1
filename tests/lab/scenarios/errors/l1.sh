# What cannot work says so in one sentence and ends with status 1.
try() { timeout 20 /vmm -M virt -nodefaults -nographic "$@" </dev/null > log 2>&1; echo "RC $? $(wc -l < log) line: $(head -c 300 log)"; }
echo hello > text; dd if=/dev/zero of=zero bs=4096 count=1 2>/dev/null; dd if=/dev/zero of=big bs=1M count=80 2>/dev/null
try -accel kvm,device=/dev/nothing -cpu host
try -accel kvm,device=/dev/null -cpu host
try -accel kvm -cpu cortex-a57
try -accel qtest -cpu host
try -accel tcg
try -accel kvm -cpu host -smp 513
try -accel kvm -cpu host -m 4096T
try -accel kvm -cpu host -kernel text
try -accel kvm -cpu host -kernel zero
try -accel kvm -cpu host -kernel missing
try -accel kvm -cpu host -m 64 -kernel /lab/Image -initrd big
try -accel kvm -cpu host,sve=on
try -accel kvm -cpu host,nonsense=on
try -M gic-version=2 -accel kvm -cpu host -smp 9
