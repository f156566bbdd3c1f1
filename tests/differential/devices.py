# SPDX-License-Identifier: GPL-2.0-or-later
"""The devices whose registers both emulators have, and where they are known to differ."""
from registers import Device, Known
from vm import config_address as cfg

MACHINE = ["-machine", "virt", "-m", "128"]
SCRATCH = "@SCRATCH@"                   # a directory with disk-ours and disk-peer
PCI = MACHINE + ["-device", "pcie-root-port,id=rp,addr=1,chassis=1,slot=1", "-device", "edu,addr=3", "-device", "pci-testdev,addr=4",
                 "-drive", f"if=none,id=d,format=raw,file={SCRATCH}/disk-@NAME@", "-device", "nvme,addr=5,drive=d,serial=x",
                     "-device", "nvme,addr=8,serial=y,cmb_size_mb=2", "-device", "nvme,addr=9,serial=z,cmb_size_mb=1,legacy-cmb=on",
                 "-device", "virtio-rng-pci,addr=6", "-device", "virtio-rng-pci-non-transitional,addr=7,ats=on",
                 "-device", "x3130-upstream,id=up,bus=rp", "-device", "xio3130-downstream,id=dn,bus=up,chassis=2,slot=2"]
BAR = 0x10000000
PL011, PL031, PL061, FW_CFG, FLASH1 = 0x09000000, 0x09010000, 0x09030000, 0x09020000, 0x04000000
VIRTIO_MMIO = 0x0a000000 + 31 * 0x200   # where the first device on the command line goes
VIRTIO_MODERN = ["-global", "virtio-mmio.force-legacy=false"]
NO_FLR = ~0x8000                        # Device Control without a reset of the function: the peer keeps more over it
IDS = tuple(range(0xfd0, 0x1000, 4))


def numbered():
    """Bus numbers behind the root port."""
    ports = ((0, 1, 0x30100), (1, 0, 0x30201), (2, 0, 0x30302))
    return [f"writel {cfg(bus, slot, offset=0x18):#x} {numbers:#x}" for bus, slot, numbers in ports]


def mapped(slot):
    return [f"writel {cfg(0, slot, offset=0x10):#x} {BAR:#x}", f"writel {cfg(0, slot, offset=0x14):#x} 0x0",
            f"writew {cfg(0, slot, offset=4):#x} 0x6"]


def config_space(name, bus, slot, bridge=False, keep=()):
    """Bus numbers of bridges stay, or what is behind them moves."""
    offsets = tuple(range(0, 0x40)) * 2 + tuple(range(0x40, 0x100)) + tuple(range(0x100, 0x180))
    return Device(f"config-{name}", cfg(bus, slot), offsets, (1, 2, 4), PCI, numbered(),
                  read_only=tuple(range(0x18, 0x1b)) if bridge else (), keep=keep)


def virtio_mmio(name, args, registers):
    """No queue is ever rung: what is in it would decide the rest."""
    return Device(f"virtio-mmio-{name}", VIRTIO_MMIO, (0, 4, 8, 0xc, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x60, 0x70) + registers, (4,),
                  MACHINE + args + ["-device", "virtio-rng-device"], span=0x100, values=(0, 1, 2, 3, 4, 7, 8, 0x1000),
                  read_only=(0x38, 0x40, 0x50), keep=((0x14, 1), (0x24, 1), (0x30, 0), (0x70, 3)))


def nvme(name, slot):
    """Never enabled: the admin queue would be anywhere."""
    return Device(f"nvme-{name}", BAR, tuple(range(0, 0x60, 4)), (4, 8), PCI, mapped(slot), span=0x1000, keep=((0x14, ~1),))


