"""Disk images of a scenario: FAT for firmware to boot from, ext4 for Linux.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, struct, subprocess, tempfile

SECTOR, CLUSTER, ROOT_ENTRIES = 512, 4096, 512
END, ATTR_DIRECTORY, ATTR_FILE = 0xffff, 0x10, 0x20

def short_name(name):
    base, _, extension = name.upper().partition('.')
    if not 0 < len(base) <= 8 or len(extension) > 3:
        raise SystemExit('lab: %s is not an 8.3 name' % name)
    return base.encode().ljust(8) + extension.encode().ljust(3)

def dirent(name, attribute, cluster, size):
    return name + struct.pack('<B14xHI', attribute, cluster, size)

class Fat16:
    """Files in directories of at most one cluster, one behind the other."""
    def __init__(self, size):
        sectors = size // SECTOR
        per_fat = (sectors // (CLUSTER // SECTOR) * 2 + SECTOR - 1) // SECTOR
        self.boot = (b'\xeb\x3c\x90TWOSTAGE' + struct.pack('<HBHBHHBHHHIIBBBI11s8s', SECTOR, CLUSTER // SECTOR, 1, 2, ROOT_ENTRIES,
            0 if sectors > 0xffff else sectors, 0xf8, per_fat, 32, 2, 0, sectors if sectors > 0xffff else 0,
            0x80, 0, 0x29, 0x2570e5a6, b'LAB        ', b'FAT16   ')).ljust(510, b'\0') + b'\x55\xaa'
        self.size, self.per_fat = size, per_fat
        self.fat, self.data = [0xfff8, END], bytearray()

    def put(self, content):
        """Returns the first cluster; 0 for an empty file."""
        first, n = len(self.fat), (len(content) + CLUSTER - 1) // CLUSTER
        self.fat += [first + i + 1 for i in range(n - 1)] + [END] * (n > 0)
        self.data += content + bytes(-len(content) % CLUSTER)
        return first if n else 0

    def directory(self, tree, above, own):
        """The entries of a directory; @own: its cluster, which is there already (0: the root)."""
        out = dirent(b'.          ', ATTR_DIRECTORY, own, 0) + dirent(b'..         ', ATTR_DIRECTORY, above, 0) if own else b''
        for name, content in tree.items():
            if isinstance(content, dict):
                cluster = self.put(bytes(CLUSTER))
                entries = self.directory(content, own, cluster)
                at = (cluster - 2) * CLUSTER
                self.data[at:at + len(entries)] = entries
                out += dirent(short_name(name), ATTR_DIRECTORY, cluster, 0)
            else:
                out += dirent(short_name(name), ATTR_FILE, self.put(content), len(content))
        return out

    def image(self, tree):
        root = self.directory(tree, 0, 0).ljust(ROOT_ENTRIES * 32, b'\0')
        fat = struct.pack('<%dH' % len(self.fat), *self.fat).ljust(self.per_fat * SECTOR, b'\0')
        out = self.boot + fat + fat + root + bytes(self.data)
        if len(out) > self.size:
            raise SystemExit('lab: the files do not fit into an image of %d bytes' % self.size)
        return out.ljust(self.size, b'\0')

def fat_image(files, size):
    """{path: bytes} -> a FAT16 file system"""
    tree = {}
    for path, content in files.items():
        *directories, name = path.split('/')
        at = tree
        for d in directories:
            at = at.setdefault(d, {})
        at[name] = content
    return Fat16(size).image(tree)

def efi_application(source):
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(['aarch64-linux-gnu-as', '-I', os.path.dirname(source), '-o', d + '/o', source], check=True)
        subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', d + '/o', d + '/bin'], check=True)
        return open(d + '/bin', 'rb').read()

def ext4_image(files, path, size):
    """{path: (mode, bytes)} as labkit.initramfs has them"""
    with tempfile.TemporaryDirectory() as d:
        for name, (mode, data) in files.items():
            if mode & 0o040000:
                os.makedirs(os.path.join(d, name), exist_ok=True)
            else:
                os.makedirs(os.path.dirname(os.path.join(d, name)), exist_ok=True)
                open(os.path.join(d, name), 'wb').write(data)
                os.chmod(os.path.join(d, name), mode & 0o777)
        subprocess.run(['mke2fs', '-q', '-F', '-t', 'ext4', '-E', 'root_owner=0:0', '-d', d, path, size], check=True, stdout=subprocess.DEVNULL)
