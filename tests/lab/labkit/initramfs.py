"""File systems of the two guests: an initramfs for each, and the virtual host's root.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, shutil, subprocess

COMMON = '''#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev 2>/dev/null
mount -t debugfs d /sys/kernel/debug 2>/dev/null
up() { cut -d' ' -f1 /proc/uptime; }
'''

# The virtual host: binds what the scenario assigns to vfio-pci, then runs its script.
HOST_INIT = COMMON + '''
echo "L1-UP $(up)"
ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up
for d in /sys/bus/pci/devices/*; do
  echo "L1-PCI ${d##*/} $(cat $d/vendor):$(cat $d/device) group=$(readlink $d/iommu_group | sed 's,.*/,,')"
done
mount -t ext4 -o ro /dev/vda /root && mount -t tmpfs t /root/tmp || poweroff -f
for m in proc sys dev; do mount --bind /$m /root/$m; done
for a in $(cat /root/lab/pass 2>/dev/null); do
  d=/sys/bus/pci/devices/$a
  echo vfio-pci > $d/driver_override
  [ -e $d/driver ] && echo $a > $d/driver/unbind
  echo $a > /sys/bus/pci/drivers_probe
done
cp /root/lab/AAVMF_VARS.fd /root/tmp/
echo "L1-READY $(up)"
chroot /root /bin/busybox sh -c 'cd /tmp; up() { cut -d" " -f1 /proc/uptime; }; . /lab/host.sh; . /lab/l1.sh'
echo "L1-DONE $(up)"
poweroff -f
'''

GUEST_INIT = COMMON + '''
echo "L2-UP $(up)"
[ -e /l2.sh ] && . /l2.sh
echo "L2-DONE $(up)"
poweroff -f
'''

DIRECTORY, PROGRAM, FILE = 0o040755, 0o100755, 0o100644
APPLETS = '''sh cat cut grep sleep ls nc timeout sed sort uniq head tail wc cp pidof kill awk ps tr dd mount chmod
             mkdir ln rm seq date od tee touch find readlink basename'''.split()

def cpio(files):
    """{path: (mode, bytes)} -> a newc archive"""
    out = bytearray()
    entries = list(files.items()) + [('TRAILER!!!', (0, b''))]
    for inode, (path, (mode, data)) in enumerate(entries, 1):
        name = path.encode() + b'\0'
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        out += b'070701' + b''.join(b'%08x' % f for f in fields) + name
        out += b'\0' * (-len(out) % 4) + data
        out += b'\0' * (-len(out) % 4)
    return bytes(out)

def initramfs(busybox, init, extra=None):
    files = {d: (DIRECTORY, b'') for d in ('bin', 'proc', 'sys', 'dev', 'tmp', 'root')}
    files['bin/busybox'] = (PROGRAM, busybox)
    files['init'] = (PROGRAM, init.encode())
    return {**files, **(extra or {})}

def needed_libraries(path):
    dynamic = subprocess.run(['aarch64-linux-gnu-readelf', '-dl', path], capture_output=True, text=True).stdout
    interpreter = re.findall(r'interpreter: (\S+)\]', dynamic)
    return re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic) + [os.path.basename(i) for i in interpreter]

def install_program(binary, destination, root, libdirs, libdir='/lib'):
    """The program, and every shared library it needs."""
    os.makedirs(root + libdir, exist_ok=True)
    shutil.copy(binary, root + destination)
    todo, seen = [binary], set()
    while todo:
        for library in needed_libraries(todo.pop()):
            if library in seen:
                continue
            seen.add(library)
            found = next((d for d in libdirs if os.path.exists(os.path.join(d, library))), None)
            if not found:
                raise SystemExit('lab: the arm64 library %s is in none of %s' % (library, ' '.join(libdirs)))
            path = os.path.join(found, library)
            shutil.copy(os.path.realpath(path), os.path.join(root + libdir, library))
            todo.append(path)

def make_root(root, busybox):
    for d in ('lab', 'bin', 'proc', 'sys', 'dev', 'tmp'):
        os.makedirs(os.path.join(root, d))
    open(root + '/bin/busybox', 'wb').write(busybox)
    os.chmod(root + '/bin/busybox', 0o755)
    for applet in APPLETS:
        os.symlink('busybox', root + '/bin/' + applet)

def make_ext4(root, image):
    size = sum(os.path.getsize(os.path.join(p, f)) for p, _, names in os.walk(root)
               for f in names if not os.path.islink(os.path.join(p, f)))
    subprocess.run(['mke2fs', '-q', '-t', 'ext4', '-d', root, image, '%dk' % ((size * 5 // 4 >> 10) + 16384)], check=True, stdout=subprocess.DEVNULL)
