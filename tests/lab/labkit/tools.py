"""Small arm64 programs that scenarios run: tests/lab/tools, built when asked for.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, subprocess, tempfile

from . import kernel

SOURCES = os.path.join(kernel.HERE, 'tools')
CC = ['aarch64-linux-gnu-gcc', '-O2', '-Wall', '-Wextra', '-Werror', '-I' + kernel.ROOT]

def recipe(name, out):
    """NAME.flat from NAME.S or a freestanding NAME.c, NAME.so and a static NAME from NAME.c."""
    stem, kind = os.path.splitext(name)
    source = os.path.join(SOURCES, stem)
    if kind == '.flat' and os.path.exists(source + '.c'):
        return [CC + ['-ffreestanding', '-fno-pic', '-fno-reorder-functions', '-fno-stack-protector', '-mgeneral-regs-only', '-mstrict-align', '-nostdlib', '-static',
                      '-Wl,--build-id=none,-z,max-page-size=4096,-Ttext=0x40080000', '-o', out + '.elf', source + '.c'],
                ['aarch64-linux-gnu-objcopy', '-O', 'binary', out + '.elf', out]]
    if kind == '.flat':
        return [[CC[0], '-c', '-o', out + '.o', source + '.S'], ['aarch64-linux-gnu-objcopy', '-O', 'binary', out + '.o', out]]
    if kind == '.so':
        return [CC + ['-shared', '-fPIC', '-o', out, source + '.c']]
    return [CC + ['-static', '-o', out, source + '.c', '-lpthread']]

def build(name):
    """The program's bytes."""
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, name)
        for command in recipe(name, out):
            subprocess.run(command, check=True)
        return open(out, 'rb').read()
