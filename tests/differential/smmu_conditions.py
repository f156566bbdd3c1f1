# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions of explained differences: one step of a case, what both emulators did, and what the case's tables say."""
from fields import get
from smmu_case import OAS, RAM, RAM_END
from smmu_peek import Peek
from smmu_tables import leaf_levels, level_shift

F_STE_FETCH, C_BAD_STREAMID, C_BAD_STE, F_CD_FETCH, C_BAD_CD = 3, 2, 4, 9, 10
F_WALK_EABT, F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION = 0xb, 0x10, 0x11, 0x12, 0x13
EVENTQ_ABT_ERR = 4
RNW, S2 = 1 << 35, 1 << 39
PA_BITS = (32, 36, 40, 42, 44, 48, 52, 52)


def collapse(step, events):
    """
    Without the records that only tell of later pieces of an access: a device may
    cut it (the peer's memory core goes by 4 bytes where it finds no memory).
    """
    kept = []
    length = step.args[3] if step.kind == "dma" else 0
    for e in events:
        if not (length > 4 and kept and e and kept[-1] and later_piece(kept[-1], e, length)):
            kept.append(e)
    return kept


def later_piece(first, e, length):
    """Does @e say the same of another piece of the same page?"""
    near = first[2] == e[2] or 0 < e[2] - first[2] < length and first[2] >> 12 == e[2] >> 12
    return first[:2] == e[:2] and near


class Context:
    """One step that differs."""

    def __init__(self, case, index, ours, peer):
        self.case, self.index, self.step, self.ours, self.peer = case, index, case.steps[index], ours, peer
        self.records, self.their_records = [[e for e in collapse(self.step, o.events) if e] for o in (ours, peer)]
        self.mine, self.theirs = [[e[0] & 0xff for e in records] for records in (self.records, self.their_records)]
        self.is_dma = self.step.kind == "dma"
        if self.is_dma:
            self.master, self.write, self.iova, self.length = self.step.args
            self.peek = Peek(case, index, self.master)
            self.ste, self.cd = self.peek.ste, self.peek.cd

    def ste_field(self, word, name):
        return get(self.ste[word], f"STE{word}", name)

    def asked(self):
        """The addresses that stage 2 is asked for: of CD, tables and data."""
        if self.peek.config == 6:
            return [self.iova]
        return [self.ste[0] & 0xfffffffffffc0, self.peek.s1(self.iova).out or 0] + [at or 0 for at in self.peek.ipas(self.iova)]

    def ips(self):
        return min(OAS, PA_BITS[self.cd_field(0, "IPS")])

    def strtab(self, name):
        return get(self.case.registers["STRTAB_BASE_CFG"], "STRTAB_BASE_CFG", name)

    def cd_field(self, word, name):
        return get(self.cd[word], f"CD{word}", name)


def overflow(c):
    size = 1 << get(c.case.registers["EVENTQ_BASE"], "QBASE", "LOG2SIZE")
    return c.ours.prod >> 31 and c.peer.gerror & EVENTQ_ABT_ERR and c.peer.prod & size * 2 - 1 == size


def only(c, change):
    """Both recorded the same, but for what @change evens out."""
    return bool(c.records) and [change(e) for e in c.records] == [change(e) for e in c.their_records]


def side_by_side(c):
    """An IPA that needs a table beyond the first."""
    if not c.is_dma or c.peek.config & 6 != 6:
        return False
    walk = c.peek.s2(0)
    limit = 1 << min(level_shift(walk.granule, walk.start) + walk.granule - 3, 63)
    if 64 - walk.tsz <= limit.bit_length() - 1:
        return False
    return any(ipa >= limit for ipa in c.asked())


def misaligned_table(c):
    log2size = 0 if c.strtab("FMT") else min(c.strtab("LOG2SIZE"), 16)
    return c.is_dma and c.case.registers["STRTAB_BASE"] & (0xfffff | (64 << log2size) - 1) & (1 << 52) - 1


