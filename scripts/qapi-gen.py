#!/usr/bin/env python3
"""Makes code and text from the QMP schema (qapi/README.md says how it is written).

usage: qapi-gen.py h|c|docs FILE.json... > OUTPUT
       qapi-gen.py check PAGE FILE.json...

h      the handlers' prototypes
c      types for argument checking, the command table, query-qmp-schema's answer
docs   the reference page
check  is PAGE what `docs` would make?

SPDX-License-Identifier: GPL-2.0-or-later
"""
import contextlib, io, json, os, sys

BUILTIN = {'str': 'string', 'bool': 'boolean', 'int': 'int', 'size': 'int', 'number': 'number', 'any': 'value', 'null': 'null'}
KINDS = ('command', 'event', 'enum', 'struct', 'union', 'alternate')


class Schema:
    def __init__(self, paths):
        self.files, self.types, self.commands, self.events = [], {}, {}, {}
        for path in paths:
            definitions = json.load(open(path))
            self.files.append((os.path.basename(path), definitions))
            for d in definitions:
                self.add(path, d)
        for d in list(self.types.values()) + list(self.commands.values()) + list(self.events.values()):
            self.check(d)

    def add(self, path, d):
        kind = next((k for k in KINDS if k in d), None)
        if not kind:
            if list(d) != ['doc']:
                sys.exit('%s: what is %s?' % (path, d))
            return
        name = d[kind]
        place = {'command': self.commands, 'event': self.events}.get(kind, self.types)
        if name in place or name in BUILTIN:
            sys.exit('%s: %s is defined twice' % (path, name))
        if kind in ('command', 'event') and not d.get('doc'):
            sys.exit('%s: %s needs a "doc"' % (path, name))
        d.update(kind=kind, name=name)
        place[name] = d

    def check(self, d):
        for t in self.references(d):
            if t not in BUILTIN and t not in self.types:
                sys.exit('%s: no type %s' % (d['name'], t))

    def references(self, d):
        data = d.get('data', {})
        if d['kind'] == 'enum':
            return
        values = [data] if isinstance(data, str) else data.values() if isinstance(data, dict) else data
        values = list(values) + ([d['returns']] if 'returns' in d else [])
        base = d.get('base', {})
        values += [base] if isinstance(base, str) else list(base.values())
        for v in values:
            yield v[0] if isinstance(v, list) else v

    def members(self, d):
        """[(name, type, optional)] with those of the base first"""
        base = d.get('base', {})
        result = self.members(self.types[base]) if isinstance(base, str) else members_of(base)
        return result + (members_of(d.get('data', {})) if d['kind'] != 'union' else [])


def members_of(data):
    return [(n.lstrip('*'), t, n.startswith('*')) for n, t in data.items()]


def ident(name):
    return name.replace('-', '_')


# --- code -------------------------------------------------------------------------

def c_type(t):
    """C expression for a type"""
    if isinstance(t, list):
        return '&list_' + ident(t[0])
    return '&qapi_%s' % t if t in BUILTIN else '&type_' + ident(t)


def emit_members(name, members):
    if not members:
        return 'NULL, 0'
    print('static const QapiMember members_%s[] = {' % name)
    for n, t, optional in members:
        print('    { "%s", %s, %s },' % (n, c_type(t), 'true' if optional else 'false'))
    print('};')
    return 'members_%s, ARRAY_SIZE(members_%s)' % (name, name)


