sleep 5
dmesg -r | grep -E '^<[0-4]>' | grep -vE '\] (\*|$)' | sed 's/^/L2-COMPLAINT /'
ls /sys/firmware/acpi/tables
for d in /sys/bus/pci/devices/*; do echo "L2-PCI ${d##*/}"; done
mount -t efivarfs v /sys/firmware/efi/efivars && ls /sys/firmware/efi/efivars | grep -q '^BootOrder' && echo "L2-VARS"
cat /sys/class/dmi/id/product_name
