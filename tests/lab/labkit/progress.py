"""What is going on, for a person who waits: one line a finished scenario, and on a
terminal a last line with the stage that each running one is in.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import sys, threading, time

STAGES = (('L1-UP', 'host up'), ('L1-READY', 'starting the guest'), ('UEFI firmware', 'firmware'), ('L2-UP', 'guest up'),
          ('L2-DONE', 'guest done'), ('FIGURE', 'measuring'))

class Board:
    def __init__(self, total):
        self.total, self.done, self.running = total, 0, {}
        self.lock, self.terminal, self.stopped = threading.RLock(), sys.stdout.isatty(), False

    def redraw(self):
        if self.terminal and not self.stopped:
            now = time.time()
            parts = ['%s: %s (%.0f s)' % (name, stage, now - begin) for name, (stage, begin) in self.running.items()]
            text = '[%d/%d] %s' % (self.done, self.total, '   '.join(parts))
            print('\r%.150s\033[K' % text if parts else '\r\033[K', end='', flush=True)

    def stop(self):
        with self.lock:
            self.redraw()
            self.stopped = True

    def begin(self, name):
        with self.lock:
            self.running[name] = ('host boots', time.time())
            self.redraw()

    def line(self, name, line):
        with self.lock:
            for mark, words in STAGES:
                if mark in line:
                    self.running[name] = (words, self.running[name][1])
            self.redraw()

    def end(self, result):
        with self.lock:
            self.done += 1
            del self.running[result.scenario.name]
            if self.stopped:
                return
            print('%s%-6s %-20s %4.0f s  %s' % ('\r\033[K' if self.terminal else '', 'ok' if result.passed else 'not ok',
                                                 result.scenario.name, result.seconds, result.scenario.about))
            for complaint in result.complaints:
                print('       ' + complaint)
            for hint in result.hint:
                print('         ' + hint)
            sys.stdout.flush()
            self.redraw()
