#!/usr/bin/env python3
"""Makes the man page: the frame, with the options of the option table in it.

usage: man-page.py VERSION FRAME system/cmdline-table.c > qemu-system-aarch64.1
       man-page.py check PAGE PROGRAM     does PAGE list what `PROGRAM -help` lists?

The table is read as text, so that a cross-build needs no program of its own
to run. A row that does not look like one is an error, not a missing option.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import subprocess
import sys

ROW = re.compile(r'^    (FLAG|TEXT|KEYVAL|ALIAS)\((.*)\),$')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|NULL')


def troff(text):
    return text.replace('\\', r'\e').replace('-', r'\-').replace("'", r'\(aq')


def options(table):
    """(name, usage, help) of each row that -help lists"""
    for line in table.split('option_defs[] = {')[1].split('\n};')[0].splitlines()[1:]:
        row = ROW.match(line)
        if line and not row:
            sys.exit('man-page.py: not a row of the option table: %s' % line)
        if row and row[1] != 'ALIAS':
            strings = [s[1] for s in STRING.finditer(row[2])]
            yield strings[0], strings[-2] if row[1] != 'FLAG' else '', strings[-1]


def entry(name, usage, text):
    heading = r'.BI "\-%s" "%s"' % (troff(name), ' ' + troff(usage) if usage else '')
    return '.TP\n%s\n%s.' % (heading, troff(text[0].upper() + text[1:]).replace('`', '"'))


def generate(version, frame, table):
    listed = '\n'.join(entry(*row) for row in options(open(table).read()))
    sys.stdout.write(open(frame).read().replace('@VERSION@', version).replace('@OPTIONS@', listed))


def check(page, program):
    text = subprocess.run([program, '-help'], capture_output=True, text=True, check=True).stdout
    helped = re.findall(r'^-(\S+)', text, re.M)
    paged = [name.replace('\\-', '-') for name in re.findall(r'^\.BI "\\-(\S+)"', open(page).read(), re.M)]
    if helped != paged or not helped:
        sys.exit('%s and %s -help list different options: %s' % (page, program, sorted(set(helped) ^ set(paged))))


if sys.argv[1] == 'check':
    check(*sys.argv[2:])
else:
    generate(*sys.argv[1:])
