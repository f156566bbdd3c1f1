cp /vmm /tmp/second.img
timeout 400 /vmm -M virt,gic-version=3 -accel kvm -cpu host -smp 2 -m 512 -nodefaults -nographic -serial stdio $QMP \
  -device pcie-root-port,id=p1,chassis=1,mem-reserve=2M,pref64-reserve=2M -device pcie-root-port,id=p2,chassis=2,mem-reserve=2M,pref64-reserve=2M \
  -object iothread,id=io1 -blockdev driver=host_device,filename=/dev/vdb,node-name=d1 -blockdev driver=file,filename=/tmp/second.img,node-name=d2 \
  -kernel /lab/Image -initrd /lab/l2.cpio.gz -append "console=ttyAMA0 quiet" </dev/null > vmm.log 2>&1 &
vmm=$!
gone() { i=0; while [ $(grep -c '"DEVICE_DELETED".*"device"' qmp.log) -lt $1 ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; }
listening
(
  echo '{"execute":"qmp_capabilities"}'
  for n in 1 2 3 4 5 6 7 8 9 10; do
    waitfor "L2-WANT-PLUG $n " vmm.log 2400
    echo '{"execute":"device_add","arguments":{"driver":"nvme","id":"hp1","serial":"s","drive":"d1","bus":"p1"}}'
    echo '{"execute":"device_add","arguments":{"driver":"virtio-blk-pci","id":"hp2","drive":"d2","bus":"p2","iothread":"io1"}}'
    waitfor "L2-WANT-UNPLUG $n " vmm.log
    echo '{"execute":"device_del","arguments":{"id":"hp1"}}'
    echo '{"execute":"device_del","arguments":{"id":"hp2"}}'
    gone $((n*2))
  done
  waitfor L2-DONE vmm.log
  sleep 3
) | nc 127.0.0.1 4444 > qmp.log
wait $vmm; echo "VMM-RC $?"
cat vmm.log; echo "DELETED $(grep -c '"DEVICE_DELETED".*"device"' qmp.log)"; grep '"error"' qmp.log
