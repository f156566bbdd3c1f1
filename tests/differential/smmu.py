# SPDX-License-Identifier: GPL-2.0-or-later
"""The SMMUv3 on both emulators: many cases, and what to do with one that differs."""
import copy
from collections import Counter

import smmu_run
from smmu_case import Step, generate
from smmu_compare import compare, plain
from smmu_explained import RULES
from vm import Dead

VARIANTS = [(stage, two_level) for two_level in (False, True) for stage in ("1", "2", "nested")]
# How the peer ends on reserved values; a finding only when ours ends too.
PEER_ENDS = ("code should not be reached",)


class Pair:
    """Our emulator and the peer, started again when one of them ended."""

    def __init__(self, ours, peer):
        self.binaries = ours, peer
        self.vms = []

    def ready(self):
        if not self.vms:
            self.vms = [smmu_run.start("ours", self.binaries[0], True), smmu_run.start("peer", self.binaries[1], False)]
        return self.vms

    def end(self):
        for vm in self.vms:
            vm.end()
        self.vms = []

    def try_case(self, case):
        """(rules, findings); None when the peer ended with an assertion."""
        try:
            ours, peer = smmu_run.run(self.ready(), case)
        except Dead as e:
            self.end()
            if e.name == "peer" and any(text in str(e) for text in PEER_ENDS):
                return None
            return [], [str(e)]
        rules, findings = compare(case, ours, peer)
        return (rules, findings) if not findings else self.again(case, rules, findings)

    def again(self, case, rules, findings):
        """Faults that nobody hears of explain nothing: once more, recorded and with room for the records."""
        loud = smmu_run.audible(case)
        if not loud:
            return rules, findings
        ours, peer = smmu_run.run(self.ready(), loud)
        more, left = compare(loud, ours, peer)
        small = case.registers["EVENTQ_BASE"] != loud.registers["EVENTQ_BASE"]
        return (rules + more, []) if not left and (more or small) else (rules, findings)


def fewer_steps(case):
    """A write stays with the invalidation after it: without, old and new are both right."""
    for i, step in enumerate(case.steps):
        bound = i and case.steps[i - 1].kind == "write"
        if step.kind == "commands" and not bound:
            for j in range(len(step.args[0]) if len(step.args[0]) > 1 else 0):
                yield case.steps[:i] + [Step("commands", (step.args[0][:j] + step.args[0][j + 1:],))] + case.steps[i + 1:]
        if not (step.kind == "commands" and bound):
            yield case.steps[:i] + case.steps[i + 1 + (step.kind == "write"):]


def smaller(case):
    """Cases with one thing less."""
    for steps in fewer_steps(case):
        less = copy.deepcopy(case)
        less.steps = steps
        yield less
    for addr in case.words:
        less = copy.deepcopy(case)
        del less.words[addr]
        yield less


def minimise(pair, case):
    """The smallest case found that still differs, and how."""
    result = pair.try_case(case)
    findings = result[1] if result else []
    progress = bool(findings)
    while progress:
        progress = False
        for less in smaller(case):
            result = pair.try_case(less)
            if result and result[1]:
                case, findings, progress = less, result[1], True
                break
    return case, findings


def report(case, variant, findings):
    print(f"DIFFERENCE seed {case.seed} stage {variant[0]} {'two-level' if variant[1] else 'linear'}; "
          f"again with: differential smmuv3 --seed {case.seed} --cases 1 --variant {VARIANTS.index(variant)}")
    print("  mutations: " + ("; ".join(case.notes) or "none"))
    print("  registers: " + " ".join(f"{n}={v:#x}" for n, v in case.registers.items()))
    for addr, value in case.words.items():
        if value:
            print(f"  {addr:#x}: {value:#018x}  {case.label[addr]}")
    for i, step in enumerate(case.steps):
        print(f"  step {i}: {step.kind} {plain(step.args)}")
    for line in findings:
        print("  " + line)


def cases_of(pair, variant, first, count, tally):
    """Runs them; the number of unexplained differences."""
    bad = 0
    for seed in range(first, first + count):
        case = generate(seed, variant)
        result = pair.try_case(case)
        if result is None:
            tally["the peer ended"] += 1
            continue
        tally.update({rule.name for rule in result[0]})
        if result[1]:
            bad += 1
            small, findings = minimise(pair, case)
            report(small, variant, findings or result[1])
            if bad >= 20:
                break
    return bad


def run(ours, peer, first, count, variants):
    """@count cases over the variants; returns (cases, unexplained)."""
    tally, bad, done = Counter(), 0, 0
    for i, variant in enumerate(variants):
        n = count // len(variants) + (i < count % len(variants))
        pair = Pair(ours, peer)
        try:
            bad += cases_of(pair, variant, first, n, tally)
        finally:
            pair.end()
        done += n
        print(f"# smmuv3, stage {variant[0]}, {'two-level' if variant[1] else 'linear'}: {n} cases from seed {first}", flush=True)
    known = {rule.name: rule for rule in RULES}
    for name, times in tally.most_common():
        print(f"#   {times:6} {name}" + (f" (section {known[name].section})" if name in known else ""))
    return done, bad


def explain_all():
    for rule in RULES:
        print(f"{rule.name}\n    {rule.section}: {rule.says}.\n    The peer {rule.peer}.")
