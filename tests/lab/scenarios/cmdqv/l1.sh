/vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio $QMP \
 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on,cmdqv=on \
 -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 -device pcie-root-port,id=port2,bus=pcie.1,chassis=2 \
 -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet iommu.strict=1" </dev/null > log 2>&1 &
vmm=$!
waitfor L2-WANT-LOOK log 1200
hmp() { (echo '{"execute":"qmp_capabilities"}'; echo "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"$1\"}}"; sleep 1) | timeout 20 nc 127.0.0.1 4444 | tail -n 1; }
hmp "info smmu" | sed 's/\\r\\n/\n/g; s/\\n/\n/g' | grep -E 'VINTF|VCMDQ' | sed 's/^ */LOOK /' > look
cat look
echo "TAKEN $(grep -o 'cons 0x[0-9a-f]*' look | tr '\n' ' ')"
(echo '{"execute":"qmp_capabilities"}'; echo '{"execute":"quit"}'; sleep 1) | timeout 20 nc 127.0.0.1 4444 > /dev/null
wait $vmm; rc=$?
grep '^L2-' log
echo "VMM-RC $rc"
