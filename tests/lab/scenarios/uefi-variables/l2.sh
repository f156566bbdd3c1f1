echo "L2-UP $(cat /proc/cmdline)"
dmesg -r | grep -E '^<[0-4]>' | grep -vE '\] (\*|$)' | sed 's/^/L2-COMPLAINT /'
mount -t efivarfs v /sys/firmware/efi/efivars
cd /sys/firmware/efi/efivars
var=Twostage-12345678-9abc-4def-8123-456789abcdef
if [ -e $var ]; then echo "L2-FOUND $(tail -c +5 $var)"; else
  printf '\7\0\0\0kept in flash' > $var && echo L2-WRITTEN
fi
echo "L2-ORDER $(tail -c +5 BootOrder-8be4df61-93ca-11d2-aa0d-00e098032b8c | od -An -tx1)"
cd /
