# SPDX-License-Identifier: GPL-2.0-or-later
"""The devices whose registers both emulators have, and where they are known to differ."""
from registers import Device, Known
from vm import config_address as cfg

MACHINE = ["-machine", "virt", "-m", "128"]
DISK = "@DISK@"                         # replaced by an empty image's name
PCI = MACHINE + ["-device", "pcie-root-port,id=rp,addr=1,chassis=1,slot=1", "-device", "edu,addr=3", "-device", "pci-testdev,addr=4",
                 "-drive", f"if=none,id=d,format=raw,file={DISK}", "-device", "nvme,addr=5,drive=d,serial=x",
                 "-device", "x3130-upstream,id=up,bus=rp", "-device", "xio3130-downstream,id=dn,bus=up,chassis=2,slot=2"]
BAR = 0x10000000
PL011, PL031, PL061, FW_CFG, FLASH1 = 0x09000000, 0x09010000, 0x09030000, 0x09020000, 0x04000000
IDS = tuple(range(0xfd0, 0x1000, 4))


def numbered():
    """Bus numbers behind the root port."""
    return [f"writel {cfg(bus, slot, offset=0x18):#x} {numbers:#x}" for bus, slot, numbers in ((0, 1, 0x30100), (1, 0, 0x30201), (2, 0, 0x30302))]


def mapped(slot):
    return [f"writel {cfg(0, slot, offset=0x10):#x} {BAR:#x}", f"writel {cfg(0, slot, offset=0x14):#x} 0x0", f"writew {cfg(0, slot, offset=4):#x} 0x6"]


def config_space(name, bus, slot, bridge=False, keep=()):
    """Bus numbers of bridges stay, or what is behind them moves."""
    offsets = tuple(range(0, 0x40)) * 2 + tuple(range(0x40, 0x100)) + tuple(range(0x100, 0x180))
    return Device(f"config-{name}", cfg(bus, slot), offsets, (1, 2, 4), PCI, numbered(),
                  read_only=tuple(range(0x18, 0x1b)) if bridge else (), keep=keep)


DEVICES = [
    Device("pl011", PL011, (0, 4, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0x48) + IDS, (1, 2, 4), MACHINE + ["-serial", "null"]),
    Device("pl031", PL031, (4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c) + IDS, (4,), MACHINE + ["-rtc", "base=2020-01-01T00:00:00,clock=vm"], read_only=(4,)),
    Device("pl061", PL061, tuple(range(0, 0x400, 4)) + tuple(range(0x400, 0x530, 4)) * 3 + IDS, (1, 2, 4), MACHINE),
    Device("fw_cfg", FW_CFG, (0, 0, 0, 8, 8), (1, 2, 4, 8), MACHINE, span=0x18, values=tuple(k << 8 for k in (0, 1, 2, 5, 0xd, 0xe, 0xf)),
           read_only=tuple(range(0x10, 0x18)), reads=False),
    Device("pflash", FLASH1, (0, 4, 8, 0x20, 0x40, 0x44, 0x80, 0xaa, 0x400, 0x40000, 0x40004), (4,), MACHINE, span=0x1000, reads=False,
           values=tuple(v << 16 | v for v in (0xff, 0x90, 0x98, 0x70, 0x50, 0x20, 0xd0, 0x40, 0x10, 0xe8, 0, 3))),
    Device("edu", BAR, tuple(range(0, 0xa0, 4)), (4, 8), PCI, mapped(3), span=0x200, read_only=(8,), keep=((0x98, ~1),)),
    Device("pci-testdev", BAR, tuple(range(0, 0x40)), (1, 2, 4), PCI, mapped(4), span=0x100),
    Device("nvme", BAR, tuple(range(0, 0x60, 4)), (4, 8), PCI, mapped(5), span=0x1000, keep=((0x14, ~1),)),
    config_space("host", 0, 0), config_space("root-port", 0, 1, True), config_space("edu", 0, 3), config_space("pci-testdev", 0, 4),
    config_space("nvme", 0, 5), config_space("upstream", 1, 0, True), config_space("downstream", 2, 0, True),
]

KNOWN = [
]
