Image console=ttyAMA0 initrd=initrd
