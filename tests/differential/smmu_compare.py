# SPDX-License-Identifier: GPL-2.0-or-later
"""Two results of a case, held against each other: nothing, explained differences, or a finding."""
from smmu_conditions import collapse
from smmu_explained import explain, explain_memory
from smmu_peek import Peek


def view(step, outcome):
    """What must be equal."""
    return outcome.gerror, outcome.cons, collapse(step, outcome.events), outcome.data


def compare(case, ours, peer):
    """(rules that applied, findings as lines of text)"""
    used, tainted = [], False
    for i, (a, b) in enumerate(zip(ours.steps, peer.steps)):
        step = case.steps[i]
        if a.gerror & 1 and (step.kind == "write" or i and case.steps[i - 1].kind == "write"):
            return used, []             # no invalidation was executed: what is cached may stay
        mine, theirs = view(step, a), view(step, b)
        if mine == theirs or tainted and mine[:3] == theirs[:3]:
            continue
        rule = explain(case, i, a, b)
        if not rule:
            return used, describe(case, i, a, b)
        used.append(rule)
        tainted = tainted or step.kind == "dma" and step.args[1]    # what they read from now on may differ
        if rule.effect == "rest":
            return used, []
    if used:
        return used, []
    return compare_end(case, ours, peer)


def compare_end(case, ours, peer):
    """Memory and registers after steps that went the same way."""
    memory = [f"memory at {pa:#x} differs: {a} {b}" for pa, a, b in zip(case.slots, ours.slots, peer.slots) if a != b]
    rule = explain_memory(case, ours, peer) if memory else None
    return [rule] if rule else [], ([] if rule else memory) + \
        [f"{n} differs: {v} {peer.final[n]}" for n, v in ours.final.items() if v != peer.final[n]]


def plain(value):
    if isinstance(value, (tuple, list)):
        return "(" + " ".join(plain(v) for v in value) + ")"
    return f"{value:#x}"


def describe(case, index, ours, peer):
    lines = [f"step {i}: {s.kind} {plain(s.args)}" for i, s in enumerate(case.steps[:index])]
    step = case.steps[index]
    lines += [f"step {index}: {step.kind} {plain(step.args)}"]
    for who, o in (("ours", ours), ("peer", peer)):
        events = " ".join(plain(e) if e else "(?)" for e in o.events) or "no events"
        lines.append(f"  {who}: {events} prod {o.prod:#x} cons {o.cons:#x} gerror {o.gerror:#x} data {o.data.hex() or '-'}")
    if step.kind == "dma":
        lines += ["  " + line for line in Peek(case, index, step.args[0]).describe(step.args[2])]
    return lines
