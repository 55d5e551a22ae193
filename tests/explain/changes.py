#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A change that `gaol explain` proposes is made in the file as it says, and the
question is asked again: the verdict must be the other one. For all golden
cases, and for random rules and flows (tests/explain/flows.py). TAP; no root.

    changes.py [SEED [RULESETS]]
"""
import json
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import flows  # pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
GAOL = os.path.join(os.environ.get('BUILD', f'{HERE}/../../build'), 'gaol')
FACTS = '''iface em0 index=2 broadcast
addr em0 inet 192.168.178.40/24
addr em0 inet6 2001:db8:178::40/64
iface lo0 index=1 loopback group=lo
addr lo0 inet 127.0.0.1/8
addr lo0 inet6 ::1/128
iface lo1 index=3 loopback group=lo
addr lo1 inet 192.168.0.1/24
addr lo1 inet6 fd00::1/64
route default via 192.168.178.1 dev em0
route default via 2001:db8:178::1 dev em0
jail mydb up 192.168.0.2 fd00::2
jail web up 192.168.0.3 fd00::3
''' + '\n'.join(f'listen {who} {proto} * {port}'
                for who in ('host', 'mydb', 'web') for proto in ('tcp', 'udp')
                for port in flows.LISTEN) + '\n'


def ask(conf, facts, words):
    r = subprocess.run([GAOL, 'explain', '--json', '--file', conf, '--facts',
                        facts, *words], capture_output=True, text=True,
                       check=False)
    return json.loads(r.stdout) if r.returncode in (0, 1) else None


def statement_end(lines, start):
    """The index behind the statement that begins at this one."""
    depth, i = 0, start
    while True:
        line = lines[i].split('#')[0]
        depth += line.count('{') - line.count('}')
        i += 1
        if depth <= 0 and not line.rstrip().endswith('\\') or i == len(lines):
            return i


def edited(text, edits):
    """The file as the edits have it, those further down first."""
    lines = text.splitlines()
    end = len(lines) + 1
    for e in sorted(edits, key=lambda e: e.get('line', end), reverse=True):
        at = e.get('line', end) - 1
        to = statement_end(lines, at) if e['how'] == 'instead' else at
        lines[at:to] = [e['text']] if e['text'] else []
    return '\n'.join(lines) + '\n'


def wrong_changes(conf, facts, words):
    """The number of changes that were tried, and those that do not do."""
    before, n, wrong = ask(conf, facts, words), 0, []
    for change in before['changes'] if before else []:
        if not change['tried']:
            continue
        n += 1
        with open(conf, encoding='utf-8') as f:
            text = edited(f.read(), change['edits'])
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as new:
            new.write(text)
            new.flush()
            after = ask(new.name, facts, words)
        # "though nobody listens": it is pf's verdict that is the other one.
        ok = after and (after['passes'] != before['passes'] or
                        'though' in change['why'] and
                        after['end'] not in ('passes', before['end']))
        if not ok:
            wrong.append((words, change, after and after['end'], text))
    return n, wrong


def golden():
    for name in sorted(os.listdir('.')):
        if not name.endswith('.case'):
            continue
        with open(name, encoding='utf-8') as f:
            case = dict(line.split(' ', 1) for line in
                        f.read().split('---')[0].splitlines() if ' ' in line)
        words = [w for w in case['ask'].split() if w != '--json']
        yield case['conf'], case['facts'], words


def randomly(rnd, n_rulesets, tmp):
    facts, conf = f'{tmp}/facts', f'{tmp}/pf.conf'
    with open(facts, 'w', encoding='utf-8') as f:
        f.write(FACTS)
    for _ in range(n_rulesets):
        with open(conf, 'w', encoding='utf-8') as f:
            f.write(flows.ruleset(rnd))
        for _ in range(8):
            yield conf, facts, flows.Flow(rnd).question()


def report(number, title, questions, at_least):
    total, wrong = 0, []
    for q in questions:
        n, bad = wrong_changes(*q)
        total += n
        wrong += bad
    good = not wrong and total >= at_least
    print(f'{"ok" if good else "not ok"} {number} - {title}: {total} changes '
          f'tried, {len(wrong)} do not do')
    for words, change, end, text in wrong[:5]:
        print(f'# {" ".join(words)}\n#   {change}\n#   then: {end}')
        print('\n'.join(f'#   | {line}' for line in text.splitlines()))
    return good


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 30)
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    os.chdir(HERE)
    print(f'# seed {seed}')
    good = report(1, 'the golden cases', golden(), 30)
    with tempfile.TemporaryDirectory() as tmp:
        good &= report(2, 'random rules and flows',
                       randomly(random.Random(seed), n, tmp), 3 * n)
    print('1..2')
    sys.exit(not good)


main()
