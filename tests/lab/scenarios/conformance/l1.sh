/lab/iommufd-conformance /dev/vfio/devices/vfio0 </dev/null > log; echo "CONFORMANCE-RC $?"
grep -v "^# same" log
