e2fsck -fn data.img; echo "FSCK $?"
