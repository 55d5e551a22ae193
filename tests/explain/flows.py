#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random flows on the lab's host: what `gaol explain` says of each, and what
then happens to a real packet. Run by tests/lab/explain.sh, which has made two
jails; prints TAP, one test a ruleset, and the flows that differ.

    flows.py SEED RULESETS FLOWS NAME=PID...     (jails with their init's pid)
    flows.py worker NAME ADDR...        (used by itself, in each namespace)

A worker listens on some ports of its addresses and says who asks; and it asks,
when told to. So a flow that gets through tells who answered, and as whom the
asker is seen: both are compared with what explain says of them.
"""
import json
import os
import random
import select
import socket
import subprocess
import sys
import threading

LISTEN = (8001, 8002)  # on every address
SILENT = 8009  # nobody listens there
JAILS = ('mydb', 'web')


class Net:
    """The machine's addresses of one family, and what pf.conf calls it."""

    def __init__(self, inet, host, lo1, jails, nobody, client, router):
        self.inet, self.host, self.lo1 = inet, host, lo1
        self.jails = dict(zip(JAILS, jails))
        self.nobody, self.client, self.router = nobody, client, router


NETS = (Net('inet', '192.168.178.40', '192.168.0.1',
            ('192.168.0.2', '192.168.0.3'), '192.168.0.4',
            '203.0.113.9', '192.168.178.1'),
        Net('inet6', '2001:db8:178::40', 'fd00::1', ('fd00::2', 'fd00::3'),
            'fd00::4', '2001:db8:113::9', '2001:db8:178::1'))
PATIENCE = 0.6  # seconds; everything is in one machine


# ---- a worker: serves and asks ----

def family(addr):
    return socket.AF_INET6 if ':' in addr else socket.AF_INET


def answer_one(s, name):
    if s.type == socket.SOCK_STREAM:
        c, peer = s.accept()
        with c:
            c.sendall(f'{name} {peer[0]}'.encode())
    else:
        _, peer = s.recvfrom(100)
        s.sendto(f'{name} {peer[0]}'.encode(), peer)


def serve(name, addrs):
    """Answer every connection and datagram with our name and its source."""
    socks = []
    for addr in addrs:
        for port in LISTEN:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                s = socket.socket(family(addr), kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((addr, port))
                if kind == socket.SOCK_STREAM:
                    s.listen(16)
                socks.append(s)
    while True:
        for s in select.select(socks, [], [])[0]:
            try:
                answer_one(s, name)
            except OSError:
                pass  # the firewall refuses the answer: the asker will tell


def ask(proto, src, dst, port):
    """Who answers, and as whom he sees us; or why not."""
    if proto == 'icmp':
        cmd = ['ping', '-n', '-q', '-c', '1', '-W', '1', '-I', src, dst]
        r = subprocess.run(cmd, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        return 'answered ?' if r.returncode == 0 else 'no: no answer'
    kind = socket.SOCK_STREAM if proto == 'tcp' else socket.SOCK_DGRAM
    with socket.socket(family(dst), kind) as s:
        s.settimeout(PATIENCE)
        try:
            s.bind((src, 0))
            s.connect((dst, port))
            if proto == 'udp':
                s.send(b'?')
            return s.recv(100).decode() or 'no: closed'
        except OSError as e:
            return f'no: {e}'


def work(name, addrs):
    threading.Thread(target=serve, args=(name, addrs), daemon=True).start()
    print('ready', flush=True)
    for line in sys.stdin:
        proto, src, dst, port = line.split()
        print(ask(proto, src, dst, int(port)), flush=True)


class Worker:
    """A worker in a network namespace, and what it is asked."""

    def __init__(self, name, netns, addrs):
        cmd = [sys.executable, os.path.abspath(__file__), 'worker', name,
               *addrs]
        if netns:
            cmd = ['nsenter', f'--net={netns}', *cmd]
        self.proc = subprocess.Popen(cmd, stdin=subprocess.PIPE, text=True,
                                     stdout=subprocess.PIPE)
        if self.proc.stdout.readline() != 'ready\n':
            sys.exit(f'flows.py: the worker for {name} does not start')

    def ask(self, flow):
        self.proc.stdin.write(f'{flow.proto} {flow.src} {flow.dst} '
                              f'{flow.port}\n')
        self.proc.stdin.flush()
        return self.proc.stdout.readline().strip()


# ---- random rules ----

def any_net(rnd):
    return rnd.choice([NETS[0], NETS[0], NETS[1]])


def ports(rnd):
    return rnd.choice(['', f' port {LISTEN[0]}', f' port {LISTEN[1]}',
                       f' port {SILENT}', ' port 8000:8005',
                       ' port != 8001'])


def address(rnd, net):
    what = rnd.choice(['any', 'any', 'any', net.host, *net.jails.values(),
                       net.client, 'lo1:network', '<some>', '(em0)', 'self'])
    return f'! {what}' if what != 'any' and rnd.random() < 0.15 else what


def filter_rule(rnd):
    verb = rnd.choice(['pass'] * 6 + ['block', 'block drop', 'block return'])
    words = [verb + rnd.choice([' in', ' in', ' out', ' out', ''])]
    if rnd.random() < 0.25:
        words.append('quick')
    words.append(rnd.choice(['', '', 'on em0', 'on lo0', 'on lo1', 'on ! lo1',
                             'on lo']))
    proto = rnd.choice(['tcp', 'tcp', 'udp', 'icmp', ''])
    with_port = proto in ('tcp', 'udp')
    net = any_net(rnd)
    words.append(net.inet)
    if proto == 'icmp' and net.inet == 'inet6':
        proto = 'icmp6'
    words.append(f'proto {proto}' if proto else '')
    src, dst = address(rnd, net), address(rnd, net)
    words.append(f'from {src} to {dst}' + (ports(rnd) if with_port else ''))
    if verb == 'pass' and rnd.random() < 0.2:
        words.append(rnd.choice(['no state', 'flags any']))
    return ' '.join(w for w in words if w)


def rdr_rule(rnd):
    net = any_net(rnd)
    no = 'no ' if rnd.random() < 0.1 else ''
    passes = ' pass' if not no and rnd.random() < 0.5 else ''
    on = rnd.choice(['em0', 'em0', 'em0', 'lo0'])
    proto = rnd.choice(['tcp', 'udp', '{ tcp, udp }'])
    src = rnd.choice(['any', 'any', net.client, 'lo1:network'])
    dst = rnd.choice([net.host, net.host, 'any', '(em0)'])
    port = rnd.choice([*LISTEN, SILENT])
    rule = f'{no}rdr{passes} on {on} {net.inet} proto {proto} from {src}' \
           f' to {dst} port {port}'
    if no:
        return rule
    to = rnd.choice([*net.jails.values(), *net.jails.values(), net.nobody])
    new = rnd.choice(['', '', f' port {rnd.choice(LISTEN)}'])
    return f'{rule} -> {to}{new}'


def nat_rule(rnd, net):
    if rnd.random() < 0.15:
        return ''
    passes = rnd.choice([' pass', '', ''])
    return f'nat{passes} on em0 {net.inet} from lo1:network to any -> ' \
           f'{net.host}'


def ruleset(rnd):
    some = ', '.join(a for n in NETS for a in (n.jails['web'], n.client))
    lines = [f'table <some> {{ {some} }}']
    lines += [f'set skip on {i}' for i in ('lo0', 'lo1') if rnd.random() < 0.3]
    lines.append(rnd.choice(['', 'set block-policy return']))
    lines.append(rnd.choice(['', 'scrub in all']))
    lines += [nat_rule(rnd, net) for net in NETS]
    lines += [rdr_rule(rnd) for _ in range(rnd.randint(1, 4))]
    # Without neighbour discovery there is no IPv6 at all.
    lines.append('pass quick inet6 proto icmp6 icmp6-type '
                 '{ neighbrsol, neighbradv }')
    lines.append(rnd.choice(['block all', 'block in all', 'pass all',
                             'pass all', '']))
    lines += [filter_rule(rnd) for _ in range(rnd.randint(2, 7))]
    return '\n'.join(line for line in lines if line) + '\n'


# ---- random flows ----

class Flow:
    def __init__(self, rnd):
        self.proto = rnd.choice(['tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp'])
        self.port = rnd.choice([*LISTEN, *LISTEN, SILENT])
        self.who = rnd.choice(['client', 'client', 'router', 'host', *JAILS,
                               *JAILS])
        net = self.net = any_net(rnd)
        if self.who in ('client', 'router'):
            self.src = net.client if self.who == 'client' else net.router
            self.dst = net.host
        elif self.who == 'host':
            self.dst = rnd.choice([net.host, *net.jails.values(), net.client,
                                   net.nobody])
            self.src = {net.host: net.host, net.client: net.host}.get(
                self.dst, net.lo1)
        else:
            self.src = net.jails[self.who]
            others = [a for a in net.jails.values() if a != self.src]
            self.dst = rnd.choice([net.host, net.host, net.lo1, net.client,
                                   net.client, net.router, net.nobody,
                                   *others, *others, self.src])
        if self.dst in (net.client, net.router):
            self.port = rnd.choice(LISTEN)  # who knows what listens there?

    def question(self):
        words = [] if self.who not in JAILS else ['--jail', self.who]
        words += [self.net.inet, self.proto]
        if self.who in ('client', 'router'):
            words.append(self.src)
        words += ['to', self.dst]
        return words + ([] if self.proto == 'icmp' else ['port',
                                                         str(self.port)])

    def explained(self):
        """What explain says, in a worker's words."""
        r = subprocess.run(['gaol', 'explain', '--json', *self.question()],
                           capture_output=True, text=True, check=False)
        if r.returncode not in (0, 1):
            return f'exit {r.returncode}: {r.stderr.strip()}', ''
        doc = json.loads(r.stdout)
        if doc['passes'] != (r.returncode == 0):
            return f'exit {r.returncode} and passes {doc["passes"]}', ''
        if not doc['passes']:
            return 'no', doc['summary']
        if self.proto == 'icmp':
            return 'answered ?', ''
        at = doc['arrives']
        name = at['jail'] or ('host' if at['at'] == 'host' else
                              {self.net.client: 'client',
                               self.net.router: 'router'}
                              .get(at['destination'], '?'))
        return f'{name} {at["source"]}', ''


def one_flow(flow, worker, out):
    says, why = flow.explained()
    does = worker.ask(flow)
    same = says == does or (says == 'no' and does.startswith('no:'))
    out.append((same, flow, says, why, does))


def flows_of(flows, worker, out):
    for flow in flows:
        one_flow(flow, worker, out)


def load(rules):
    r = subprocess.run(['pfctl', '-q', '-F', 'states', '-f', '/etc/pf.conf'],
                       capture_output=True, text=True, check=False)
    if r.returncode != 0:
        print(f'# does not load: {r.stderr.strip()}')
        print('\n'.join(f'#   {line}' for line in rules.splitlines()))
    return r.returncode == 0


def run_ruleset(rnd, number, n_flows, workers):
    rules = ruleset(rnd)
    with open('/etc/pf.conf', 'w', encoding='ascii') as f:
        f.write(rules)
    if not load(rules):
        print(f'not ok {number} - ruleset {number} loads')
        return 0, 0, 1
    flows = [Flow(rnd) for _ in range(n_flows)]
    results, threads = [], []
    for who, worker in workers.items():
        mine = [f for f in flows if f.who == who]
        threads.append(threading.Thread(target=flows_of,
                                        args=(mine, worker, results)))
        threads[-1].start()
    for t in threads:
        t.join()
    wrong = [r for r in results if not r[0]]
    passed = sum(r[2] != 'no' for r in results)
    print(f'{"not ok" if wrong else "ok"} {number} - {len(results)} flows '
          f'through ruleset {number}, {passed} get through')
    for _, flow, says, why, does in wrong:
        print(f'# {flow.who}: {" ".join(flow.question())}')
        print(f'#   explain: {says} {why}\n#   real:    {does}')
    if wrong:
        print('\n'.join(f'#   {line}' for line in rules.splitlines()))
    sys.stdout.flush()
    return len(results), passed, len(wrong)


def main():
    if sys.argv[1] == 'worker':
        work(sys.argv[2], sys.argv[3:])
        return
    seed, n_rulesets, n_flows = (int(a) for a in sys.argv[1:4])
    rnd = random.Random(seed)
    workers = {
        'host': Worker('host', None, [a for n in NETS
                                      for a in (n.host, n.lo1)]),
        'client': Worker('client', '/lab/net/client',
                         [n.client for n in NETS]),
        'router': Worker('router', '/lab/net/router',
                         [n.router for n in NETS])}
    for arg in sys.argv[4:]:
        name, pid = arg.split('=')
        workers[name] = Worker(name, f'/proc/{pid}/ns/net',
                               [n.jails[name] for n in NETS])
    totals = [run_ruleset(rnd, i + 1, n_flows, workers)
              for i in range(n_rulesets)]
    flows, passed, wrong = (sum(t[i] for t in totals) for i in range(3))
    print(f'# seed {seed}: {flows} flows, {passed} get through, '
          f'{wrong} differences')
    enough = flows >= 0.9 * n_rulesets * n_flows and passed > flows / 10
    print(f'{"ok" if enough else "not ok"} {n_rulesets + 1} - enough flows, '
          'of both kinds')
    print(f'1..{n_rulesets + 1}')
    sys.exit(wrong > 0 or not enough)


if __name__ == "__main__":
    main()
