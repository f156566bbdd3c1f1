# SPDX-License-Identifier: GPL-2.0-or-later
"""
Random cases for the SMMUv3: a working set of registers, stream tables, context
descriptors and translation tables, steps that use it, then a few mutations.

A case is data: registers to write, words of memory, steps. Generation depends
on nothing but the seed and the variant.
"""
import random
from dataclasses import dataclass, field

from fields import FIELDS, NUMBERS, get, names, pack, put, register
from smmu_tables import Memory, Table, leaf_levels, level_shift, start_level_s1

SMMU = 0x09050000
# The queues are more than two bits away from all that a mutated pointer may reach.
CMDQ, EVENTQ, STRTAB = 0x5b800000, 0x5b840000, 0x44100000
TABLES, TABLES_SIZE = 0x44200000, 0x00c00000
DATA, DATA_SIZE = 0x48000000, 0x00200000
# STE.Config of the streams of a variant; the usual one several times.
CONFIGS = {"1": [5, 5, 5, 5, 5, 7, 6, 4, 0], "2": [6, 6, 6, 6, 6, 6, 7, 5, 4], "nested": [7, 7, 7, 7, 5, 6, 4]}
# Reserved values on which the peer ends with an assertion: (register, field) -> value.
PEER_ENDS = {("STE2", "S2TG"): 3, ("STE2", "S2PS"): 7, ("CD0", "IPS"): 7}
DUMP = 0x4a000000                       # where the device's buffer goes for inspection
NOWHERE = 0x09700000                    # neither RAM nor a device
RAM, RAM_END = 0x40000000, 0x80000000
# (bus, slot) of the DMA masters; the stream is bus << 8 | slot << 3
MASTERS = ((0, 2), (0, 3), (1, 0))
SIDS = tuple(b << 8 | s << 3 for b, s in MASTERS)
OAS = 44                                # of the peer's model


@dataclass
class Step:
    kind: str                           # dma, commands, write (memory), event-cons, repair, off (SMMUEN), on
    args: tuple


@dataclass
class Case:
    seed: int
    stage: str                          # what most streams have: 1, 2, nested
    registers: dict = field(default_factory=dict)
    words: dict = field(default_factory=dict)
    label: dict = field(default_factory=dict)
    used: int = TABLES
    steps: list = field(default_factory=list)
    slots: list = field(default_factory=list)       # where data is
    moved: set = field(default_factory=set)         # by how much mutated descriptors miss it: address bits that differ
    notes: list = field(default_factory=list)       # the mutations, for people


def contents(case, pa):
    """What is in a slot before the case: 64 bytes."""
    return random.Random(pa ^ case.seed).randbytes(64)


@dataclass
class Stream:
    """One master's way through the tables."""
    master: int
    config: int = 5
    asid: int = 0
    vmid: int = 0
    s1: list = None                     # Table or None for TTB0 and TTB1
    s2: Table = None
    delta: int = 0
    ste: list = None
    ste_at: int = 0
    cd_at: int = 0
    cd: list = None
    tbi: list = None
    targets: list = field(default_factory=list)     # (iova, pa, room, slot address)


