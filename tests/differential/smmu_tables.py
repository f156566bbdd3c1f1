# SPDX-License-Identifier: GPL-2.0-or-later
"""Translation tables built word by word (Arm ARM D8): what a guest would write, any granule, level and stage."""


class Memory:
    """The words a case puts into guest RAM, and room for its tables."""

    def __init__(self, base, size):
        self.base, self.next, self.end = base, base, base + size
        self.words = {}                 # address -> value
        self.label = {}                 # address -> what it is, for people and for mutations

    def room(self, size, align=None):
        align = align or size
        at = (self.next + align - 1) & -align
        self.next = at + size
        assert self.next <= self.end
        return at

    def put(self, addr, value, label):
        self.words[addr] = value & (1 << 64) - 1
        self.label[addr] = label


def level_shift(granule, level):
    return granule + (granule - 3) * (3 - level)


def leaf_levels(granule):
    return {12: [1, 2, 3], 14: [2, 3], 16: [2, 3]}[granule]


def start_level_s1(granule, bits):
    return 3 - (bits - granule - 1) // (granule - 3)


class Table:
    """One stage's tree. delta: what to add to a table's address to get what descriptors hold (an IPA)."""

    def __init__(self, mem, name, granule, bits, start, delta=0):
        self.mem, self.name, self.granule, self.bits, self.start, self.delta = mem, name, granule, bits, start, delta
        index_bits = bits - level_shift(granule, start)
        self.root = mem.room(max(64, 8 << index_bits))
        self.pages = [(self.root, max(64, 8 << index_bits))]
        self.children = {}              # descriptor address -> table
        self.leaves = []                # (ia, level, descriptor address)

    def ttb(self):
        return self.root + self.delta

    def slot(self, table, ia, level):
        shift = level_shift(self.granule, level)
        bits = self.bits - shift if level == self.start else self.granule - 3
        return table + (ia >> shift & (1 << bits) - 1) * 8

    def map(self, ia, oa, level, leaf_attrs, table_attrs=0):
        """Maps the block of @level around @ia; False: the slot is taken."""
        ia &= (1 << self.bits) - 1
        table = self.root
        for at in range(self.start, level):
            slot = self.slot(table, ia, at)
            if slot not in self.children:
                if slot in self.mem.words:
                    return None
                child = self.mem.room(1 << self.granule)
                self.pages.append((child, 1 << self.granule))
                self.children[slot] = child
                self.mem.put(slot, child + self.delta | table_attrs | 3, f"{self.name} table L{at}")
            table = self.children[slot]
        slot = self.slot(table, ia, level)
        if slot in self.children:
            return None
        if slot not in self.mem.words:
            shift = level_shift(self.granule, level)
            self.mem.put(slot, oa >> shift << shift | leaf_attrs | (3 if level == 3 else 1), f"{self.name} leaf L{level}")
            self.leaves.append((ia, level, slot))
        return slot
