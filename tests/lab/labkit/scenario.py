"""One scenario: its files, the machine made of them, its run and the judgement.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, gzip, hashlib, os, re, shutil, subprocess, threading, time

from . import acpi, compare, images, initramfs, kernel, tools

MACHINE = ['-M', 'virt,virtualization=on,gic-version=3,iommu=smmuv3', '-global', 'arm-smmuv3.stage=nested',
           '-cpu', 'max,pauth-impdef=on,sve=off,sme=off', '-smp', '2', '-m', '4G']
LIBDIRS = ['/usr/lib/aarch64-linux-gnu', '/lib/aarch64-linux-gnu', '/lib', '/usr/aarch64-linux-gnu/lib']
PEER_PROGRAM, PEER_LIBDIR = 'usr/bin/qemu-system-aarch64', 'usr/lib/aarch64-linux-gnu'
ESCAPES = re.compile(r'\x1b\[[0-9;?=]*[a-zA-Z]')

class Scenario:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(os.path.abspath(path))
        self.about = self.read('about').strip()
        self.compares = os.path.exists(os.path.join(path, 'figures'))

    def read(self, name):
        path = os.path.join(self.path, name)
        return open(path).read() if os.path.exists(path) else ''

    def lines(self, name):
        return [l for l in self.read(name).splitlines() if l.strip() and l[0] != '#']

class Unprepared(Exception):
    """Why a scenario cannot be run here."""

class Tools:
    """What is the same for every scenario, made once."""
    def __init__(self, options, image):
        self.vmm, self.l0, self.peer = options.vmm, options.l0, options.peer
        self.code, self.vars = options.fw_code, options.fw_vars
        self.busybox = open(options.busybox, 'rb').read()
        self.image = image
        self.iort = acpi.iort_with_canwbs(self.l0, MACHINE)
        self.programs = {}

    def program(self, name):
        if name not in self.programs:
            self.programs[name] = tools.build(name)
        return self.programs[name]

def install_peer(peer, root):
    """The peer beside its own libraries; /peer/lib/ld-linux-aarch64.so.1 starts it."""
    whole = os.path.isdir(peer)
    binary = os.path.join(peer, PEER_PROGRAM) if whole else peer
    libdirs = [os.path.join(peer, PEER_LIBDIR)] if whole else [os.path.dirname(peer)] + LIBDIRS
    os.makedirs(root + '/peer')
    initramfs.install_program(binary, '/peer/qemu-system-aarch64', root, libdirs, '/peer/lib')

def guest_files(scenario, tools):
    """The guest's root directory."""
    programs = {'bin/' + name: (initramfs.PROGRAM, tools.program(name)) for name in scenario.lines('l2.tools')}
    script = {'l2.sh': (initramfs.FILE, scenario.read('l2.sh').encode())}
    return initramfs.initramfs(tools.busybox, initramfs.GUEST_INIT, {**programs, **script})

def make_image(scenario, tools, guest, work, name, kind, size, *rest):
    if kind == 'ext4':
        images.ext4_image(guest if 'guest' in rest else {}, '%s/%s' % (work, name), size)
        return
    sources = {'hello': lambda: images.efi_application(os.path.join(kernel.HERE, 'efi', 'hello.S')), 'Image': lambda: tools.image,
               'loader': lambda: images.efi_application(os.path.join(kernel.HERE, 'efi', 'linux.S')),
               'initrd': lambda: gzip.compress(initramfs.cpio(guest), 1)}
    files = dict(word.split('=', 1) for word in rest)
    content = {path: sources[source]() if source in sources else scenario.read(source).encode() for path, source in files.items()}
    open('%s/%s' % (work, name), 'wb').write(images.fat_image(content, int(size.rstrip('M')) << 20))

def make_host_root(scenario, tools, guest, root):
    """The virtual host's root directory."""
    os.makedirs(root)
    initramfs.make_root(root, tools.busybox)
    initramfs.install_program(tools.vmm, '/vmm', root, LIBDIRS)
    if scenario.compares and tools.peer:
        install_peer(tools.peer, root)
    files = {'Image': tools.image, 'l1.sh': scenario.read('l1.sh').encode(), 'pass': scenario.read('pass').encode(),
             'host.sh': open(os.path.join(kernel.HERE, 'labkit', 'host.sh'), 'rb').read()}
    files.update((name, tools.program(name)) for name in scenario.lines('l1.tools'))
    files['l2.cpio.gz'] = gzip.compress(initramfs.cpio(guest), 1)
    for name, data in files.items():
        open(os.path.join(root, 'lab', name), 'wb').write(data)
        os.chmod(os.path.join(root, 'lab', name), 0o755)
    for line in scenario.lines('programs'):
        path = os.path.join(os.path.dirname(tools.vmm), line)
        if not os.path.exists(path):
            raise Unprepared('%s is not built' % path)
        shutil.copy(path, root + '/lab/')
    shutil.copy(tools.code, root + '/lab/AAVMF_CODE.fd')
    shutil.copy(tools.vars, root + '/lab/AAVMF_VARS.fd')

