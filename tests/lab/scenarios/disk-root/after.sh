e2fsck -fn root.img; echo "FSCK $?"
