"""The words around a run: what is about to happen, and what came of it.

A host script may print `REPORT-SMMU JSON` with the answer of query-smmu.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json, os, re, subprocess

MINUTES = 0.8           # a scenario, on two cores

def version(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return '?'

def introduction(o, chosen, skipped):
    out = ['The server    %s, software emulation, with a nested SMMUv3' % version([o.l0, '--version']),
           'The program   %s' % o.vmm,
           'The peer      %s' % (o.peer or 'none: no comparison (--peer)')]
    rounds = sum(4 if s.compares else 1 for s in chosen)
    minutes = max(1, round(rounds * MINUTES / max(o.jobs, 1)))
    out.append('%d scenario%s; each boots the server, Linux with KVM on it, and guests in that. About %d minute%s, longer on a busy machine.'
               % (len(chosen), '' if len(chosen) == 1 else 's', minutes, '' if minutes == 1 else 's'))
    for reason in sorted(set(skipped.values())):
        out.append('Not run       %s (%s)' % (', '.join(s.name for s in skipped if skipped[s] == reason), reason))
    if any(s.lines('kernel') for s in skipped):
        out.append('              tests/lab/build-kernel .lab/Image-7.2.gz builds a kernel that has it')
    return '\n'.join(out) + '\n'

def assigned(result):
    """The devices that the scenario gave to its guests, as the host sees them."""
    hosts = {}
    for line in result.lines:
        found = re.match(r'^L1-PCI (\S+) (\S+) group=(\d+)', line)
        if found:
            hosts[found.group(1)] = found.group(2, 3)
    return ['%s (%s, IOMMU group %s)' % (a, hosts[a][0].replace('0x', ''), hosts[a][1]) for a in result.scenario.lines('pass') if a in hosts]

def smmu_text(info):
    """One vSMMU over its host objects."""
    host = info.get('host')
    if not host:
        return ['  %s on %s: emulated, %d streams' % (info['id'], info['bus'], len(info['streams']))]
    out = ['  %s on %s: vIOMMU %d over stage 2 %d, bypass table %d, abort table %d, event queue fd %d'
           % (info['id'], info['bus'], host['viommu'], host['stage2'], host['bypass'], host['abort'], host['event-queue'])]
    for s in info['streams']:
        out.append('    stream %#x  %-14s guest: %-10s host: %s, table %s, vDEVICE %s'
                   % (s['stream-id'], s.get('device', ''), s['config'], s.get('host-state', '-'), s.get('host-table', '-'), s.get('vdevice', '-')))
    statistics = info['statistics']
    out.append('    %d guest commands in %d queue runs; %d commands went to the host in %d calls, %d errors; %d events'
               % (statistics['commands'], statistics['runs'], host['commands'], host['calls'], host['errors'], statistics['events']))
    return out

def objects(result):
    out = []
    for line in result.lines:
        if line.startswith('REPORT-SMMU '):
            try:
                answer = json.loads(line[len('REPORT-SMMU '):])
                for info in answer['return']:
                    out += smmu_text(info)
            except (ValueError, KeyError, TypeError) as error:
                out.append('  (query-smmu gave no usable answer: %s)' % error)
    return out

def conclusion(results, seconds):
    out = ['']
    with_devices = [(r, assigned(r), objects(r)) for r in results]
    if any(devices for _, devices, _ in with_devices):
        out.append('Host devices given to guests, and what stood for them on the host')
        for r, devices, standing in with_devices:
            if devices:
                out.append('%-20s %s' % (r.scenario.name, ', '.join(devices)))
                out += standing
        out.append('')
    measured = [r for r in results if r.figures]
    if measured:
        out.append('Beside the peer, in one run on one host (medians)')
        for r in measured:
            out += ['  ' + f.text() for f in r.figures]
        out.append('')
    failed = [r for r in results if not r.passed]
    for r in failed:
        out.append('FAILED %s: %s' % (r.scenario.name, r.complaints[0].splitlines()[0]))
    for r in results:
        if r.before and r.passed:
            out.append('AGAIN  %s passed only alone; before: %s' % (r.scenario.name, r.before[0].splitlines()[0]))
    if out[-1]:
        out.append('')
    out.append('%d:%02d minutes' % divmod(round(seconds), 60))
    out.append('%d passed, %d failed' % (len(results) - len(failed), len(failed)))
    return '\n'.join(out)
