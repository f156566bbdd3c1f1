# SPDX-License-Identifier: GPL-2.0-or-later
"""
Differences from the peer that are understood: where it departs from Arm IHI 0070,
or makes another choice than we where the specification leaves one.

Each rule names the section and what it says, and recognises exactly its case.
A rule's effect is "step": this step may differ and the next ones count again;
or "rest": what follows in the case cannot be compared.
"""
from dataclasses import dataclass

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
        last = kept[-1] if kept else None
        if length > 4 and last and e and last[:2] == e[:2] and (last[2] == e[2] or 0 < e[2] - last[2] < length) and last[2] >> 12 == e[2] >> 12:
            continue
        kept.append(e)
    return kept


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

    def ips(self):
        return min(OAS, PA_BITS[self.cd_field(0, "IPS")])

    def strtab(self, name):
        return get(self.case.registers["STRTAB_BASE_CFG"], "STRTAB_BASE_CFG", name)

    def cd_field(self, word, name):
        return get(self.cd[word], f"CD{word}", name)


@dataclass
class Rule:
    name: str
    section: str
    says: str                           # the specification
    peer: str                           # what the peer does instead
    when: object
    effect: str = "step"
    unseen: bool = False                # may show in memory alone, after a write that both let pass


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
    asked = [c.iova] if c.peek.config == 6 else [c.ste[0] & 0xfffffffffffc0, c.peek.s1(c.iova).out or 0] + [at or 0 for at in c.peek.ipas(c.iova)]
    return any(a >= limit for a in asked)


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


def others_invalidated(c):
    """Only entries of another ASID or VMID were invalidated, or none that are global: what is cached may stay."""
    if not c.is_dma or c.peek.config & 3 == 0:
        return False
    vmid, asid = c.ste_field(2, "VMID"), c.cd_field(0, "ASID")
    before = [w0 for s in c.case.steps[:c.index] if s.kind == "commands" for w0, _ in s.args[0]]
    return any(w0 & 0xff == 0x11 or w0 & 0xff == 0x12 and w0 >> 48 != asid or w0 & 0xff in (0x10, 0x11, 0x12, 0x13, 0x28, 0x2a) and w0 >> 32 & 0xffff != vmid
               for w0 in before) and any(s.kind == "write" for s in c.case.steps[:c.index])


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
        walks += [c.peek.s2(a or 0) for a in ([c.iova] if not walks else [c.ste[0] & 0xfffffffffffc0, walks[0].out] + c.peek.ipas(c.iova))]
    return any(w.leaf is not None and w.level not in leaf_levels(w.granule) for w in walks)


def cached_apt(c):
    return c.is_dma and c.write and set(c.mine) == {F_PERMISSION} and not c.theirs and any(w >> 62 & 1 for _, _, w in c.peek.s1(c.iova).steps[:-1])


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