def cached_s2(c):
    if not c.is_dma or not any(s.kind == "dma" and s.args[0] == c.master for s in c.case.steps[:c.index]):
        return False
    others = [e[:3] for e in c.records if not (e[0] & 0xff == F_PERMISSION and e[1] & S2)]
    return len(others) < len(c.records) and others == [e[:3] for e in c.their_records]


def contradictory_s2(c):
    if not c.is_dma or c.mine[:1] != [C_BAD_STE] or not c.peek.config & 2:
        return False
    walk = c.peek.s2(0)
    bits, low = 64 - walk.tsz, level_shift(walk.granule, walk.start)
    return not low < bits <= low + walk.granule - 3 + 4 or walk.start < 0


def large_tables(c):
    """A table of stage 1 on more than one page of stage 2, and not the first of them asked for."""
    if not c.is_dma or c.peek.config != 7:
        return False
    s1, s2 = c.peek.s1(c.iova).granule, c.peek.s2(0).granule
    return s1 > s2 and any(at & (1 << s1) - 1 >= 1 << s2 for at in c.peek.ipas(c.iova))


def shared_vmid(c):
    """A mutation gave two streams with tables of their own one VMID: either's translations may be used."""
    vmids = [get(c.peek.memory.get(a, 0), "STE2", "VMID") for a, name in c.case.label.items() if name.startswith("STE2")] if c.is_dma else []
    return len(vmids) > len(set(vmids))


def others_invalidated(c):
    """Only entries of another ASID or VMID were invalidated, or none that are global: what is cached may stay."""
    if not c.is_dma or c.peek.config & 3 == 0:
        return False
    vmid, asid = c.ste_field(2, "VMID"), c.cd_field(0, "ASID")
    before = [w0 for s in c.case.steps[:c.index] if s.kind == "commands" for w0, _ in s.args[0]]
    spared = any(w0 & 0xff == 0x11 or w0 & 0xff == 0x12 and w0 >> 48 != asid or
                 w0 & 0xff in (0x10, 0x11, 0x12, 0x13, 0x28, 0x2a) and w0 >> 32 & 0xffff != vmid for w0 in before)
    return spared and any(s.kind == "write" for s in c.case.steps[:c.index])


def both_ttbs(c):
    if not c.is_dma or c.peek.config != 7 or not c.theirs or not c.their_records[0][1] & S2:
        return False
    return c.their_records[0][3] >> 12 in [(w & 0xffffffffffff0) >> 12 for w in c.cd[1:3]]


def tagged(c):
    """Invalidated by address, which the peer caches with the tag."""
    if not c.is_dma or not c.cd_field(0, f"TBI{c.peek.half(c.iova)}") or c.iova >> 56 == (0xff if c.peek.half(c.iova) else 0):
        return False
    before = [s.args[0] for s in c.case.steps[:c.index] if s.kind == "commands"]
    return any(w0 & 0xff in (0x12, 0x13) for commands in before for w0, _ in commands)


def beyond_oas(c):
    return c.is_dma and c.peek.config == 4 and c.mine[:1] == [F_ADDR_SIZE] and c.iova >> OAS


def device_memory(c):
    return c.is_dma and c.peek.config & 7 == 4 and c.iova < RAM


def tbi1(c):
    return c.is_dma and c.peek.half(c.iova) and c.iova >> 56 != 0xff and c.cd_field(0, "TBI0") != c.cd_field(0, "TBI1")


def no_block_here(c):
    if not c.is_dma or c.mine[:1] != [F_TRANSLATION]:
        return False
    walks = [c.peek.s1(c.iova)] if c.peek.config & 5 == 5 else []
    if c.peek.config & 6 == 6:
        walks += [c.peek.s2(ipa) for ipa in c.asked()]
    return any(w.leaf is not None and w.level not in leaf_levels(w.granule) for w in walks)


def cached_apt(c):
    if not c.is_dma or not c.write or set(c.mine) != {F_PERMISSION} or c.theirs:
        return False
    return any(w >> 62 & 1 for _, _, w in c.peek.s1(c.iova).steps[:-1])


