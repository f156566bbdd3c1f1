# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case's tables say about one access, step by step: for conditions of explained differences, and for people."""
import struct
from dataclasses import dataclass, field

from fields import get
from smmu_case import SIDS, contents
from smmu_tables import level_shift, start_level_s1

GRANULES = ({0: 12, 1: 16, 2: 14}, {1: 14, 2: 12, 3: 16})


@dataclass
class Walk:
    """Descriptors of one table walk: (level, address, descriptor); out: the output address, None where it ends early."""
    granule: int = 0
    tsz: int = 0
    start: int = 0
    steps: list = field(default_factory=list)
    out: int = None

    @property
    def leaf(self):
        return self.steps[-1][2] if self.steps and self.out is not None else None

    @property
    def level(self):
        return self.steps[-1][0] if self.steps else None


def descend(memory, granule, bits, start, base, address, at):
    """at: turns the address of a descriptor into one that memory knows."""
    walk = Walk(granule, 64 - bits, start)
    base &= -(8 << max(bits - level_shift(granule, max(start, 0)), 0))
    for level in range(max(start, 0), 4):
        shift = level_shift(granule, level)
        width = max(bits - shift, 0) if level == start else granule - 3
        where = at(base + (address >> shift & (1 << width) - 1) * 8)
        word = memory.get(where, 0) if where is not None else 0
        walk.steps.append((level, where, word))
        if not word & 1 or level == 3 and not word & 2:
            return walk
        if level == 3 or not word & 2:
            mask = (1 << shift) - 1
            walk.out = word & 0xffffffffffff & ~mask | address & mask
            return walk
        base = word & 0xffffffffffff & -(1 << granule)
    return walk


class Peek:
    """A case's memory as it is at one step, seen from one master."""

    def __init__(self, case, index, master):
        self.case, self.sid = case, SIDS[master]
        self.memory = {pa + i * 8: w for pa in case.slots for i, w in enumerate(struct.unpack("<8Q", contents(case, pa)))} | case.words
        for step in case.steps[:index]:
            if step.kind == "write":
                self.memory[step.args[0]] = step.args[1]
        self.label = {name: addr for addr, name in case.label.items()}
        self.ste = [self.word(f"STE{i}[{master}]") for i in range(8)]
        self.cd = [self.word(f"CD{i}[{master}]") for i in range(8)]
        self.has_cd = f"CD0[{master}]" in self.label

    def word(self, name):
        return self.memory.get(self.label.get(name), 0)

    @property
    def config(self):
        return get(self.ste[0], "STE0", "CONFIG")

    def s2(self, ipa):
        granule = GRANULES[0].get(get(self.ste[2], "STE2", "S2TG"), 12)
        sl0 = get(self.ste[2], "STE2", "S2SL0")
        start = 2 - sl0 if granule == 12 else 3 - sl0
        bits = 64 - get(self.ste[2], "STE2", "S2T0SZ")
        return descend(self.memory, granule, bits, start, self.ste[3] & 0xffffffffffff0, ipa, lambda a: a)

    def half(self, iova):
        return iova >> 55 & 1

    def s1(self, iova):
        which = self.half(iova)
        granule = GRANULES[which].get(get(self.cd[0], "CD0", f"TG{which}"), 12)
        bits = 64 - get(self.cd[0], "CD0", f"T{which}SZ")
        at = (lambda a: self.s2(a).out) if self.config == 7 else (lambda a: a)
        if bits < granule + 1:
            return Walk(granule, 64 - bits)
        return descend(self.memory, granule, bits, start_level_s1(granule, bits), self.cd[which + 1] & 0xffffffffffff0, iova, at)

    def ipas(self, iova):
        """Addresses of the stage-1 descriptors, as stage 2 is asked for them."""
        which, asked = self.half(iova), []
        granule = GRANULES[which].get(get(self.cd[0], "CD0", f"TG{which}"), 12)
        bits = 64 - get(self.cd[0], "CD0", f"T{which}SZ")
        if bits > granule:
            descend(self.memory, granule, bits, start_level_s1(granule, bits), self.cd[which + 1] & 0xffffffffffff0, iova,
                    lambda a: asked.append(a) or self.s2(a).out)
        return asked

    def describe(self, iova):
        """Lines for people."""
        lines = [f"stream {self.sid:#x}: STE " + " ".join(f"{w:x}" for w in self.ste[:4])]
        if self.config & 5 == 5 and self.has_cd:
            lines.append("CD " + " ".join(f"{w:x}" for w in self.cd[:4]))
            walk = self.s1(iova)
            lines.append(f"stage 1 of {iova:#x}, granule 2^{walk.granule}, tsz {walk.tsz}: " + show(walk))
            iova = walk.out
        if self.config & 6 == 6 and iova is not None:
            walk = self.s2(iova)
            lines.append(f"stage 2 of {iova:#x}, granule 2^{walk.granule}, tsz {walk.tsz}, start {walk.start}: " + show(walk))
        return lines


def show(walk):
    steps = ", ".join(f"L{level} at {where:#x}: {word:#x}" if where is not None else f"L{level}: stage 2 fault"
                      for level, where, word in walk.steps)
    return steps + (f" -> {walk.out:#x}" if walk.out is not None else " -> none")
