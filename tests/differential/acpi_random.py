# SPDX-License-Identifier: GPL-2.0-or-later
"""Random machines for tests/differential/acpi: what people may combine, most of it valid."""
import random


class Machine:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.machine, self.args = ['virt'], []
        self.buses, self.ids = ['pcie.0'], 0
        self.endpoints, self.conventional = [], []

    def maybe(self, chance):
        return self.r.random() < chance

    def add(self, *args):
        self.args += args

    def new_id(self, prefix):
        self.ids += 1
        return '%s%d' % (prefix, self.ids)

    # --- the board

    def board(self):
        gic = self.r.choice(['3', '3', '3', '2', 'max'])
        self.machine.append('gic-version=' + gic)
        for option in ('highmem', 'highmem-ecam', 'highmem-mmio', 'highmem-redists', 'compact-highmem', 'its', 'acpi', 'usb',
                       'default-bus-bypass-iommu'):
            if self.maybe(0.07):
                self.machine.append('%s=%s' % (option, self.r.choice(['on', 'off'])))
        for option, values in (('msi', ['auto', 'off', 'its', 'gicv2m']), ('iommu', ['none', 'smmuv3']), ('ras', ['off']),
                               ('virtio-mmio-transports', ['0', '1', '31']), ('x-oem-id', ['ABC']), ('secure', ['off']),
                               ('highmem-mmio-size', ['512G', '1T'])):
            if self.maybe(0.1):
                self.machine.append('%s=%s' % (option, self.r.choice(values)))
        if self.maybe(0.2):
            self.add('-bios', '%firmware%')
        for _ in range(self.r.choice([0, 0, 0, 1, 2])):
            self.add('-serial', self.r.choice(['null', 'none']))

    # --- processors and memory

    def processors(self):
        shape = [self.r.choice(c) for c in ([1, 1, 2, 3], [1, 1, 2], [1, 2, 3, 4], [1, 1, 2])]
        total = shape[0] * shape[1] * shape[2] * shape[3]
        parts = ['%s=%d' % p for p in zip(('sockets', 'clusters', 'cores', 'threads'), shape) if p[1] > 1 or self.maybe(0.5)]
        cpus = total if self.maybe(0.7) else self.r.randint(1, total)
        if self.maybe(0.3):
            cpus, parts = self.r.choice([1, 2, 5, 8, 33]), []
            total = cpus
        self.cpus, self.maxcpus = cpus, total
        self.add('-cpu', self.r.choice(['cortex-a57', 'cortex-a57', 'cortex-a53', 'max']))
        self.add('-smp', ','.join([str(cpus)] + ([] if cpus == total else ['maxcpus=%d' % total]) + parts))
        if self.maybe(0.2):
            levels, caches = ['core', 'cluster', 'socket', 'default'], ['l1d', 'l1i', 'l2']
            for i, cache in enumerate(self.r.sample(caches, self.r.randint(1, 3))):
                self.machine.append('smp-cache.%d.cache=%s,smp-cache.%d.topology=%s' % (i, cache, i, self.r.choice(levels)))

    def memory(self):
        nodes = self.r.choice([0, 0, 0, 1, 2, 3, 4])
        self.nodes = nodes
        sizes = [self.r.choice([0, 64, 128]) for _ in range(nodes)]
        if nodes and not any(sizes):
            sizes[self.r.randrange(nodes)] = 128
        total = sum(sizes) or self.r.choice([128, 256, 1000])
        room = self.maybe(0.15)
        self.add('-m', '%d%s' % (total, ',slots=2,maxmem=4G' if room else ''))
        spread = self.r.choice(['none', 'first', 'each'])
        hmat = self.maybe(0.5)
        if nodes and hmat:
            self.machine.append('hmat=on')
        for i, size in enumerate(sizes):
            node = 'node'
            if size:
                self.add('-object', 'memory-backend-ram,id=ram%d,size=%dM' % (i, size))
                node += ',memdev=ram%d' % i
            if spread == 'first' and i == 0:
                node += ',cpus=0-%d' % (self.maxcpus - 1)
            elif spread == 'each' and i < self.maxcpus:
                node += ',cpus=%d' % i
            elif hmat and spread != 'none' and self.maybe(0.5):
                node += ',initiator=0'
            self.add('-numa', node)
        if nodes > 1 and self.maybe(0.3):
            for i in range(nodes):
                for j in range(nodes):
                    if i < j or i != j and self.maybe(0.1):
                        self.add('-numa', 'dist,src=%d,dst=%d,val=%d' % (i, j, self.r.randint(11, 60)))
        if nodes and hmat and spread != 'none':
            for target in range(nodes):
                for kind, value in (('access-latency,latency=', '10'), ('access-bandwidth,bandwidth=', '200M')):
                    if self.maybe(0.6):
                        self.add('-numa', 'hmat-lb,initiator=0,target=%d,hierarchy=memory,data-type=%s%s' % (target, kind, value))

    # --- PCI

    def device(self, name, **props):
        self.add('-device', ','.join([name] + ['%s=%s' % (k.rstrip('_'), v) for k, v in props.items()]))

    def roots(self):
        number = 0
        for _ in range(self.r.choice([0, 0, 1, 2, 3])):
            number += self.r.choice([24, 32, 40])
            props = {'id': self.new_id('root'), 'bus_nr': number, 'bus': 'pcie.0'}
            if self.nodes and self.maybe(0.4):
                props['numa_node'] = self.r.randrange(self.nodes)
            if self.maybe(0.15):
                props['bypass_iommu'] = self.r.choice(['on', 'off'])
            if self.maybe(0.2):
                props['addr'] = '0x%x' % self.r.randint(1, 0x1e)
            self.device('pxb-pcie', **props)
            self.buses.append(props['id'])
        self.root_buses = list(self.buses)

    def smmus(self):
        if 'iommu=smmuv3' in self.machine and self.maybe(0.8):
            return
        # With firmware the peer's device tree also has SMMUs that are not the main root's.
        buses = ['pcie.0'] if '-bios' in self.args else self.root_buses
        for bus in self.r.sample(buses, len(buses)):
            if self.maybe(0.35):
                self.device('arm-smmuv3', **{'primary-bus': bus, 'id': self.new_id('smmu')})

    def bridges(self):
        for chassis in range(1, self.r.choice([1, 2, 4, 6])):
            kind = self.r.choice(['pcie-root-port'] * 4 + ['x3130-upstream', 'pcie-pci-bridge'])
            below = [b for b in self.buses if b.startswith(('port', 'down'))]
            bus = self.r.choice(below if below and kind != 'pcie-root-port' else self.root_buses)
            props = {'id': self.new_id('port'), 'bus': bus}
            if kind == 'pcie-root-port':
                props['chassis'] = chassis
                if self.maybe(0.2):
                    props['hotplug'] = self.r.choice(['on', 'off'])
                if self.maybe(0.2):
                    props['acpi-index'] = 0
            if kind == 'x3130-upstream' and bus in self.root_buses:
                continue
            self.device(kind, **props)
            if bus not in self.root_buses:
                self.buses.remove(bus)
            if kind == 'pcie-pci-bridge':
                self.conventional.append(props['id'])
            elif kind == 'x3130-upstream':
                for i in range(self.r.randint(1, 3)):
                    down = {'id': self.new_id('down'), 'bus': props['id'], 'chassis': 40 + chassis, 'slot': i}
                    self.device('xio3130-downstream', **down)
                    self.buses.append(down['id'])
            else:
                self.buses.append(props['id'])

    def cards(self):
        for _ in range(self.r.choice([0, 1, 2, 5])):
            bus = self.r.choice([b for b in self.buses if not b.startswith('root')] + self.conventional)
            if bus.startswith(('down', 'port')) and bus in self.buses:
                self.buses.remove(bus)
            props = {'id': self.new_id('card'), 'bus': bus}
            if bus in self.conventional:
                props['addr'] = '0x%x' % self.r.randint(1, 0x1f)
            if bus == 'pcie.0' and self.maybe(0.3):
                props.update(addr='0x%x.%d' % (self.r.randint(1, 0x1f), 0), multifunction='on')
            if self.maybe(0.1):
                props['acpi-index'] = self.r.randint(1, 500)
            self.device(self.r.choice(['edu', 'virtio-rng-pci', 'pci-testdev', 'virtio-serial-pci']), **props)
            self.endpoints.append(props['id'])

    def initiators(self):
        for node in range(self.nodes):
            if self.endpoints and self.maybe(0.3):
                self.add('-object', 'acpi-generic-initiator,id=%s,pci-dev=%s,node=%d' %
                         (self.new_id('gi'), self.r.choice(self.endpoints), node))

    def build(self):
        for part in (self.board, self.processors, self.memory, self.roots, self.smmus, self.bridges, self.cards, self.initiators):
            part()
        return ['-M', ','.join(self.machine)] + self.args


def cases(seed, count):
    return [('random-%d' % s, Machine(s).build()) for s in range(seed, seed + count)]