def prepare(scenario, tools, work):
    """Fills the work directory; returns L0's command line and what {sha} stands for."""
    disk = os.urandom(8 << 20)
    for i in (0, 1):
        open('%s/disk%d' % (work, i), 'wb').write(disk)
    guest = guest_files(scenario, tools)
    for line in scenario.lines('images'):
        make_image(scenario, tools, guest, work, *line.split())
    make_host_root(scenario, tools, guest, work + '/root')
    initramfs.make_ext4(work + '/root', work + '/l1.ext4')
    shutil.rmtree(work + '/root')

    tables = {d: (initramfs.DIRECTORY, b'') for d in ('kernel', 'kernel/firmware', 'kernel/firmware/acpi')}
    tables['kernel/firmware/acpi/IORT.aml'] = (initramfs.FILE, tools.iort)
    host = initramfs.cpio(initramfs.initramfs(tools.busybox, initramfs.HOST_INIT))
    open(work + '/l1.cpio', 'wb').write(initramfs.cpio(tables) + gzip.compress(host, 1))
    open(work + '/Image', 'wb').write(tools.image)
    shutil.copy(tools.vars, work + '/vars.fd')
    places = {'disk0': work + '/disk0', 'disk1': work + '/disk1', 'work': work}
    more = [w for line in scenario.lines('l0.args') for w in line.format(**places).split()]
    # -no-reboot: a host that panics ends the run instead of starting over until the timeout.
    command = [tools.l0] + MACHINE + ['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio',
        '-drive', 'if=pflash,format=raw,readonly=on,file=' + tools.code, '-drive', 'if=pflash,format=raw,file=%s/vars.fd' % work,
        '-drive', 'if=none,id=root,format=raw,readonly=on,file=%s/l1.ext4' % work, '-device', 'virtio-blk-pci,drive=root,addr=5',
        '-kernel', work + '/Image', '-initrd', work + '/l1.cpio', '-append', 'console=ttyAMA0 loglevel=5'] + more
    return command, hashlib.sha256(disk).hexdigest()

def watch(command, work, timeout, show):
    """Runs L0 to its end; the console goes to console.log with seconds in front. Returns its lines, and whether time ran out."""
    begin, lines, late = time.time(), [], threading.Event()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=work)
    timer = threading.Timer(timeout, lambda: (late.set(), process.kill()))
    timer.start()
    try:
        with open(work + '/console.log', 'w') as log:
            for raw in process.stdout:
                line = ESCAPES.sub('', raw.decode('utf-8', 'replace')).rstrip()
                log.write('%7.2f %s\n' % (time.time() - begin, line)); log.flush()
                lines.append(line)
                show(line)
        process.wait()
    finally:
        timer.cancel()
        process.kill()
    return lines, late.is_set()

def afterwards(scenario, work):
    """What the scenario looks at when L0 has ended."""
    if not scenario.read('after.sh'):
        return []
    text = subprocess.run(['sh', '-c', scenario.read('after.sh')], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    open(work + '/console.log', 'a').write(text)
    return text.splitlines()

def shown_instead(lines):
    """Where a pattern was looked for in vain: the first of the lines there that scripts and programs print."""
    told = [l.strip() for l in lines if re.match(r'\s*([A-Z0-9]+-[A-Z0-9]|vmm: )', l)]
    return ''.join('\n         instead: ' + l[:160] for l in told[:6])

def judge(scenario, lines, sha):
    """What is missing or unwanted, as sentences."""
    at, complaints = 0, []
    for pattern in scenario.lines('expect'):
        pattern = pattern.replace('{sha}', sha)
        if pattern[0] == '!':
            hit = next((l for l in lines if re.search(pattern[1:], l)), None)
            if hit is not None:
                complaints.append('unwanted: %s\n      in: %s' % (pattern[1:], hit.strip()))
            continue
        found = next((i for i in range(at, len(lines)) if re.search(pattern, lines[i])), None)
        if found is None:
            complaints.append('missing: ' + pattern + shown_instead(lines[at:]))
            break
        at = found + 1
    return complaints

class Result:
    def __init__(self, scenario, complaints, seconds, lines, figures, hint):
        self.scenario, self.complaints, self.seconds = scenario, complaints, seconds
        self.lines, self.figures, self.hint = lines, figures, hint
        self.passed = not complaints
        self.before = []        # what an earlier run of it complained of

def hints(lines, late, timeout, work):
    """What to look at after a failure."""
    said = [l.strip() for l in lines if re.search(r'\bvmm: |stopwatch: ', l)]
    out = ['%d s were not enough (--timeout)' % timeout] if late else []
    out += ['the program said: ' + l for l in said[-3:]]
    out += ['the console ended with: ' + l.strip() for l in [l for l in lines if l.strip()][-1:]]
    return out + ['the whole console, with seconds: %s/console.log' % work]

def run(scenario, tools, timeout, work, keep, show):
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    begin = time.time()
    try:
        command, sha = prepare(scenario, tools, work)
    except (Unprepared, subprocess.CalledProcessError) as error:
        return Result(scenario, [str(error)], time.time() - begin, [], [], [])
    lines, late = watch(command, work, timeout * (3 if scenario.compares else 1), show)
    lines += afterwards(scenario, work)
    figures = compare.figures(scenario.lines('figures'), lines)
    complaints = judge(scenario, lines, sha) + [f.complaint() for f in figures if f.complaint()]
    for name in glob.glob(work + '/l1.ext4') + ([] if keep or complaints else [work]):
        shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
    return Result(scenario, complaints, time.time() - begin, lines, figures, hints(lines, late, timeout, work) if complaints else [])
