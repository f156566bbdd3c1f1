# SPDX-License-Identifier: GPL-2.0-or-later
"""
Differences from the peer that are understood: where it departs from Arm IHI 0070,
or makes another choice than we where the specification leaves one.

Each rule names the section and what it says, and recognises exactly its case.
A rule's effect is "step": this step may differ and the next ones count again;
or "rest": what follows in the case cannot be compared.
"""
from dataclasses import dataclass

from smmu_conditions import *           # noqa: F403  (conditions, and the names of events)


@dataclass
class Rule:
    name: str
    section: str
    says: str                           # the specification
    peer: str                           # what the peer does instead
    when: object
    effect: str = "step"
    unseen: bool = False                # may show in memory alone, after a write that both let pass


RULES = [
    Rule("event queue overflow", "7.4",
         says="a record that finds the queue full is lost and toggles EVENTQ_PROD.OVFLG; EVENTQ_ABT_ERR is for writes that abort",
         peer="raises GERROR.EVENTQ_ABT_ERR and leaves OVFLG alone",
         when=overflow, effect="rest"),
    Rule("privileged pages", "3.24, 13.1",
         says="an access of PCIe without a PASID is unprivileged: not for pages where AP[1] is 0 or APTable[0] is 1",
         peer="takes every access as privileged",
         when=privileged),
    Rule("STRW", "5.2",
         says="STE.STRW other than 0b00 is ILLEGAL when IDR0.HYP is 0",
         peer="ignores STRW",
         when=lambda c: c.is_dma and c.mine[:1] == [C_BAD_STE] and c.peek.config & 5 == 5 and c.ste_field(1, "STRW")),
    Rule("fetch address", "7.3.10",
         says="F_CD_FETCH has FetchAddr in bits 243:195",
         peer="puts it where the input address of other events is",
         when=lambda c: c.mine == c.theirs and set(c.mine) == {F_CD_FETCH} and c.records[0][3] == c.their_records[0][2]),
    Rule("bypass beyond OAS", "3.4",
         says="an address of a bypassing stream beyond OAS is F_ADDR_SIZE",
         peer="lets it pass",
         when=beyond_oas),
    Rule("device memory", "-",
         says="nothing: the stream bypasses to a device of the machine",
         peer="has other devices there",
         when=device_memory, effect="rest"),
    Rule("TBI1", "3.4.1, 5.4",
         says="TBI1 says whether the top byte of an address of TTB1 counts",
         peer="looks at TBI0",
         when=tbi1),
    Rule("S1STALLD", "5.2",
         says="S1STALLD is RES0 where IDR0.STALL_MODEL is 0b01",
         peer="takes the STE as ILLEGAL",
         when=lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and c.ste_field(1, "S1STALLD")),
    Rule("S1CDMax", "5.2",
         says="S1CDMax is IGNORED where IDR1.SSIDSIZE is 0",
         peer="takes the STE as ILLEGAL",
         when=lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and c.ste_field(0, "S1CDMAX")),
    Rule("HTTU", "5.4",
         says="CD.HA and CD.HD are RES0 where IDR0.HTTU is 0",
         peer="takes the CD as ILLEGAL",
         when=lambda c: c.is_dma and c.theirs[:1] == [C_BAD_CD] and (c.cd_field(0, "HA") or c.cd_field(0, "HD"))),
    Rule("alignment of the stream table", "6.3.24",
         says="bits of STRTAB_BASE below the size of the table count as 0",
         peer="uses them",
         when=misaligned_table, unseen=True),
    Rule("level 1 stream table", "5.1",
         says="L2Ptr is bits 51:6; those above are RES0",
         peer="takes them as address",
         when=lambda c: c.is_dma and c.theirs and set(c.theirs) == {F_STE_FETCH} and c.their_records[0][3] >> 52),
    Rule("RnW of a CD fetch", "7.3",
         says="RnW tells of the transaction that led to the event",
         peer="says read",
         when=rnw_of_a_cd_fetch),
    Rule("IPA", "7.3.13",
         says="IPA is bits 51:12 of the address",
         peer="shows the lower bits too",
         when=lambda c: only(c, lambda e: e[:3] + (e[3] & -4096,)) and c.records[0][3] & 0xfff == 0),
    Rule("fault of stage 2 for a table of stage 1", "7.3.13",
         says="S2 says which stage faulted",
         peer="says stage 1, with CLASS TT and the table's IPA instead of the descriptor's",
         when=fault_of_stage_2_for_a_table_of_stage_1),
    Rule("tables side by side", "Arm ARM D8.2",
         says="up to 16 tables form the first level of stage 2",
         peer="looks into the first only",
         when=side_by_side, unseen=True),
    Rule("tagged addresses", "4.4, 3.4.1",
         says="the tag is not part of an address that TBI applies to",
         peer="caches by tag, and does not find it again",
         when=tagged, unseen=True),
    Rule("TTB beyond IPS", "3.4.3",
         says="a TTB beyond IPS makes the CD ILLEGAL",
         peer="fetches what is there",
         when=ttb_beyond_ips),
    Rule("S2T0SZ beyond S2PS", "5.2",
         says="S2T0SZ is limited by OAS",
         peer="limits it by S2PS",
         when=lambda c: c.is_dma and c.theirs[:1] == [C_BAD_STE] and 64 - c.ste_field(2, "S2T0SZ") > PA_BITS[c.ste_field(2, "S2PS")]),
    Rule("input of stage 2 alone", "3.4",
         says="an address beyond OAS is F_ADDR_SIZE of stage 1",
         peer="records nothing",
         when=lambda c: c.is_dma and c.peek.config == 6 and c.iova >> OAS and c.mine[:1] == [F_ADDR_SIZE] and not c.theirs),
    Rule("merging", "7.3.1",
         says="with STE.MEV, records that say the same may be merged",
         peer="never merges",
         when=merging),
    Rule("stage 2 permissions of what is cached", "3.25",
         says="permissions of both stages are judged for each access",
         peer="judges stage 2's when it walks only",
         when=cached_s2),
    Rule("both tables at once", "7.3",
         says="only the table that the address selects is used",
         peer="looks up both TTBs in stage 2 when it reads the CD, and faults for either",
         when=both_ttbs),
    Rule("pointers beyond OAS", "3.4.3",
         says="S1ContextPtr or S2TTB beyond OAS makes the STE ILLEGAL",
         peer="drops the bits above 47",
         when=pointers_beyond_oas),
    Rule("S2HA, S2HD", "5.2",
         says="S2HA and S2HD are reserved where IDR0.HTTU is 0",
         peer="ignores them; we take the STE as ILLEGAL",
         when=lambda c: c.is_dma and c.mine[:1] == [C_BAD_STE] and (c.ste_field(2, "S2HA") or c.ste_field(2, "S2HD"))),
    Rule("order of faults", "Arm ARM D8.15",
         says="address size comes before access flag and permission",
         peer="looks at those first",
         when=lambda c: c.mine[:1] == [F_ADDR_SIZE] and c.theirs[:1] in ([F_ACCESS], [F_PERMISSION])),
    Rule("S2SL0 and S2T0SZ", "5.2",
         says="S2SL0 that does not fit S2T0SZ makes the STE ILLEGAL",
         peer="walks",
         when=contradictory_s2),
    Rule("RECINVSID", "6.3.11",
         says="C_BAD_STREAMID is recorded when CR2.RECINVSID is 1",
         peer="records it always",
         when=lambda c: c.is_dma and set(c.theirs) == {C_BAD_STREAMID} and not c.mine and not c.case.registers["CR2"] & 2),
    Rule("tables larger than stage-2 pages", "Arm ARM D8.2",
         says="the address of each descriptor goes through stage 2",
         peer="translates the table's first",
         when=large_tables, unseen=True),
    Rule("commands for what is not there", "4.4, 4.5",
         says="CMD_TLBI_EL2_* are illegal where IDR0.HYP is 0, CMD_ATC_INV where IDR0.ATS is 0, and so on",
         peer="does nothing",
         when=commands_for_what_is_not_there, effect="rest"),
    Rule("SSec", "4.1.6",
         says="a command with SSec in a Non-secure queue is illegal",
         peer="ignores the bit",
         when=ssec, effect="rest"),
    Rule("another ASID or VMID", "4.4",
         says="an invalidation leaves entries of others alone, and they may be used",
         peer="caches other things than we",
         when=others_invalidated, unseen=True),
    Rule("IPA of what is cached", "7.3.16",
         says="IPA is for faults of stage 2",
         peer="shows 0 when the entry was cached",
         when=ipa_of_what_is_cached),
    Rule("table address beyond IPS", "3.4, 7.3.14",
         says="the address in a table descriptor is checked against IPS or S2PS: F_ADDR_SIZE",
         peer="fetches what is there",
         when=lambda c: c.mine[:1] == [F_ADDR_SIZE] and c.theirs[:1] == [F_WALK_EABT] and c.their_records[0][3] >= RAM_END),
    Rule("APTable before the walk ends", "Arm ARM D8.4",
         says="permissions are judged once a leaf is found; faults of the walk come first",
         peer="faults a write at the table that says read-only",
         when=apt_early),
    Rule("alignment of a level 2 stream table", "5.1",
         says="bits of L2Ptr below the size that SPAN gives count as 0",
         peer="uses them",
         when=misaligned_l2, unseen=True),
    Rule("LOG2SIZE beyond SIDSIZE", "6.3.25",
         says="the effective LOG2SIZE is at most IDR1.SIDSIZE",
         peer="aligns the table by the value as it is",
         when=lambda c: c.is_dma and c.strtab("LOG2SIZE") > 16, unseen=True),
    Rule("span of a level 1 descriptor", "5.1",
         says="a span of N gives 2^(N-1) stream table entries; others are C_BAD_STREAMID",
         peer="accepts one more, or all",
         when=span),
    Rule("reserved SPLIT", "6.3.25",
         says="reserved values of SPLIT behave as 6",
         peer="takes the value as it is",
         when=lambda c: c.is_dma and c.strtab("FMT") and c.strtab("SPLIT") not in (6, 8, 10), unseen=True),
    Rule("tables in device memory", "3.4",
         says="tables are in memory; a fetch from elsewhere may abort",
         peer="reads what a device or hole says",
         when=tables_in_device_memory),
    Rule("IPA of stage 1", "7.3.14",
         says="IPA is for faults of stage 2",
         peer="shows the table of a stage-1 F_ADDR_SIZE there",
         when=lambda c: set(c.mine) == {F_ADDR_SIZE} and only(c, lambda e: e[:3]) and not c.records[0][1] & S2),
    Rule("blocks at other levels", "Arm ARM D8.3",
         says="a block descriptor at a level without blocks is invalid",
         peer="takes it as a block",
         when=no_block_here),
    Rule("APTable of what is cached", "Arm ARM D8.4",
         says="a table's limits hold for all below it",
         peer="forgets them once the leaf is cached",
         when=cached_apt),
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