def flash_command(r):
    """
    A command with all its cycles, then some reads in the mode it leaves; two chips
    of 16 bits side by side. No buffered writes: the peer does not commit these here.
    """
    at = r.choice([0, 0x40, 0x400, 0x40000, 0x7fffc, 0x80000]) + 4 * r.randrange(8)
    twice = lambda v: v << 16 | v
    data = r.choice([0, 0xffffffff, r.getrandbits(32)])
    writes = r.choice([[0xff], [0x90], [0x98], [0x70], [0x50, 0xff], [0x20, 0xd0], [0x10, None], [0x40, None]])
    ops = [(4, at, data if v is None else twice(v)) for v in writes]
    ops += [(4, r.choice([at, at + 4, 0, 4, 8, 0x40, 0x44, 4 * r.randrange(64)]), None) for _ in range(r.randint(1, 4))]
    # the peer leaves a query by 0xff only
    return ops + ([(4, at, twice(0xff)), (4, at, None)] if writes == [0x98] or r.random() < 0.5 else [])


DEVICES = [
    Device("pl011", PL011, (0, 4, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0x48) + IDS, (1, 2, 4),
           MACHINE + ["-serial", "null"], align=4,
           keep=((0x30, ~0x80),)),      # not looped back: the peer forgets breaks there, and overwrites what an overrun must keep
    Device("pl031", PL031, (4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c) + IDS, (4,), MACHINE + ["-rtc", "base=2020-01-01T00:00:00,clock=vm"],
           read_only=(4, 8)),           # no alarms: time by icount goes straight to them
    Device("pl061", PL061, tuple(range(0, 0x400, 4)) + tuple(range(0x400, 0x530, 4)) * 3 + IDS, (1, 2, 4), MACHINE, align=4),
    Device("fw_cfg", FW_CFG, (0, 0, 0, 8, 8), (1, 2, 4, 8), MACHINE, span=0x18, values=tuple(k << 8 for k in (0, 1, 2, 5, 0xd, 0xe, 0xf)),
           read_only=tuple(range(0, 8)) + tuple(range(0x10, 0x18)), write_sizes=(2,), reads=False),
    Device("pflash", FLASH1, (), (4,), MACHINE, sequence=flash_command),
    Device("edu", BAR, tuple(range(0, 0xa0, 4)), (4, 8), PCI, mapped(3), span=0x200, read_only=(8,), keep=((0x98, ~1),)),
    Device("pci-testdev", BAR, tuple(range(0, 0x40)), (1, 2, 4), PCI, mapped(4), span=0x100),
    nvme("plain", 5), nvme("cmb", 8), nvme("cmb-legacy", 9),
    config_space("host", 0, 0), config_space("root-port", 0, 1, True, ((0x6c, ~0x400),)),      # slots stay powered
    config_space("edu", 0, 3), config_space("pci-testdev", 0, 4),
    virtio_mmio("legacy", [], (0x28, 0x3c, 0x40)), virtio_mmio("modern", VIRTIO_MODERN, (0x44, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4)),
    config_space("virtio-transitional", 0, 6), config_space("virtio-modern", 0, 7),
    config_space("nvme", 0, 5, keep=((0x88, NO_FLR),)), config_space("upstream", 1, 0, True, ((0x98, NO_FLR),)),
    config_space("downstream", 2, 0, True, ((0x98, NO_FLR), (0xa8, ~0x400))),
]

RESERVED = "reserved bits read as 0; the peer keeps what is written"
MESSAGES = "MSI: more messages enabled than there are; the peer keeps the number"
COMPLETED = "a slot command that completes interrupts, by INTx too; the peer's does not"
SLOT_STATUS = "Slot Status is write one to clear, and a write of it no command"
PM, MSI, PCIE, MSIX, SSVID, AER, ACS = 8, 14, 60, 12, 8, 0x48, 8
# Where the capabilities of each function are: all else behind the header is reserved.
CAPABILITIES = {
    "config-host": [], "config-pci-testdev": [], "config-edu": [(0x40, MSI)],
    "config-root-port": [(0x40, SSVID), (0x48, MSIX), (0x54, PCIE), (0x100, AER), (0x148, ACS)],
    "config-nvme": [(0x40, MSIX), (0x60, PM), (0x80, PCIE)],
    "config-upstream": [(0x70, MSI), (0x80, SSVID), (0x90, PCIE), (0x100, AER)],
    "config-downstream": [(0x70, MSI), (0x80, SSVID), (0x90, PCIE), (0x100, AER)],
}