RULES = [
    Rule("event queue overflow", "7.4", "a record that finds the queue full is lost and toggles EVENTQ_PROD.OVFLG; EVENTQ_ABT_ERR is for writes that abort",
         "raises GERROR.EVENTQ_ABT_ERR and leaves OVFLG alone", overflow, "rest"),
    Rule("privileged pages", "3.24, 13.1", "an access of PCIe without a PASID is unprivileged and may not use a page that AP[1] or APTable[0] reserves for the privileged",
         "takes every access as privileged", privileged),
    Rule("STRW", "5.2", "STE.STRW other than 0b00 is ILLEGAL when IDR0.HYP is 0", "ignores STRW",
         lambda c: c.is_dma and c.mine[:1] == [C_BAD_STE] and c.peek.config & 5 == 5 and c.ste_field(1, "STRW")),
    Rule("fetch address", "7.3.10", "F_CD_FETCH has FetchAddr in bits 243:195", "puts it where the input address of other events is",
         lambda c: c.mine == c.theirs and set(c.mine) == {F_CD_FETCH} and c.records[0][3] == c.their_records[0][2]),
    Rule("bypass beyond OAS", "3.4", "an address of a bypassing stream beyond OAS is F_ADDR_SIZE", "lets it pass", beyond_oas),
    Rule("device memory", "-", "nothing: the stream bypasses to a device of the machine", "has other devices there", device_memory, "rest"),
    Rule("TBI1", "3.4.1, 5.4", "TBI1 says whether the top byte of an address of TTB1 counts", "looks at TBI0", tbi1),
    Rule("S1STALLD", "5.2", "S1STALLD is RES0 where IDR0.STALL_MODEL is 0b01", "takes the STE as ILLEGAL",
         lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and c.ste_field(1, "S1STALLD")),
    Rule("S1CDMax", "5.2", "S1CDMax is IGNORED where IDR1.SSIDSIZE is 0", "takes the STE as ILLEGAL",
         lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and c.ste_field(0, "S1CDMAX")),
    Rule("HTTU", "5.4", "CD.HA and CD.HD are RES0 where IDR0.HTTU is 0", "takes the CD as ILLEGAL",
         lambda c: c.is_dma and c.theirs[:1] == [C_BAD_CD] and (c.cd_field(0, "HA") or c.cd_field(0, "HD"))),
    Rule("alignment of the stream table", "6.3.24", "bits of STRTAB_BASE below the size of the table count as 0", "uses them",
         misaligned_table, unseen=True),
    Rule("level 1 stream table", "5.1", "L2Ptr is bits 51:6; those above are RES0", "takes them as address",
         lambda c: c.is_dma and c.theirs and set(c.theirs) == {F_STE_FETCH} and c.their_records[0][3] >> 52),
    Rule("RnW of a CD fetch", "7.3", "RnW tells of the transaction that led to the event", "says read",
         lambda c: c.is_dma and c.write and only(c, lambda e: e[:1] + (e[1] & ~RNW,) + e[2:3] + (e[3] & -4096,)) and c.records[0][1] >> 40 & 3 == 0),
    Rule("IPA", "7.3.13", "IPA is bits 51:12 of the address", "shows the lower bits too",
         lambda c: only(c, lambda e: e[:3] + (e[3] & -4096,)) and c.records[0][3] & 0xfff == 0),
    Rule("fault of stage 2 for a table of stage 1", "7.3.13", "S2 says which stage faulted", "says stage 1, with CLASS TT and the table's IPA instead of the descriptor's",
         lambda c: c.is_dma and only(c, lambda e: e[:1] + (e[1] & ~S2,) + e[2:3] + (e[3] & -65536,)) and c.records[0][1] >> 39 & 7 == 3),
    Rule("tables side by side", "Arm ARM D8.2", "up to 16 tables form the first level of stage 2", "looks into the first only", side_by_side, unseen=True),
    Rule("tagged addresses", "4.4, 3.4.1", "the tag is not part of an address that TBI applies to", "caches by tag, and does not find it again", tagged, unseen=True),
    Rule("TTB beyond IPS", "3.4.3", "a TTB beyond IPS makes the CD ILLEGAL", "fetches what is there",
         lambda c: c.is_dma and c.mine[:1] == [C_BAD_CD] and any(c.cd[i] & 0xffffffffffff0 >= 1 << c.ips() for i in (1, 2) if not c.cd_field(0, f"EPD{i - 1}"))),
    Rule("S2T0SZ beyond S2PS", "5.2", "S2T0SZ is limited by OAS", "limits it by S2PS",
         lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and 64 - c.ste_field(2, "S2T0SZ") > PA_BITS[c.ste_field(2, "S2PS")]),
    Rule("input of stage 2 alone", "3.4", "an address beyond OAS is F_ADDR_SIZE of stage 1", "records nothing",
         lambda c: c.is_dma and c.peek.config == 6 and c.iova >> OAS and c.mine[:1] == [F_ADDR_SIZE] and not c.theirs),
    Rule("merging", "7.3.1", "with STE.MEV, records that say the same may be merged", "never merges",
         lambda c: c.is_dma and c.ste_field(1, "MEV") and len(set(c.theirs)) == 1 and len(c.mine) < len(c.theirs) and set(c.mine) <= set(c.theirs)),
    Rule("stage 2 permissions of what is cached", "3.25", "permissions of both stages are judged for each access", "judges stage 2's when it walks only", cached_s2),
    Rule("both tables at once", "7.3", "only the table that the address selects is used", "looks up both TTBs in stage 2 when it reads the CD, and faults for either", both_ttbs),
    Rule("pointers beyond OAS", "3.4.3", "S1ContextPtr or S2TTB beyond OAS makes the STE ILLEGAL", "drops the bits above 47",
         lambda c: c.is_dma and c.mine[:1] == [C_BAD_STE] and (c.ste[0] >> OAS & 0xff or c.peek.config & 2 and c.ste[3] >> OAS & 0xff)),
    Rule("S2HA, S2HD", "5.2", "S2HA and S2HD are reserved where IDR0.HTTU is 0", "ignores them; we take the STE as ILLEGAL",
         lambda c: c.is_dma and c.mine[:1] == [C_BAD_STE] and (c.ste_field(2, "S2HA") or c.ste_field(2, "S2HD"))),
    Rule("order of faults", "Arm ARM D8.15", "address size comes before access flag and permission", "looks at those first",
         lambda c: c.mine[:1] == [F_ADDR_SIZE] and c.theirs[:1] in ([F_ACCESS], [F_PERMISSION])),
    Rule("S2SL0 and S2T0SZ", "5.2", "S2SL0 that does not fit S2T0SZ makes the STE ILLEGAL", "walks", contradictory_s2),
    Rule("RECINVSID", "6.3.11", "C_BAD_STREAMID is recorded when CR2.RECINVSID is 1", "records it always",
         lambda c: c.is_dma and set(c.theirs) == {C_BAD_STREAMID} and not c.mine and not c.case.registers["CR2"] & 2),
    Rule("tables larger than stage-2 pages", "Arm ARM D8.2", "the address of each descriptor goes through stage 2", "translates the table's first", large_tables, unseen=True),
    Rule("commands for what is not there", "4.4, 4.5", "CMD_TLBI_EL2_* are illegal where IDR0.HYP is 0, CMD_ATC_INV where IDR0.ATS is 0, and so on",
         "does nothing", lambda c: commands_of(c, (0x18, 0x1a, 0x20, 0x21, 0x22, 0x23, 0x40, 0x41, 0x44, 0x45)) and c.ours.gerror & 1 and not c.peer.gerror & 1, "rest"),
    Rule("SSec", "4.1.6", "a command with SSec in a Non-secure queue is illegal", "ignores the bit",
         lambda c: c.step.kind == "commands" and any(w0 >> 10 & 1 for w0, _ in c.step.args[0]) and c.ours.gerror & 1 and not c.peer.gerror & 1, "rest"),
    Rule("another ASID or VMID", "4.4", "an invalidation leaves entries of others alone, and they may be used", "caches other things than we",
         others_invalidated, unseen=True),
    Rule("IPA of what is cached", "7.3.16", "IPA is for faults of stage 2", "shows 0 when the entry was cached",
         lambda c: set(c.mine) == {F_PERMISSION} and only(c, lambda e: e[:3]) and c.records[0][1] & S2 and not c.their_records[0][3]),
    Rule("table address beyond IPS", "3.4, 7.3.14", "the address in a table descriptor is checked against IPS or S2PS: F_ADDR_SIZE",
         "fetches what is there", lambda c: c.mine[:1] == [F_ADDR_SIZE] and c.theirs[:1] == [F_WALK_EABT] and c.their_records[0][3] >= RAM_END),
    Rule("APTable before the walk ends", "Arm ARM D8.4", "permissions are judged once a leaf is found; faults of the walk come first",
         "faults a write at the table that says read-only", apt_early),
    Rule("alignment of a level 2 stream table", "5.1", "bits of L2Ptr below the size that SPAN gives count as 0", "uses them", misaligned_l2, unseen=True),
    Rule("LOG2SIZE beyond SIDSIZE", "6.3.25", "the effective LOG2SIZE is at most IDR1.SIDSIZE", "aligns the table by the value as it is",
         lambda c: c.is_dma and c.strtab("LOG2SIZE") > 16, unseen=True),
    Rule("span of a level 1 descriptor", "5.1", "a span of N gives 2^(N-1) stream table entries; others are C_BAD_STREAMID",
         "accepts one more, or all", span),
    Rule("reserved SPLIT", "6.3.25", "reserved values of SPLIT behave as 6", "takes the value as it is",
         lambda c: c.is_dma and c.strtab("FMT") and c.strtab("SPLIT") not in (6, 8, 10), unseen=True),
    Rule("tables in device memory", "3.4", "tables are in memory; a fetch from elsewhere may abort", "reads what a device or hole says",
         lambda c: c.mine[:1] in ([F_WALK_EABT], [F_CD_FETCH], [F_STE_FETCH]) and (c.records[0][3] >> 39 == 1 or c.records[0][3] < RAM)),
    Rule("IPA of stage 1", "7.3.14", "IPA is for faults of stage 2", "shows the table of a stage-1 F_ADDR_SIZE there",
         lambda c: set(c.mine) == {F_ADDR_SIZE} and only(c, lambda e: e[:3]) and not c.records[0][1] & S2),
    Rule("blocks at other levels", "Arm ARM D8.3", "a block descriptor at a level without blocks is invalid", "takes it as a block", no_block_here),
    Rule("APTable of what is cached", "Arm ARM D8.4", "a table's limits hold for all below it", "forgets them once the leaf is cached", cached_apt),
]


def explain(case, index, ours, peer):
    """The rule that knows this difference, or None."""
    context = Context(case, index, ours, peer)
    return next((rule for rule in RULES if rule.when(context)), None)


def explain_memory(case, ours, peer):
    """The rule for a difference that only the memory shows."""
    for i, step in enumerate(case.steps):
        if step.kind == "dma" and step.args[1]:
            context = Context(case, i, ours.steps[i], peer.steps[i])
            for rule in RULES:
                if rule.unseen and rule.when(context):
                    return rule
    return None