def emit_type(schema, name, d):
    if d['kind'] == 'enum':
        values = ', '.join('"%s"' % v for v in d['data'])
        print('static const char *const values_%s[] = { %s, NULL };' % (name, values))
        print('const QapiType type_%s = { .kind = QAPI_ENUM, .values = values_%s };' % (name, name))
        return
    if d['kind'] == 'alternate':
        print('static const QapiMember members_%s[] = {' % name)
        for t in d['data']:
            print('    { "", %s, false },' % c_type(t))
        print('};')
        print('const QapiType type_%s = { .kind = QAPI_ALTERNATE, .members = members_%s, .n = ARRAY_SIZE(members_%s) };' % (name, name, name))
        return
    arrays = emit_members(name, schema.members(d))
    extra = ', .open = true' if d.get('open') else ''
    if d['kind'] == 'union':
        print('static const QapiVariant variants_%s[] = {' % name)
        for value, t in d['data'].items():
            print('    { "%s", %s },' % (value, c_type(t)))
        print('    { NULL }\n};')
        extra += ', .tag = "%s", .variants = variants_%s' % (d['discriminator'], name)
    members, n = arrays.split(', ', 1)
    print('const QapiType type_%s = { .kind = QAPI_OBJECT, .members = %s, .n = %s%s };' % (name, members, n, extra))


def emit_c(schema):
    print('/* Made from qapi/. */\n#include "qapi/qapi-types.h"\n#include "qapi/qapi-commands.h"\n')
    lists = sorted({v[0] for d in list(schema.types.values()) + list(schema.commands.values()) + list(schema.events.values())
                    if d['kind'] != 'enum' for v in all_values(d) if isinstance(v, list)})
    for name in schema.types:
        print('extern const QapiType type_%s;' % ident(name))
    for t in lists:
        print('static const QapiType list_%s = { .kind = QAPI_LIST, .element = %s };' % (ident(t), c_type(t)))
    for name, d in schema.types.items():
        emit_type(schema, ident(name), d)
    rows = []
    for name, d in sorted(schema.commands.items()):
        data = d.get('data', {})
        if isinstance(data, str):
            args = c_type(data)
        else:
            emit_type(schema, 'args_' + ident(name), {'kind': 'struct', 'data': data, 'open': d.get('open')})
            args = '&type_args_' + ident(name)
        returns = c_type(d['returns']) if 'returns' in d else 'NULL'
        flags = ' | '.join(f for f, key in (('QMP_ALLOW_OOB', 'allow-oob'), ('QMP_ALLOW_PRECONFIG', 'allow-preconfig')) if d.get(key)) or '0'
        rows.append('    { "%s", %s, %s, qmp_%s, %s },' % (name, args, returns, ident(name), flags))
    print('\nconst QmpCommand qmp_commands[] = {\n%s\n};' % '\n'.join(rows))
    print('const size_t qmp_commands_count = ARRAY_SIZE(qmp_commands);')
    print('const char *const qmp_events[] = { %s, NULL };' % ', '.join('"%s"' % e for e in sorted(schema.events)))
    text = json.dumps(introspect(schema), separators=(',', ':'))
    print('const char qmp_schema_json[] =')
    for i in range(0, len(text), 100):
        print('    "%s"' % text[i:i + 100].replace('\\', '\\\\').replace('"', '\\"'))
    print('    ;')


def all_values(d):
    data = d.get('data', {})
    values = [] if isinstance(data, str) else list(data.values()) if isinstance(data, dict) else list(data)
    base = d.get('base', {})
    return values + ([d['returns']] if 'returns' in d else []) + ([] if isinstance(base, str) else list(base.values()))


def emit_h(schema):
    print('/* Made from qapi/. */\n#ifndef QAPI_COMMANDS_H\n#define QAPI_COMMANDS_H\n')
    print('#include <jansson.h>\n#include "util/error.h"\n')
    for name in sorted(schema.commands):
        print('json_t *qmp_%s(const json_t *args, Error **errp);' % ident(name))
    print('\n#endif')


# --- query-qmp-schema -------------------------------------------------------------

