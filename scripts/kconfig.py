#!/usr/bin/env python3
"""Reads the tree's Kconfig files and one file of assignments, writes
config-devices.mak (for meson) and config-devices.h (for C) into a build directory.

usage: kconfig.py KCONFIG ASSIGNMENTS BUILD_DIR [NAME=true|false...]

NAME=... sets symbols that the build decides (is there KVM on this target?).
An assignment that names no symbol, or that a dependency overrules, is an error.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, sys
import kconfiglib

kconfig, assignments, build, *forced = sys.argv[1:]
os.environ['srctree'] = os.path.dirname(os.path.abspath(kconfig))
os.environ['CONFIG_'] = 'CONFIG_'
kconf = kconfiglib.Kconfig(os.path.basename(kconfig), warn_to_stderr=False)

def assign(name, value, where):
    symbol = kconf.syms.get(name)
    if symbol is None or not symbol.nodes:
        sys.exit("%s: no device or feature is called CONFIG_%s" % (where, name))
    symbol.set_value(value)
    return symbol

wanted = []
for line in forced:
    name, value = line.split('=')
    assign(name, 'y' if value == 'true' else 'n', 'configure')
for number, line in enumerate(open(assignments), 1):
    line = line.split('#')[0].strip()
    if not line:
        continue
    where = '%s:%d' % (assignments, number)
    match = re.fullmatch(r'CONFIG_(\w+)=([yn])', line)
    if not match:
        sys.exit("%s: '%s' is not CONFIG_NAME=y or CONFIG_NAME=n" % (where, line))
    wanted.append((assign(match[1], match[2], where), match[2], where))
for symbol, value, where in wanted:
    if symbol.str_value != value:
        sys.exit("%s: CONFIG_%s=%s cannot be: something selects it or a dependency is off" % (where, symbol.name, value))

def write(path, text):
    """Leaves the file alone when nothing changed, so nothing is rebuilt."""
    if not os.path.exists(path) or open(path).read() != text:
        open(path, 'w').write(text)

on = sorted(s.name for s in kconf.unique_defined_syms if s.str_value == 'y')
write(os.path.join(build, 'config-devices.mak'), ''.join('CONFIG_%s=y\n' % n for n in on))
write(os.path.join(build, 'config-devices.h'), ''.join('#define CONFIG_%s 1\n' % n for n in on))
