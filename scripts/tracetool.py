#!/usr/bin/env python3
"""Makes C from a directory's trace-events file.

usage: tracetool.py h|c DIRECTORY-NAME TRACE-EVENTS > OUTPUT

An event is one line:  name(type arg, type arg) "printf format"
Each becomes `static inline void trace_name(type arg, ...)`: one load and a
branch when it is off, a log line and a USDT probe (twostage:name) when it is on.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re, sys

kind, directory, path = sys.argv[1:]
prefix = directory.replace('/', '_')
events = []
for number, line in enumerate(open(path), 1):
    line = line.strip()
    if not line or line.startswith('#'):
        continue
    match = re.fullmatch(r'(\w+)\((.*?)\)\s+("(?:[^"\\]|\\.)*"(?:\s*(?:PRI\w+|"(?:[^"\\]|\\.)*"))*)', line)
    if not match:
        sys.exit('%s:%d: not an event: %s' % (path, number, line))
    name, args, fmt = match.groups()
    args = '' if args.strip() == 'void' else args
    names = [re.search(r'(\w+)$', a.strip())[1] for a in args.split(',')] if args else []
    if len(names) > 12:
        sys.exit('%s:%d: more than 12 arguments' % (path, number))
    events.append((name, args, names, fmt))

if kind == 'h':
    print('/* Made from %s/trace-events. */' % directory)
    print('#ifndef TRACE_%s_H\n#define TRACE_%s_H\n' % (prefix.upper(), prefix.upper()))
    print('#include "util/trace.h"\n')
    for name, args, names, fmt in events:
        print('extern TraceEvent trace_event_%s;' % name)
        print('#define TRACE_%s_ENABLED() trace_event_enabled(&trace_event_%s)' % (name.upper(), name))
        print('static inline void trace_%s(%s)\n{' % (name, args or 'void'))
        print('    if (trace_event_enabled(&trace_event_%s)) {' % name)
        print('        trace_log(&trace_event_%s, %s%s);' % (name, fmt, ''.join(', ' + n for n in names)))
        probe = 'STAP_PROBE%s(twostage, %s%s)' % (len(names) or '', name, ''.join(', ' + n for n in names))
        print('        TRACE_USDT(%s);' % probe)
        print('    }\n}\n')
    print('#endif')
else:
    print('/* Made from %s/trace-events. */' % directory)
    print('#include "%s.trace.h"\n' % prefix)
    for name, args, names, fmt in events:
        print('TraceEvent trace_event_%s = { .name = "%s" };' % (name, name))
    print('static TraceEvent *const events[] = { %s };' % (', '.join('&trace_event_%s' % e[0] for e in events) or 'NULL'))
    print('static void __attribute__((constructor)) register_events(void)\n{')
    print('    trace_register_events(events, %d);\n}' % len(events))
