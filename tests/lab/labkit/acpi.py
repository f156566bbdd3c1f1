"""Reads a virt machine's ACPI tables out of fw_cfg, over the qtest protocol.

Used to give the virtual host an IORT that says what its SMMU does not: that
DMA is coherent through it (CANWBS), without which Linux allocates no vIOMMU.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, socket, struct, subprocess, tempfile

FW_CFG, RAM = 0x09020000, 0x44000000
FILE_DIR = 0x19
DMA_READ, DMA_SELECT = 0x02, 0x08

class Machine:
    """An emulator that executes nothing and answers qtest."""
    def __init__(self, exe, args):
        self.dir = tempfile.TemporaryDirectory()
        path = self.dir.name + '/qtest'
        server = socket.socket(socket.AF_UNIX)
        server.bind(path); server.listen(1); server.settimeout(30)
        self.process = subprocess.Popen([exe, '-accel', 'tcg', '-S', '-qtest', 'unix:' + path, '-qtest-log', '/dev/null',
                                         '-display', 'none', '-nodefaults', '-serial', 'none', '-monitor', 'none'] + args)
        self.stream = server.accept()[0].makefile('rwb')

    def close(self):
        self.process.kill()
        self.process.wait()

    def command(self, text):
        self.stream.write((text + '\n').encode()); self.stream.flush()
        answer = self.stream.readline().decode().split()
        if not answer or answer[0] != 'OK':
            raise RuntimeError('qtest: %s: %s' % (text.split()[0], ' '.join(answer)))
        return answer[1:]

    def fw_cfg(self, key, size):
        descriptor = struct.pack('>IIQ', key << 16 | DMA_SELECT | DMA_READ, size, RAM + 0x1000)
        self.command('write 0x%x 0x%x 0x%s' % (RAM, len(descriptor), descriptor.hex()))
        self.command('writeq 0x%x 0x%x' % (FW_CFG + 16, int.from_bytes(struct.pack('>Q', RAM), 'little')))
        return bytes.fromhex(self.command('read 0x%x 0x%x' % (RAM + 0x1000, size))[0][2:])

def table(exe, args, signature):
    """The first table with @signature, as the machine offers it; addresses in it are not filled in."""
    machine = Machine(exe, args)
    try:
        count, = struct.unpack('>I', machine.fw_cfg(FILE_DIR, 4))
        directory = machine.fw_cfg(FILE_DIR, 4 + 64 * count)[4:]
        files = {}
        for i in range(count):
            size, key, _, name = struct.unpack('>IHH56s', directory[64 * i:64 * i + 64])
            files[name.rstrip(b'\0').decode()] = (key, size)
        blob = machine.fw_cfg(*files['etc/acpi/tables'])
    finally:
        machine.close()
    at = 0
    while at + 36 <= len(blob):
        length = struct.unpack('<I', blob[at + 4:at + 8])[0]
        if not blob[at:at + 4].strip(b'\0') or length < 36:
            at += 1
        elif blob[at:at + 4] == signature:
            return blob[at:at + length]
        else:
            at += length
    raise RuntimeError('%s offers no table %s' % (exe, signature.decode()))

IORT_ROOT_COMPLEX, IORT_SMMUV3 = 2, 4
CANWBS = 4              # memory access flags: CPM, DACS

def iort_with_canwbs(exe, args):
    """Every requester behind the SMMU, and the root complex marked CANWBS."""
    b = bytearray(table(exe, args, b'IORT'))
    word = lambda at, n: int.from_bytes(b[at:at + n], 'little')
    at, smmu, root = word(0x28, 4), None, None
    for _ in range(word(0x24, 4)):
        if b[at] == IORT_SMMUV3:
            smmu = at
        if b[at] == IORT_ROOT_COMPLEX:
            root = at
        at += word(at + 1, 2)
    b[root + 23] |= CANWBS
    mapping = root + word(root + 12, 4)
    for _ in range(word(root + 8, 4)):
        b[mapping + 12:mapping + 16] = smmu.to_bytes(4, 'little')
        mapping += 20
    b[24:28] = (2).to_bytes(4, 'little')        # a higher OEM revision replaces the original
    b[9] = 0
    b[9] = -sum(b) & 255
    return bytes(b)