class Generator:
    def __init__(self, seed, variant):
        stage, self.two_level = variant
        self.r = random.Random(f"{seed}/{variant}")
        self.case = Case(seed, stage)
        self.mem = Memory(TABLES, TABLES_SIZE)
        self.data_used = 0
        self.streams = []
        self.vmids = self.r.sample([0, 1, 7, 0xffff], 4)        # one each: they have tables of their own

    # --- Addresses -----------------------------------------------------------------------------

    def data(self):
        """A fresh 64-byte slot somewhere in the data area; pages of their own now and then."""
        if self.r.random() < 0.3:
            self.data_used = (self.data_used + 0xffff & ~0xffff) + self.r.choice([0, 0xfc0, 0x3fc0, 0xffc0])
        at = DATA + self.data_used
        self.data_used += 64 * self.r.randint(1, 40)
        return at if at + 64 <= DATA + DATA_SIZE else DATA

    # --- Stage 2 ----------------------------------------------------------------------------------

    def stage2_shape(self):
        """Granule, input bits and start level that agree with each other."""
        while True:
            granule = self.r.choice([12, 14, 16])
            start = self.r.randint({12: 0, 14: 1, 16: 1}[granule], 2)
            low = level_shift(granule, start)
            side_by_side = 4 if self.r.random() < 0.06 else 0
            least, most = max(low + 1, 33), min(low + granule - 3 + side_by_side, OAS)
            if least <= most:
                return granule, self.r.randint(least, most), start

    def stage2(self, s):
        granule, bits, start = self.stage2_shape()
        s.s2 = Table(self.mem, f"s2[{s.master}]", granule, bits, start)
        room = 1 << bits
        s.delta = self.r.choice([0, 0, room >> 1, room >> 2]) if bits >= 36 else 0
        sl0 = {12: 2 - start, 14: 3 - start, 16: 3 - start}[granule]
        ps = self.r.choice([4, 4, 5, 6])
        s.ste[2] = pack("STE2", VMID=s.vmid, S2T0SZ=64 - bits, S2SL0=sl0, S2TG={12: 0, 16: 1, 14: 2}[granule], S2PS=ps, S2AA64=1,
                        S2AFFD=self.r.random() < 0.2, S2PTW=self.r.random() < 0.1, S2R=1) | self.r.getrandbits(6) << 40
        s.ste[3] = s.s2.root

    def s2_attrs(self, rare=0.0):
        attr = 3 << 6 | 1 << 10 | 0xf << 2 | self.r.choice([0, 2, 3]) << 8
        if self.r.random() < rare:
            attr ^= 1 << self.r.choice([6, 7, 10, 54, 53])
        return attr

    def s2_map(self, s, ipa, rare=0.0):
        if not s.s2:
            return ipa
        level = self.r.choice([lv for lv in leaf_levels(s.s2.granule) if lv >= s.s2.start])
        slot = s.s2.map(ipa, ipa - s.delta, level, self.s2_attrs(rare))
        while slot is None and level < 3:
            level += 1
            slot = s.s2.map(ipa, ipa - s.delta, level, self.s2_attrs(rare))
        return slot

    # --- Stage 1 ------------------------------------------------------------------------------------

    def half(self, s, which):
        granule = self.r.choice([12, 14, 16])
        bits = self.r.randint(25, 48)
        return Table(self.mem, f"tt{which}[{s.master}]", granule, bits, start_level_s1(granule, bits), s.delta)

    def stage1(self, s):
        s.s1 = [self.half(s, 0), self.half(s, 1) if self.r.random() < 0.4 else None]
        s.asid = self.r.choice([0, 1, 2, 0xabcd])
        s.tbi = [self.r.random() < 0.25, self.r.random() < 0.25]
        s.cd = [0] * 8
        s.cd[0] = pack("CD0", V=1, AA64=1, A=1, R=1, ASID=s.asid, ASET=self.r.getrandbits(1), IPS=self.r.choice([4, 4, 4, 5]),
                       AFFD=self.r.random() < 0.2, TBI0=s.tbi[0], TBI1=s.tbi[1])
        s.cd[0] |= self.r.getrandbits(6) << 8 | self.r.getrandbits(6) << 24        # cacheability and shareability
        for i, t in enumerate(s.s1):
            if not t:
                s.cd[0] = put(s.cd[0], "CD0", f"EPD{i}", 1)
                continue
            tg = ({12: 0, 16: 1, 14: 2}, {14: 1, 12: 2, 16: 3})[i][t.granule]
            s.cd[0] = put(put(s.cd[0], "CD0", f"T{i}SZ", 64 - t.bits), "CD0", f"TG{i}", tg)
            s.cd[i + 1] = t.ttb() | (self.r.random() < 0.1) << 1                # HAD
        s.cd[3] = self.r.getrandbits(64)                                        # MAIR
        s.cd_at = self.mem.room(64)
        s.ste[0] |= s.cd_at + s.delta

    def s1_attrs(self, rare):
        attr = 1 << 10 | 1 << 6 | self.r.choice([0, 2, 3]) << 8 | self.r.getrandbits(1) << 11 | self.r.getrandbits(3) << 2
        attr |= self.r.getrandbits(4) << 55 | self.r.getrandbits(2) << 53
        if self.r.random() < rare:
            attr ^= 1 << self.r.choice([6, 7, 10])
        return attr

    def table_attrs(self):
        return self.r.getrandbits(5) << 59 if self.r.random() < 0.04 else self.r.getrandbits(2) << 59

    def s1_map(self, s, which, pa):
        t = s.s1[which]
        level = self.r.choice([lv for lv in leaf_levels(t.granule) if lv >= t.start])
        ipa = pa + s.delta
        size = 1 << level_shift(t.granule, level)
        iova = self.r.getrandbits(t.bits) & -size | ipa & size - 1
        if self.r.random() < 0.5:
            iova = iova & (size << 3) - 1
        contiguous = (1 << 52) if self.r.random() < 0.15 and level == 3 else 0
        attrs = self.s1_attrs(0.05) | contiguous
        if contiguous:
            # all of the group, or the hint is a programming error
            group = size * {12: 16, 14: 128, 16: 32}[t.granule]
            iova = iova & -group | ipa & group - 1
            for i in range(group // size):
                slot = t.map((iova & -group) + i * size, (ipa & -group) + i * size, level, attrs)
                if slot is None:
                    return None
            slot = t.map(iova, ipa, level, attrs, self.table_attrs())
        else:
            slot = t.map(iova, ipa, level, attrs, self.table_attrs())
        if slot is None:
            return None
        upper = ((1 << 64) - (1 << t.bits)) if which else 0
        iova = iova & (1 << t.bits) - 1 | upper
        if s.tbi[which] and self.r.random() < 0.4:
            iova = iova & ~(0xff << 56) | self.r.getrandbits(8) << 56
        return iova, slot

    def pte_of(self, slot):
        return self.mem.words[slot]

    # --- Streams -----------------------------------------------------------------------------------

    def stream(self, master):
        s = Stream(master)
        s.ste = [0] * 8
        s.config = self.r.choice(CONFIGS[self.case.stage])
        s.vmid = self.vmids.pop()
        s.ste[0] = pack("STE0", V=1, CONFIG=s.config)
        s.ste[2] = pack("STE2", VMID=s.vmid)
        s.ste[1] = pack("STE1", S1CIR=self.r.getrandbits(2), S1COR=self.r.getrandbits(2), S1CSH=self.r.getrandbits(2))
        self.stage2(s)
        if s.config & 6 != 6:
            s.s2, s.delta = None, 0     # a legal STE2, in case a mutation makes it count
        if s.config & 1 and s.config & 4:
            self.stage1(s)
        for _ in range(self.r.randint(1, 4)):
            self.target(s)
        if s.s2 and s.s1:
            for t in [x for x in s.s1 if x]:
                for page, size in t.pages:
                    for at in range(page, page + size, 1 << s.s2.granule):
                        self.s2_map(s, at + s.delta, 0.004)
            self.s2_map(s, s.cd_at + s.delta, 0.01)
        return s

    def target(self, s):
        pa = self.data()
        if s.config & 5 == 5:
            which = 1 if s.s1[1] and self.r.random() < 0.5 else 0
            where = self.s1_map(s, which, pa)
            if not where:
                return
            if s.s2:
                # what the leaf points to, whichever target made it
                self.s2_map(s, pa + s.delta, 0.04)
            s.targets.append((where[0], pa, where[1]))
        elif s.config & 6 == 6:
            slot = self.s2_map(s, pa + s.delta, 0.06)
            s.targets.append((pa + s.delta, pa, slot))
        else:
            s.targets.append((pa, pa, None))

    def place_streams(self):
        """Stream table, linear or two-level, and what it points to."""
        r = self.r
        log2size = r.choice([9, 9, 10, 16, 12])
        two_level = self.two_level
        if not two_level:
            log2size = min(log2size, 10)
        split = r.choice([6, 8, 10])
        cfg = pack("STRTAB_BASE_CFG", LOG2SIZE=log2size, SPLIT=split if two_level else 0, FMT=two_level)
        self.case.registers["STRTAB_BASE_CFG"] = cfg
        base = STRTAB
        self.case.registers["STRTAB_BASE"] = base | r.getrandbits(1) << 62
        l2 = {}
        for s in self.streams:
            sid = SIDS[s.master]
            if two_level:
                index = sid >> split
                if index not in l2:
                    span = split + 1
                    l2[index] = self.mem.room(64 << split)
                    self.mem.put(base + index * 8, l2[index] | span, f"L1STD {index}")
                s.ste_at = l2[index] + (sid & (1 << split) - 1) * 64
            else:
                s.ste_at = base + sid * 64
            for i in range(8):
                self.mem.put(s.ste_at + i * 8, s.ste[i], f"STE{i}[{s.master}]")
            if s.cd:
                for i in range(8):
                    self.mem.put(s.cd_at + i * 8, s.cd[i], f"CD{i}[{s.master}]")

    # --- Steps -----------------------------------------------------------------------------------------

    def add(self, kind, *args):
        self.case.steps.append(Step(kind, args))

    def dma_step(self, s):
        r = self.r
        iova, pa, _ = r.choice(s.targets)
        length = r.choice([1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 8, 64])
        if r.random() < 0.05:           # to another place in, or beyond, the mapping
            iova ^= 1 << r.choice([b for b in range(6, 64) if b != 30])
        elif r.random() < 0.05:         # across a page
            iova |= 0xffe
            length = 4
        self.add("dma", s.master, r.getrandbits(1), iova, length)

    def sync(self):
        return (pack("CMD0", OPCODE=NUMBERS["CMD_SYNC"], CS=self.r.choice([0, 0, 0, 1])), 0)

    def suffices_for_leaf(self, s, iova, slot):
        """One of the commands that remove what came of the leaf."""
        r = self.r
        c = lambda op, **f: pack("CMD0", OPCODE=NUMBERS["CMD_" + op], **f)
        options = [(c("TLBI_NSNH_ALL"), 0)]
        if s.s2:
            options += [(c("TLBI_S12_VMALL", VMID=s.vmid), 0)]
            if not s.s1:
                options += [(c("TLBI_S2_IPA", VMID=s.vmid), iova & 0xffffffffff000 | r.getrandbits(1))]
        if s.s1 and slot in [leaf[2] for t in s.s1 if t for leaf in t.leaves]:
            va = iova & ~0xfff
            if s.tbi[iova >> 55 & 1]:   # the top byte is not part of what is cached
                va = va & ~(0xff << 56) | (0xff << 56 if iova >> 55 & 1 else 0)
            options += [(c("TLBI_NH_ALL", VMID=s.vmid), 0), (c("TLBI_NH_VAA", VMID=s.vmid), va),
                        (c("TLBI_NH_VA", VMID=s.vmid, ASID=s.asid), va | r.getrandbits(1))]
            if self.pte_of(slot) >> 11 & 1:
                options += [(c("TLBI_NH_ASID", VMID=s.vmid, ASID=s.asid), 0)]
        return r.choice(options)

    def remap_step(self, s):
        """Another leaf, then what the architecture asks for to make it count."""
        r = self.r
        iova, pa, slot = r.choice(s.targets)
        if slot is None or self.mem.words[slot] & 1 << 52:
            return
        old = self.mem.words[slot]
        command = self.suffices_for_leaf(s, iova, slot)
        bit = r.choice([0, 0, 6, 7, 7, 10, 10, 53, 16, 17])
        self.add("dma", s.master, r.getrandbits(1), iova, 4)
        self.add("write", slot, old ^ 1 << bit)
        self.add("commands", (command, self.sync()))
        self.add("dma", s.master, r.getrandbits(1), iova, 4)

    def reconfigure_step(self, s):
        """Another STE or CD, and the command that makes it count."""
        r = self.r
        sid = SIDS[s.master]
        c = lambda op, **f: pack("CMD0", OPCODE=NUMBERS["CMD_" + op], **f)
        if s.cd and r.random() < 0.5:
            i, what, at = 0, "CD0", s.cd_at
            command = r.choice([(c("CFGI_CD", SID=sid), r.getrandbits(1)), (c("CFGI_CD_ALL", SID=sid), 0),
                                (c("CFGI_STE", SID=sid), 0), (c("CFGI_STE_RANGE"), 31)])
        else:
            i, what, at = 0, "STE0", s.ste_at
            command = r.choice([(c("CFGI_STE", SID=sid), r.getrandbits(1)), (c("CFGI_STE_RANGE"), 31)])
        old = (s.cd if what == "CD0" else s.ste)[i]
        name = r.choice(["V", "AFFD", "EPD0", "ASID"] if what == "CD0" else ["V", "CONFIG"])
        new = put(old, what, name, get(old, what, name) ^ 1)
        self.add("dma", s.master, r.getrandbits(1), r.choice(s.targets)[0], 4)
        self.add("write", at, new)
        self.add("commands", (command, (c("TLBI_NSNH_ALL"), 0), self.sync()))
        self.add("dma", s.master, r.getrandbits(1), r.choice(s.targets)[0], 4)
        if r.random() < 0.5:
            self.add("write", at, old)
            self.add("commands", (command, (c("TLBI_NSNH_ALL"), 0), self.sync()))
            self.add("dma", s.master, r.getrandbits(1), r.choice(s.targets)[0], 4)

    def legal_commands(self):
        r = self.r
        s = r.choice(self.streams)
        c = lambda op, **f: pack("CMD0", OPCODE=NUMBERS["CMD_" + op], **f)
        sid = r.choice(SIDS + (0x12, 0xffff))
        addr = r.choice([t[0] for t in s.targets] + [r.getrandbits(48)]) & ~0xfff
        legal = [
            (c("PREFETCH_CONFIG", SID=sid), 0), (c("PREFETCH_ADDR", SID=sid), addr),
            (c("CFGI_STE", SID=sid), r.getrandbits(1)), (c("CFGI_STE_RANGE", SID=sid), r.choice([0, 3, 8, 31])),
            (c("TLBI_NSNH_ALL"), 0),
        ]
        if r.random() < 0.7:
            legal += [(c("CFGI_CD", SID=sid), r.getrandbits(1)), (c("CFGI_CD_ALL", SID=sid), 0),
                      (c("TLBI_NH_ALL", VMID=s.vmid), 0), (c("TLBI_NH_ASID", VMID=s.vmid, ASID=s.asid), 0),
                      (c("TLBI_NH_VA", VMID=s.vmid, ASID=s.asid), addr | r.getrandbits(1)), (c("TLBI_NH_VAA", VMID=s.vmid), addr),
                      (c("TLBI_NH_VA", VMID=s.vmid, ASID=s.asid, NUM=r.getrandbits(5), SCALE=r.getrandbits(3)),
                       addr & ~0xffff | r.choice([1, 2, 3]) << 10)]
        if r.random() < 0.7:
            legal += [(c("TLBI_S12_VMALL", VMID=s.vmid), 0), (c("TLBI_S2_IPA", VMID=s.vmid), addr & 0xffffffffff000 | r.getrandbits(1)),
                      (c("TLBI_S2_IPA", VMID=s.vmid, NUM=r.getrandbits(5), SCALE=r.getrandbits(3)),
                       addr & 0xfffffffff0000 | r.choice([1, 2, 3]) << 10)]
        return [r.choice(legal) for _ in range(r.randint(1, 6))]

    def command_step(self):
        r = self.r
        commands = self.legal_commands()
        if r.random() < 0.15:
            i = r.randrange(len(commands))
            w0, w1 = commands[i]
            kind = r.random()
            if kind < 0.4:
                commands[i] = (put(w0, "CMD0", "OPCODE", r.getrandbits(8)), w1)
                self.case.notes.append(f"opcode {get(commands[i][0], 'CMD0', 'OPCODE'):#x}")
            elif kind < 0.7:
                commands[i] = (w0 ^ 1 << r.randint(8, 63), w1)
                self.case.notes.append("command word 0")
            else:
                commands[i] = (w0, w1 ^ 1 << r.randint(0, 63))
                self.case.notes.append("command word 1")
        self.add("commands", tuple(commands) + ((self.sync(),) if r.random() < 0.8 else ()))

    def off_steps(self, s):
        """DMA while the SMMU is off, which GBPA may forbid."""
        r = self.r
        self.add("off", r.getrandbits(1))
        self.add("dma", s.master, r.getrandbits(1), r.choice(s.targets)[1], 4)
        self.add("on")

    def steps(self):
        r = self.r
        for _ in range(r.randint(2, 5)):
            s = r.choice(self.streams)
            kind = r.random()
            if kind < 0.55 and s.targets:
                self.dma_step(s)
            elif kind < 0.7 and s.targets:
                self.remap_step(s)
            elif kind < 0.8 and s.targets:
                self.reconfigure_step(s)
            elif kind < 0.95:
                if s.targets:
                    self.command_step()
            elif kind < 0.965 and s.targets:
                self.off_steps(s)
            elif kind < 0.98:
                self.add("event-cons")
            else:
                self.add("repair")
        for s in self.streams:
            if s.targets:
                self.dma_step(s)

    # --- Mutations ----------------------------------------------------------------------------------------

    def mutate_field(self, addr, name):
        """Another value in one named field, or one flipped bit."""
        r, word = self.r, self.mem.words[addr]
        reg = name.split("[")[0]
        fields = names(reg)
        if fields and r.random() < 0.8:
            f = r.choice(fields)
            shift, bits = FIELDS[reg, f]
            new = put(word, reg, f, r.choice([r.getrandbits(bits), get(word, reg, f) ^ 1 << r.randrange(bits), 0, (1 << bits) - 1]))
            note = f"{name}.{f}"
        else:
            bit = r.choice([b for b in range(64) if b != 30])       # below RAM are devices
            new, note = word ^ 1 << bit, f"{name} bit {bit}"
        if any(k[0] == reg and get(new, *k) == v for k, v in PEER_ENDS.items()):
            return
        self.case.moved.add((word ^ new) & 0xfffffffff000)
        self.mem.words[addr] = new
        self.case.notes.append(f"{note}: {word:#x} -> {new:#x}")

    def mutate_pointer(self, addr, name):
        """Somewhere else: outside RAM, beyond sizes, misaligned."""
        r, word = self.r, self.mem.words[addr]
        new = r.choice([word & 0xfff0000000000fff | NOWHERE, word | 1 << r.randint(31, 51), word ^ 1 << r.randint(4, 15)])
        self.mem.words[addr] = new
        self.case.notes.append(f"{name} points elsewhere: {word:#x} -> {new:#x}")

    def mutate_register(self):
        r, regs = self.r, self.case.registers
        name = r.choice(["STRTAB_BASE_CFG", "STRTAB_BASE_CFG", "STRTAB_BASE", "CR1", "CMDQ_BASE", "EVENTQ_BASE"])
        old = regs[name]
        fields = names(name)
        if fields:
            f = r.choice([f for f in fields if f != "FMT"])     # the peer never forgets that it was 1
            regs[name] = put(old, name, f, r.getrandbits(FIELDS[name, f][1]))
        elif name == "STRTAB_BASE":
            regs[name] = r.choice([NOWHERE & ~0xffff, old ^ 1 << r.randint(6, 12)])
        else:
            regs[name] = old ^ 1 << r.choice([0, 33, 43, 44, 50] if "BASE" in name else range(12))
        self.case.notes.append(f"{name}: {old:#x} -> {regs[name]:#x}")

    def mutate(self):
        r = self.r
        for _ in range(r.choice([0, 1, 1, 1, 1, 2])):
            kind = r.random()
            words = self.mem.label
            pick = lambda want: [a for a in words if any(words[a].startswith(w) for w in want)]
            if kind < 0.25:
                some = pick(["STE0", "STE1", "STE2", "STE3"])
            elif kind < 0.45:
                some = pick(["CD0", "CD1", "CD2"]) or pick(["STE0"])
            elif kind < 0.9:
                some = pick(["tt", "s2"]) or pick(["STE2"])
            elif kind < 0.95:
                some = pick(["L1STD"]) or pick(["STE0"])
            else:
                self.mutate_register()
                continue
            if not some:
                continue
            addr = r.choice(some)
            if "table" in words[addr] and r.random() < 0.5 or words[addr][:4] in ("STE0", "STE3", "L1ST") and r.random() < 0.1:
                self.mutate_pointer(addr, words[addr])
            else:
                self.mutate_field(addr, words[addr])

    # --- All ----------------------------------------------------------------------------------------------

    def generate(self):
        r, case = self.r, self.case
        case.registers = {
            "CR1": r.choice([0xd75, r.getrandbits(12)]), "CR2": r.choice([2, 2, 6, 0, 4]),
            "CMDQ_BASE": CMDQ | r.randint(4, 8) | r.getrandbits(1) << 62, "EVENTQ_BASE": EVENTQ | r.choice([1] + [6, 7] * 12),
        }
        for master in r.sample(range(len(MASTERS)), r.choice([1, 1, 2])):
            self.streams.append(self.stream(master))
        self.place_streams()
        self.steps()
        self.mutate()
        case.slots = sorted({pa for s in self.streams for _, pa, _ in s.targets})
        case.words, case.label, case.used = self.mem.words, self.mem.label, self.mem.next
        return case


def generate(seed, variant):
    """variant: (stage, two-level stream table)"""
    return Generator(seed, variant).generate()
