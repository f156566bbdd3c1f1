"""Figures of the program and of its peer, measured in turn in one run: medians and their ratio.

A scenario's file `figures` says what its host script measures, a line each:
    NAME | UNIT | BOUND | WORDS
BOUND is <=R or >=R for the ratio ours/peer, =V for our own value, or - for none; with ~ in
front it is an aim: the report says when it is not reached, and nothing fails.
The host script prints  FIGURE NAME ours|peer VALUE  any number of times.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re, statistics

LINE = re.compile(r'^FIGURE (\S+) (ours|peer) (-?[0-9.]+)$')

class Figure:
    def __init__(self, name, unit, bound, words, ours, peer):
        self.name, self.unit, self.bound, self.words = name, unit, bound.lstrip('~'), words
        self.aim = bound[0] == '~'
        self.ours, self.peer = (statistics.median(v) if v else None for v in (ours, peer))

    def ratio(self):
        if self.ours is None or self.peer is None:
            return None
        return self.ours / self.peer if self.peer else float(self.ours > 0)

    def reached(self):
        """None when there is nothing to say."""
        if self.bound == '-' or self.ours is None:
            return None if self.bound == '-' else False
        if self.bound[0] == '=':
            return abs(self.ours - float(self.bound[1:])) < 1e-9
        if self.ratio() is None:
            return None
        limit = float(self.bound[2:])
        return self.ratio() <= limit if self.bound[0] == '<' else self.ratio() >= limit

    def complaint(self):
        if self.reached() is not False:
            return None
        if self.ours is None:
            return 'not measured: ' + self.words
        if self.aim:
            return None
        return 'missed: ' + self.text()

    def text(self):
        show = lambda v: '-' if v is None else '%.4g' % v
        verdict = ('  not reached' if self.aim else '  MISSED') if self.reached() is False else ''
        ratio = '' if self.ratio() is None else 'ratio %.3g' % self.ratio()
        bound = '' if self.bound == '-' else '(%s)' % self.bound
        return '%-63s ours %7s   peer %7s %-5s %-14s%s%s' % (self.words, show(self.ours), show(self.peer), self.unit, ratio, bound, verdict)

def figures(definitions, lines):
    values = {}
    for line in lines:
        found = LINE.match(line.strip())
        if found:
            values.setdefault(found.group(1, 2), []).append(float(found.group(3)))
    out = []
    for definition in definitions:
        name, unit, bound, words = (f.strip() for f in definition.split('|'))
        out.append(Figure(name, unit, bound, words, values.get((name, 'ours')), values.get((name, 'peer'))))
    return out
