# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a case of smmu_case.py on an emulator, and says what came of each step."""
import copy
import random
import struct
from dataclasses import dataclass, field

from fields import NUMBERS, get, pack, put, register
from smmu_case import CMDQ, DATA, DATA_SIZE, DUMP, EVENTQ, MASTERS, OAS, RAM, RAM_END, SMMU, STRTAB, Step, TABLES, contents
from vm import VM, Copy, Wait, both, config_address, number

BARS = (0x10000000, 0x10100000, 0x10200000)
BUFFER, HALF = 0x40000, 2048            # edu's: the lower half is data to write, the upper what was read
EVENT_SIZE, EVENTS_SHOWN = 32, 128
PAGE1 = 0x10000
CR0_SMMUEN, CR0_QUEUES = 1, 0xc
ARGS = ["-machine", "virt,iommu=smmuv3", "-m", "1024", "-device", "edu,addr=2,dma_mask=0xffffffffffffffff",
        "-device", "edu,addr=3,dma_mask=0xffffffffffffffff", "-device", "pcie-root-port,id=rp,addr=4,chassis=1,slot=1",
        "-device", "edu,bus=rp,dma_mask=0xffffffffffffffff"]


def writel(addr, value):
    return f"writel {addr:#x} {value & 0xffffffff:#x}"


def writeq(addr, value):
    return f"writeq {addr:#x} {value:#x}"


def reg(name):
    return SMMU + register(name)


def dma_ops(master, src, dst, count, command):
    bar = BARS[master]
    return [writeq(bar + 0x80, src), writeq(bar + 0x88, dst), writeq(bar + 0x90, count), writeq(bar + 0x98, command),
            Wait(200000000, f"readq {bar + 0x98:#x}", 1)]


def write_bytes(addr, data):
    return f"write {addr:#x} {len(data):#x} 0x{data.hex()}"


def start(name, binary, ours):
    """The peer's model has both stages and 44-bit addresses, and that cannot be changed."""
    same = ["-global", "arm-smmuv3.stage=nested", "-global", f"arm-smmuv3.x-oas={OAS}"] if ours else []
    vm = VM(name, binary, ARGS + same)
    ops = [writel(config_address(0, 4, offset=0x18), 0x00010100), writel(config_address(0, 4, offset=0x20), 0x10201020),
           f"writew {config_address(0, 4, offset=4):#x} 6"]
    for (bus, slot), bar in zip(MASTERS, BARS):
        ops += [writel(config_address(bus, slot, offset=0x10), bar), f"writew {config_address(bus, slot, offset=4):#x} 6"]
    for master in range(len(MASTERS)):
        ops += [write_bytes(RAM, random.Random(master).randbytes(HALF))] + dma_ops(master, RAM, BUFFER, HALF, 1)
    vm.run(ops + [f"memset {RAM:#x} 0x1000000 0x0"])       # what the machine put there for its guest
    vm.used = TABLES
    return vm


@dataclass
class Outcome:
    """What one emulator did with one step."""
    gerror: int = 0                     # the active ones
    prod: int = 0
    added: int = 0                      # records, by PROD
    cons: int = 0
    events: list = field(default_factory=list)      # records this step added
    data: bytes = b""                               # what a read brought, or all slots after a write


@dataclass
class Result:
    steps: list
    slots: list
    final: dict


