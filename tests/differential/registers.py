# SPDX-License-Identifier: GPL-2.0-or-later
"""The same random reads and writes of a device's registers on both emulators, and answers compared."""
import random
from collections import Counter
from dataclasses import dataclass, field

from vm import VM, Dead, both, number

LETTER = {1: "b", 2: "w", 4: "l", 8: "q"}
ENDS = ("code should not be reached", "Assertion")      # how the peer ends on some of what a guest may write


@dataclass
class Device:
    """Where registers are and what to do with them."""
    name: str
    base: int
    offsets: tuple                      # those that mean something; a few others are tried too
    sizes: tuple = (4,)
    args: list = field(default_factory=list)
    setup: list = field(default_factory=list)           # qtest commands
    span: int = 0x1000                  # where "others" are
    align: int = 1                      # of smaller accesses, too
    values: tuple = ()                  # that mean something
    keep: tuple = ()                    # (offset, and): what a write may not set
    read_only: tuple = ()               # offsets never written
    reads: bool = True                  # read back what was written now and then
    write_sizes: tuple = ()             # where they are fewer
    sequence: object = None             # (random) -> operations that belong together, instead of single ones


@dataclass
class Known:
    """A difference that is understood."""
    device: str                         # name, or its beginning
    first: int
    last: int
    mask: int                           # bits of a 32-bit word at a multiple of 4 that may differ
    why: str
    used: int = 0


def value(r, device):
    if device.values and r.random() < 0.5:
        return r.choice(device.values)
    return r.choice([0, 0xffffffffffffffff, r.getrandbits(64), 1 << r.randrange(32), r.getrandbits(8), r.getrandbits(32)])


def write(r, device, offset, size):
    v = value(r, device)
    for at, mask in device.keep:
        if at <= offset < at + 4:
            v &= mask >> (offset - at) * 8
        elif offset < at < offset + size:
            v &= mask << (at - offset) * 8 | (1 << (at - offset) * 8) - 1
    return (size, offset, v & (1 << size * 8) - 1)


def single(r, device):
    """One access, or a write and what it left."""
    size = r.choice(device.sizes)
    offset = (r.choice(device.offsets) if r.random() < 0.9 else r.randrange(device.span)) & -max(size, device.align)
    read = (size, offset, None)
    writable = size in (device.write_sizes or device.sizes) and not any(offset <= at < offset + size for at in device.read_only)
    if writable and r.random() < 0.45:
        return [write(r, device, offset, size)] + ([read] if device.reads and r.random() < 0.7 else [])
    return [read]


def script(device, seed, length):
    """Groups of (size, offset, value to write, or None to read)."""
    r = random.Random(f"{seed}/{device.name}")
    return [device.sequence(r) if device.sequence else single(r, device) for _ in range(length)]


def flat(groups):
    return [op for group in groups for op in group]


def command(device, op):
    size, offset, v = op
    return f"{'read' if v is None else 'write'}{LETTER[size]} {device.base + offset:#x}" + ("" if v is None else f" {v:#x}")


def allowed(device, known, offset, size, differs):
    """The entry for each word that differs; False when one has none."""
    used = []
    for word in range(offset & -4, offset + size, 4):
        shift = (word - offset) * 8
        bits = (differs >> shift if shift >= 0 else differs << -shift) & 0xffffffff
        while bits:
            entry = next((k for k in known if device.name.startswith(k.device) and k.first <= word <= k.last and k.mask & bits), None)
            if not entry:
                return False
            used.append(entry)
            bits &= ~entry.mask
    return used


def start(device, binaries):
    vms = [VM(name, binary, [a.replace("@NAME@", name) for a in device.args]) for name, binary in zip(("ours", "peer"), binaries)]
    if device.setup:
        for vm in vms:
            vm.ask(device.setup)
    return vms


def first_difference(vms, device, known, ops, used):
    """Index of the first answer that nothing explains, with both; None."""
    answers = both(vms, [command(device, op) for op in ops])
    for i, (op, a, b) in enumerate(zip(ops, *answers)):
        if a == b or op[2] is not None:
            continue
        x, y = number(a), number(b)
        entries = x is not None and y is not None and allowed(device, known, op[1], op[0], x ^ y)
        if entries is False or entries == []:
            return i, a, b
        used.update(k.why for k in entries)
    return None


def fresh(binaries, device, known, groups):
    """On emulators of their own."""
    vms = start(device, binaries)
    try:
        return first_difference(vms, device, known, flat(groups), Counter())
    finally:
        for vm in vms:
            vm.end()


def until(groups, index):
    """The groups up to the operation that differs."""
    n = 0
    for i, group in enumerate(groups):
        n += len(group)
        if index < n:
            return groups[:i + 1]
    return groups


def minimise(binaries, device, known, groups):
    """The last group differs; halves, quarters... of the others are left out while it still does."""
    chunk = max(len(groups) // 2, 1)
    while chunk:
        i = 0
        while i < len(groups) - 1:
            less = groups[:i] + groups[min(i + chunk, len(groups) - 1):]
            found = fresh(binaries, device, known, less)
            if found:
                groups = until(less, found[0])
            else:
                i += chunk
        chunk //= 2
    return groups, fresh(binaries, device, known, groups)


def report(binaries, device, known, seed, groups):
    small, found = minimise(binaries, device, known, groups)
    how = f"ours {found[1]}, peer {found[2]}" if found else "not again on fresh emulators"
    print(f"DIFFERENCE {device.name}, seed {seed}: {how}")
    for op in flat(small)[:found[0] + 1] if found else flat(groups)[-8:]:
        print(f"  {command(device, op)}")


def run_device(device, binaries, known, seed, length, used):
    """(operations, unexplained differences): the script ends at the first."""
    groups = script(device, seed, length)
    vms = start(device, binaries)
    try:
        found = first_difference(vms, device, known, flat(groups), used)
    except Dead as e:
        if e.name == "peer" and any(text in str(e) for text in ENDS):
            used["the peer ended"] += 1
            return length, 0
        print(f"DIFFERENCE {device.name}, seed {seed}: {e}")
        return length, 1
    finally:
        for vm in vms:
            vm.end()
    if found:
        report(binaries, device, known, seed, until(groups, found[0]))
    return len(flat(groups)), 1 if found else 0


def run(devices, binaries, known, seed, count, length=400):
    """@count register accesses over the devices; returns (accesses, unexplained)."""
    used, bad, done = Counter(), 0, 0
    rounds = max(count // (length * len(devices)), 1)
    for device in devices:
        for i in range(rounds):
            ops, differ = run_device(device, binaries, known, seed + i, length, used)
            done, bad = done + ops, bad + differ
    for why, times in used.most_common():
        print(f"#   {times:6} {why}")
    return done, bad
