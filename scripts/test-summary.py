#!/usr/bin/env python3
"""One line for each test program that meson ran, then the output of those that failed.

usage: test-summary.py TESTLOG.json TEST-OUTPUT

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json, os, sys

log, output = sys.argv[1:]
if not os.path.exists(log):
    print(open(output).read())
    print('not ok meson test did not run')
    sys.exit()
failures = []
for line in open(log):
    test = json.loads(line)
    good = test['result'] in ('OK', 'EXPECTEDFAIL')
    print('%s %s (%.1f s)%s' % ('ok' if good else 'not ok', test['name'], test['duration'], '' if good else ' ' + test['result']))
    if not good:
        failures.append(test)
for test in failures:
    print('\n-- %s: %s' % (test['name'], ' '.join(test['command'])))
    for stream in ('stdout', 'stderr'):
        for text in test.get(stream, '').splitlines()[-60:]:
            print('   ' + text)