class Script:
    """The qtest commands of a case, and which answers matter."""

    def __init__(self, case, used):
        self.case, self.ops, self.marks, self.dumps = case, [], [], {}
        self.prod, self.cmdq_base = 0, case.registers["CMDQ_BASE"]
        self.before(used)
        for i, step in enumerate(case.steps):
            self.reads = {}
            getattr(self, "do_" + step.kind.replace("-", "_"))(i, *step.args)
            self.look("prod", f"readl {reg('EVENTQ_PROD'):#x}")
            self.look("gerror", f"readl {reg('GERROR'):#x}")
            self.look("gerrorn", f"readl {reg('GERRORN'):#x}")
            self.look("cons", f"readl {reg('CMDQ_CONS'):#x}")
            self.marks.append(self.reads)
        self.after()

    def look(self, what, op):
        self.reads[what] = len(self.ops)
        self.ops.append(op)

    # --- Before and after ------------------------------------------------------------------------

    def before(self, used):
        case, r = self.case, self.case.registers
        ops = self.ops
        ops += [writel(reg("CR0"), 0), writel(reg("GBPA"), pack("GBPA", UPDATE=1)), Copy(reg("GERROR"), reg("GERRORN"))]
        ops += [f"memset {addr:#x} {size:#x} 0x0" for addr, size in (
            (TABLES, used - TABLES or 8), (STRTAB, 0x10000), (CMDQ, 0x2000), (DATA, DATA_SIZE), (DUMP, HALF * len(MASTERS)),
            (EVENTQ, EVENTS_SHOWN * EVENT_SIZE))]
        self.forget_all()
        missed = {pa ^ a ^ b for a in case.moved for b in case.moved | {0} if a != b for pa in case.slots}
        ops += [f"memset {pa & -4096:#x} 0x2000 0x0" for pa in missed if RAM <= pa < RAM_END - 8192]
        ops += [writeq(addr, value) for addr, value in case.words.items()]
        ops += [write_bytes(pa, contents(case, pa)) for pa in case.slots]
        ops += [writeq(reg(n), r[n]) for n in ("STRTAB_BASE", "CMDQ_BASE", "EVENTQ_BASE")]
        ops += [writel(reg(n), r[n]) for n in ("STRTAB_BASE_CFG", "CR1", "CR2")]
        ops += [writel(reg(n), 0) for n in ("CMDQ_PROD", "CMDQ_CONS", "EVENTQ_PROD", "EVENTQ_CONS")]
        ops += [writel(reg("CR0"), CR0_QUEUES), writel(reg("CR0"), CR0_QUEUES | CR0_SMMUEN)]

    def forget_all(self):
        """Nothing of the case before stays cached; through a command queue that works."""
        all_of = ((pack("CMD0", OPCODE=NUMBERS["CMD_CFGI_STE_RANGE"]), 31), (pack("CMD0", OPCODE=NUMBERS["CMD_TLBI_NSNH_ALL"]), 0),
                  (pack("CMD0", OPCODE=NUMBERS["CMD_SYNC"]), 0))
        self.ops += [writeq(reg("CMDQ_BASE"), CMDQ | 4), writel(reg("CMDQ_PROD"), 0), writel(reg("CMDQ_CONS"), 0)]
        for i, words in enumerate(all_of):
            self.ops += [writeq(CMDQ + i * 16 + j * 8, w) for j, w in enumerate(words)]
        self.ops += [writel(reg("CR0"), 8), writel(reg("CMDQ_PROD"), len(all_of)), writel(reg("CR0"), 0)]

    def after(self):
        self.reads = {}
        self.look("events", f"read {EVENTQ:#x} {EVENTS_SHOWN * EVENT_SIZE:#x}")
        for i, pa in enumerate(self.case.slots):
            self.look(i, f"read {pa:#x} 64")
        for name in ("EVENTQ_CONS", "CR0ACK", "GBPA", "STRTAB_BASE_CFG", "CR1", "CR2"):
            self.look(name, f"readl {reg(name):#x}")
        for name in ("STRTAB_BASE", "CMDQ_BASE", "EVENTQ_BASE"):
            self.look(name, f"readq {reg(name):#x}")
        self.ops.append(writel(reg("CR0"), 0))
        for master in sorted({s.args[0] for s in self.case.steps if s.kind == "dma" and not s.args[1]}):
            self.ops += dma_ops(master, BUFFER + HALF, DUMP + master * HALF, HALF, 3)
            self.look(f"dump{master}", f"read {DUMP + master * HALF:#x} {HALF:#x}")
        self.final = self.reads

    # --- Steps -----------------------------------------------------------------------------------------

    def do_dma(self, i, master, write, iova, length):
        at = i * 64 % HALF
        if write:
            self.ops += dma_ops(master, BUFFER + at, iova, length, 3)
        else:
            self.ops += dma_ops(master, iova, BUFFER + HALF + at, length, 1)

    def do_write(self, i, addr, value):
        self.ops.append(writeq(addr, value))

    def queue(self):
        log2size = min(get(self.cmdq_base, "QBASE", "LOG2SIZE"), 19)
        return log2size, self.cmdq_base & 0x000fffffffffffe0 & -(16 << log2size)

    def do_commands(self, i, commands):
        log2size, base = self.queue()
        for command in commands:
            at = base + (self.prod & (1 << log2size) - 1) * 16
            if RAM <= at < RAM + (1 << 30):
                self.ops += [writeq(at, command[0]), writeq(at + 8, command[1])]
            self.prod = self.prod + 1 & (2 << log2size) - 1
        self.ops.append(writel(reg("CMDQ_PROD"), self.prod))

    def do_event_cons(self, i):
        self.ops.append(writel(reg("EVENTQ_CONS"), 1))

    def do_off(self, i, abort):
        self.ops += [writel(reg("CR0"), CR0_QUEUES), writel(reg("GBPA"), pack("GBPA", UPDATE=1, ABORT=abort))]

    def do_on(self, i):
        self.ops += [writel(reg("GBPA"), pack("GBPA", UPDATE=1)), writel(reg("CR0"), CR0_QUEUES | CR0_SMMUEN)]

    def do_repair(self, i):
        """Every slot of the queue legal, then errors acknowledged."""
        log2size, base = self.queue()
        if RAM <= base < RAM + (1 << 30) and log2size <= 8:
            self.ops.append(write_bytes(base, struct.pack("<QQ", NUMBERS["CMD_TLBI_NSNH_ALL"], 0) * (1 << log2size)))
        self.ops.append(Copy(reg("GERROR"), reg("GERRORN")))

    # --- Answers ---------------------------------------------------------------------------------------

    def result(self, answers):
        final = {name: answers[i] for name, i in self.final.items()}
        queue = bytes.fromhex(final.pop("events").split("0x")[1])
        records = [struct.unpack_from("<4Q", queue, i * EVENT_SIZE) for i in range(EVENTS_SHOWN)]
        log2size = min(get(self.case.registers["EVENTQ_BASE"], "QBASE", "LOG2SIZE"), 19)
        mask, before, steps = (2 << log2size) - 1, 0, []
        for i, (step, marks) in enumerate(zip(self.case.steps, self.marks)):
            seen = {name: number(answers[at]) for name, at in marks.items()}
            o = Outcome(seen["gerror"] ^ seen["gerrorn"], seen["prod"], (seen["prod"] - before) & mask, seen["cons"])
            for index in range(o.added):
                slot = before + index & mask >> 1
                o.events.append(records[slot] if slot < EVENTS_SHOWN else None)
            before = o.prod
            if step.kind == "dma" and not step.args[1]:
                dump = bytes.fromhex(final[f"dump{step.args[0]}"].split("0x")[1])
                o.data = dump[i * 64 % HALF:][:step.args[3]]
            steps.append(o)
        slots = [final.pop(i) for i in range(len(self.case.slots))]
        return Result(steps, slots, {k: v for k, v in final.items() if not k.startswith("dump")})


def run(vms, case):
    """The case on both; what each did."""
    script = Script(case, max(vms[0].used, case.used))
    answers = both(vms, script.ops)
    results = [script.result(a) for a in answers]
    for vm in vms:
        vm.used = case.used
    return results


def audible(case):
    """The same case with every fault recorded by itself, and room for the records; None: it is so already."""
    loud = copy.deepcopy(case)
    loud.registers["EVENTQ_BASE"] = EVENTQ | 7
    for addr, name in case.label.items():
        heard = {"STE1": ("STE1", "MEV", 0), "STE2": ("STE2", "S2R", 1), "CD0": ("CD0", "R", 1)}.get(name.split("[")[0])
        if heard and addr in case.words:
            loud.words[addr] = put(loud.words[addr], *heard)
            for i, step in enumerate(loud.steps):
                if step.kind == "write" and step.args[0] == addr:
                    loud.steps[i] = Step("write", (addr, put(step.args[1], *heard)))
    return None if loud == case else loud
