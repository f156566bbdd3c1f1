# SPDX-License-Identifier: GPL-2.0-or-later
"""Two emulators that get the same qtest commands, and what each answers."""
import os
import select
import struct
import subprocess
import tempfile
import threading

# wfi; b .-4: with icount and sleep=off virtual time jumps to the next timer while the CPU sleeps.
SLEEPER = struct.pack("<II", 0xd503207f, 0x17ffffff)
# What a command may stay away before the emulator counts as hung.
PATIENCE = 300


class Dead(Exception):
    """An emulator that ended or hangs."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name


def version(binary):
    out = subprocess.run([binary, "-version"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    return out.stdout.splitlines()[0].removeprefix("QEMU emulator version ") if out.stdout else None


def has_qtest_accel(binary):
    """A build without a qtest accelerator runs its CPU, asleep, and time by icount."""
    out = subprocess.run([binary, "-accel", "help"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    return "qtest" in out.stdout.split()


class Wait:
    """Until @busy, a read command, has no bit of @mask: @ns by a clock that is stepped, or as long as it takes."""

    def __init__(self, ns, busy, mask):
        self.ns, self.busy, self.mask = ns, busy, mask


class Copy:
    """Reads a 32-bit register and writes what it held to another: acknowledges an error whose state differs."""

    def __init__(self, source, to):
        self.source, self.to = source, to

    def commands(self, vm):
        value = number(vm.ask([f"readl {self.source:#x}"])[0])
        return [f"writel {self.to:#x} {value:#x}"]


class VM:
    """One emulator, its qtest protocol on a pair of pipes."""

    def __init__(self, name, binary, args):
        self.name, self.qtest_accel = name, has_qtest_accel(binary)
        self.log = tempfile.TemporaryFile()
        command = [binary, "-nodefaults", "-display", "none", "-qtest", "stdio", "-qtest-log", "none"] + args
        self.firmware = tempfile.NamedTemporaryFile(suffix=".bin")
        self.firmware.write(SLEEPER)
        self.firmware.flush()
        command += ["-bios", self.firmware.name, "-cpu", "cortex-a57"]
        command += ["-accel", "qtest"] if self.qtest_accel else ["-accel", "tcg", "-icount", "shift=0,sleep=off"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        os.set_blocking(self.process.stdin.fileno(), False)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.sent, self.got = b"", b""
        self.answers = []

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-4000:]

    def dead(self, why):
        self.process.kill()
        return Dead(self.name, f"{self.name} {why} (status {self.process.wait()}): {self.said()}")

    def take(self):
        """Reads what there is; asynchronous lines (IRQ) are not answers."""
        try:
            more = os.read(self.process.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return
        if not more:
            raise self.dead("ended")
        lines = (self.got + more).split(b"\n")
        self.got = lines.pop()
        self.answers += [line.decode() for line in lines if line[:2] in (b"OK", b"FA")]

    def give(self):
        try:
            self.sent = self.sent[os.write(self.process.stdin.fileno(), self.sent[:1 << 16]):]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            raise self.dead("ended") from None

    def ask(self, commands):
        """Sends all the commands at once and returns their answers."""
        self.sent, self.answers = "".join(c + "\n" for c in commands).encode(), []
        while self.sent or len(self.answers) < len(commands):
            writing = [self.process.stdin] if self.sent else []
            readable, writable, _ = select.select([self.process.stdout], writing, [], PATIENCE)
            if not readable and not writable:
                raise self.dead("hangs")
            if writable:
                self.give()
            if readable:
                self.take()
        return self.answers

    def run(self, ops):
        """ops: qtest commands, Wait and Copy. One answer for each."""
        answers, batch = [], []
        for op in ops:
            if isinstance(op, Wait) and self.qtest_accel:
                op = f"clock_step {op.ns}"
            if isinstance(op, str):
                batch.append(op)
                continue
            answers += self.ask(batch)
            batch = []
            if isinstance(op, Copy):
                batch = op.commands(self)
            else:
                answers.append("OK")
                while number(self.ask([op.busy])[0]) & op.mask:
                    pass
        return answers + self.ask(batch)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.firmware.close()


def both(vms, ops):
    """The same to two emulators, side by side."""
    result = []
    thread = threading.Thread(target=lambda: result.append(attempt(vms[1], ops)))
    thread.start()
    answers = [attempt(vms[0], ops)]
    thread.join()
    answers += result
    for a in answers:
        if isinstance(a, Exception):
            raise a
    return answers


def attempt(vm, ops):
    try:
        return vm.run(ops)
    except Exception as e:                  # carried to the thread that waits
        return e


def number(answer):
    """The value in "OK 0x..."; None: the command failed."""
    words = answer.split()
    return int(words[1], 16) if words[0] == "OK" and len(words) > 1 else None


def config_address(bus, slot, function=0, offset=0):
    """In the ECAM window of virt."""
    return 0x4010000000 | bus << 20 | slot << 15 | function << 12 | offset