def commands_of(c, opcodes):
    return c.step.kind == "commands" and any(w0 & 0xff in opcodes for w0, _ in c.step.args[0])


def apt_early(c):
    return c.is_dma and c.theirs[:1] == [F_PERMISSION] and c.peek.config & 5 == 5 and c.write and \
        any(w >> 62 & 1 for _, _, w in c.peek.s1(c.iova).steps)


def level1(c):
    """(span, L2Ptr, split) of the descriptors that a two-level case has."""
    split = c.strtab("SPLIT")
    return [(get(w, "L1STD", "SPAN"), w & 0xfffffffffffe0, split) for a, w in c.case.words.items() if c.case.label[a].startswith("L1STD")]


def bad_stream(c):
    return c.is_dma and (c.mine[:1] == [C_BAD_STREAMID] or not c.mine and not c.case.registers["CR2"] & 2)


def span(c):
    return bad_stream(c) and any(s > split + 1 or c.peek.sid & (1 << split) - 1 >= 1 << s >> 1 for s, _, split in level1(c))


def misaligned_l2(c):
    return c.is_dma and any(s and ptr & (32 << s) - 1 for s, ptr, _ in level1(c))


def privileged(c):
    if not c.is_dma or c.mine[:1] != [F_PERMISSION] or c.peek.config & 5 != 5:
        return False
    walk = c.peek.s1(c.iova)
    if walk.leaf is None:
        return False
    had = get(c.cd[1 + c.peek.half(c.iova)], "CD1", "HAD")
    return not walk.leaf >> 6 & 1 or not had and any(w >> 61 & 1 for _, _, w in walk.steps[:-1])


def rnw_of_a_cd_fetch(c):
    return c.is_dma and c.write and only(c, lambda e: e[:1] + (e[1] & ~RNW,) + e[2:3] + (e[3] & -4096,)) and c.records[0][1] >> 40 & 3 == 0


def fault_of_stage_2_for_a_table_of_stage_1(c):
    return c.is_dma and only(c, lambda e: e[:1] + (e[1] & ~S2,) + e[2:3] + (e[3] & -65536,)) and c.records[0][1] >> 39 & 7 == 3


def ttb_beyond_ips(c):
    if not c.is_dma or c.mine[:1] != [C_BAD_CD]:
        return False
    return any(c.cd[i] & 0xffffffffffff0 >= 1 << c.ips() for i in (1, 2) if not c.cd_field(0, f"EPD{i - 1}"))


def merging(c):
    return c.is_dma and c.ste_field(1, "MEV") and len(set(c.theirs)) == 1 and len(c.mine) < len(c.theirs) and set(c.mine) <= set(c.theirs)


def pointers_beyond_oas(c):
    return c.is_dma and c.mine[:1] == [C_BAD_STE] and (c.ste[0] >> OAS & 0xff or c.peek.config & 2 and c.ste[3] >> OAS & 0xff)


def commands_for_what_is_not_there(c):
    return commands_of(c, (0x18, 0x1a, 0x20, 0x21, 0x22, 0x23, 0x40, 0x41, 0x44, 0x45)) and c.ours.gerror & 1 and not c.peer.gerror & 1


def ssec(c):
    return c.step.kind == "commands" and any(w0 >> 10 & 1 for w0, _ in c.step.args[0]) and c.ours.gerror & 1 and not c.peer.gerror & 1


def ipa_of_what_is_cached(c):
    """An access over two pages has two records; only that of a permission loses its IPA."""
    def of_stage_2(e):
        return e[0] & 0xff == F_PERMISSION and bool(e[1] & S2)
    lost = [of_stage_2(e) and not e[3] for e in c.their_records]
    return any(lost) and only(c, lambda e: e[:3] if of_stage_2(e) else e)


def tables_in_device_memory(c):
    return c.mine[:1] in ([F_WALK_EABT], [F_CD_FETCH], [F_STE_FETCH]) and (c.records[0][3] >> 39 == 1 or c.records[0][3] < RAM)