def reserved_config(name, capabilities):
    """An entry for each word that has bytes which nothing describes."""
    described = set(range(0x40)) | {at for first, size in capabilities for at in range(first, first + size)}
    for word in range(0x40, 0x1000, 4):
        mask = sum(0xff << 8 * i for i in range(4) if word + i not in described)
        if mask:
            yield Known(name, word, word, mask, RESERVED)


KNOWN = [entry for name, capabilities in CAPABILITIES.items() for entry in reserved_config(name, capabilities)] + [
    Known("pl011", 0x20, 0x20, 0xffffff00, RESERVED), Known("pl011", 0x24, 0x24, 0xffff0000, RESERVED),
    Known("pl011", 0x28, 0x28, 0xffffffc0, RESERVED), Known("pl011", 0x2c, 0x2c, 0xffffff00, RESERVED),
    Known("pl011", 0x30, 0x30, 0xffff0000, RESERVED), Known("pl011", 0x34, 0x34, 0xffffffc0, RESERVED),
    Known("virtio-mmio", 0x34, 0x34, 0xffffffff, "a queue takes as many entries as the device has; the peer (fixed later) says 1024"),
    Known("virtio-mmio", 0xb8, 0xbc, 0xffffffff, "the address of a shared memory region that is not there is all ones; the peer says 0"),
    Known("config-virtio", 0xa4, 0xfc, 0xffffffff, "config space beyond the capabilities reads as 0; the peer keeps what is written"),
    Known("pl011", 0x38, 0x40, 0xfffff800, RESERVED), Known("pl011", 0x48, 0x48, 0xfffffff8, RESERVED),
    Known("nvme", 4, 4, 1 << 11, "CAP.CSS bit 6: we have one command set"),
    Known("nvme", 0x14, 0x14, 0xff00000e, RESERVED), Known("nvme", 0x24, 0x24, 0xf000f000, RESERVED),
    Known("nvme", 0x28, 0x30, 0xfff, RESERVED), Known("nvme-cmb", 0x50, 0x50, 0xffc, RESERVED),
    Known("nvme-plain", 0x50, 0x54, 0xffffffff, "CMBMSC is not there without a controller memory buffer"),
    Known("nvme-cmb", 0x58, 0x58, 1, "CMBSTS.CBAI is of the address that is in CMBMSC; the peer's of one written before, for good"),
    Known("nvme", 0x1c, 0x1c, 0xc, "CSTS.SHST: our shutdown is complete when the queues are, the peer's at once"),
    Known("config-edu", 0x40, 0x40, 0x700000, MESSAGES), Known("config-upstream", 0x70, 0x70, 0x700000, MESSAGES),
    Known("config-downstream", 0x70, 0x70, 0x700000, MESSAGES),
    Known("config-root-port", 4, 4, 0x80000, COMPLETED), Known("config-downstream", 4, 4, 0x80000, COMPLETED),
    Known("config-root-port", 0x6c, 0x6c, 0x100000, SLOT_STATUS), Known("config-downstream", 0xa8, 0xa8, 0x100000, SLOT_STATUS),
    Known("config-nvme", 0x8c, 0x90, 0xffffffff, "link registers of a root complex integrated endpoint are reserved (PCIe 7.5.3)"),
    Known("config-downstream", 0x94, 0x94, 1 << 28, "Function Level Reset is for endpoints (PCIe 7.5.3.3)"),
    Known("config-downstream", 0x9c, 0xa0, 0xffffffff, "the link of a downstream port is there and up"),
]