def introspect(schema):
    numbers, entries = {}, []

    def ref(t):
        if isinstance(t, list):
            inner = ref(t[0])
            name = '[%s]' % inner
            if name not in numbers:
                numbers[name] = True
                entries.append({'name': name, 'meta-type': 'array', 'element-type': inner})
            return name
        if t in BUILTIN:
            name = 'int' if t == 'size' else t
            if name not in numbers:
                numbers[name] = True
                entries.append({'name': name, 'meta-type': 'builtin', 'json-type': BUILTIN[t]})
            return name
        if t not in numbers:
            numbers[t] = str(len(numbers) + 1)
            entries.append(type_entry(numbers[t], schema.types[t]))
        return numbers[t]

    def object_entry(name, members):
        return {'name': name, 'meta-type': 'object',
                'members': [dict({'name': n, 'type': ref(t)}, **({'default': None} if opt else {})) for n, t, opt in members]}

    def type_entry(name, d):
        if d['kind'] == 'enum':
            return {'name': name, 'meta-type': 'enum', 'members': [{'name': v} for v in d['data']], 'values': d['data']}
        if d['kind'] == 'alternate':
            return {'name': name, 'meta-type': 'alternate', 'members': [{'type': ref(t)} for t in d['data']]}
        entry = object_entry(name, schema.members(d))
        if d['kind'] == 'union':
            entry.update(tag=d['discriminator'], variants=[{'case': v, 'type': ref(t)} for v, t in d['data'].items()])
        return entry

    def args(d):
        data = d.get('data', {})
        if isinstance(data, str):
            return ref(data)
        if not data:
            return '0'
        key = 'args of ' + d['name']
        numbers[key] = str(len(numbers) + 1)
        entries.append(object_entry(numbers[key], members_of(data)))
        return numbers[key]

    result = []
    for name, d in sorted(schema.commands.items()):
        entry = {'name': name, 'meta-type': 'command', 'arg-type': args(d), 'ret-type': ref(d['returns']) if 'returns' in d else '0'}
        if d.get('allow-oob'):
            entry['allow-oob'] = True
        if d.get('features'):
            entry['features'] = d['features']
        result.append(entry)
    for name, d in sorted(schema.events.items()):
        result.append({'name': name, 'meta-type': 'event', 'arg-type': args(d)})
    return result + [{'name': '0', 'meta-type': 'object', 'members': []}] + entries


# --- reference page ----------------------------------------------------------------

def type_text(t):
    return 'list of %s' % type_text(t[0]) if isinstance(t, list) else '`%s`' % t


def print_members(members):
    for n, t, optional in members:
        print('* `%s`: %s%s' % (n, type_text(t), ' (optional)' if optional else ''))


def print_definition(schema, d):
    title = {'command': '', 'event': 'event '}.get(d['kind'], d['kind'] + ' ')
    print('\n### %s%s\n' % (title, d['name']))
    if d.get('doc'):
        print(d['doc'] + '\n')
    if d['kind'] == 'enum':
        print(', '.join('`%s`' % v for v in d['data']))
    elif d['kind'] == 'alternate':
        print(' or '.join(type_text(t) for t in d['data']))
    elif isinstance(d.get('data'), str):
        print('Arguments: %s' % type_text(d['data']))
    else:
        print_members(schema.members(d))
    if d['kind'] == 'union':
        for value, t in d['data'].items():
            print('* when `%s` is `%s`: the members of %s' % (d['discriminator'], value, type_text(t)))
    if d.get('open'):
        print('* further members')
    if 'returns' in d:
        print('\nReturns %s.' % type_text(d['returns']))
    if d.get('features'):
        print('\nFeatures: %s' % ', '.join('`%s`' % f for f in d['features']))


def emit_docs(schema):
    print('# QMP reference\n\nMade from `qapi/` by `scripts/qapi-gen.py`; change it there.')
    for name, definitions in schema.files:
        for d in definitions:
            if 'kind' in d:
                print_definition(schema, d)
            else:
                print('\n## %s\n' % d['doc'].rstrip('.'))


def check_page(page, schema):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        emit_docs(schema)
    if open(page).read() != text.getvalue():
        sys.exit('%s is not what qapi/ says; run scripts/qapi-gen.py docs qapi/*.json > %s' % (page, page))


def main():
    output, paths = sys.argv[1], sys.argv[2:]
    if output == 'check':
        check_page(paths[0], Schema(paths[1:]))
        return
    {'h': emit_h, 'c': emit_c, 'docs': emit_docs}[output](Schema(paths))


main()
