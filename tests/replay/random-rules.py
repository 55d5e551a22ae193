#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write random rulesets with packets for them.

usage: random-rules.py SEED COUNT DIRECTORY

Each becomes DIRECTORY/random-SEED-N.json, a recording without results, to be
completed by the simulator (sim -r) and played on the kernel (replay.py).
"""

import json
import random
import sys

OUTSIDE = ("192.168.178.20", "198.51.100.7", "203.0.113.66")
HOST = "192.168.178.40"
JAILS = ("192.168.0.2", "192.168.0.3", "192.168.0.4")
INSIDE = ("10.1.0.5", "10.1.0.6")
PORTS = (53, 80, 8080)
TAGS = ("A", "B", "C")


class Ruleset:
    """One ruleset's text, and the same random numbers for its packets."""

    def __init__(self, rng):
        self.rng = rng
        self.gateway = rng.random() < 0.6
        self.nat = rng.random() < 0.5
        self.tags = TAGS

    def some(self, chance, text):
        return text if self.rng.random() < chance else ""

    def host(self):
        return self.rng.choice(OUTSIDE + (HOST,) + JAILS + INSIDE + (
            "192.168.0.0/24", "10.1.0.0/24", "any", "any", "any", "any",
            "lo1:network", "(em0)"))

    def where(self):
        names = ("em0", "em1") if self.gateway else ("em0", "lo1", "lo0")
        return self.some(0.4, " on " + self.rng.choice(names))

    def hosts(self):
        if self.rng.random() < 0.5:
            return " all"
        port = self.some(0.4, " port %d" % self.rng.choice(PORTS))
        return " from %s to %s%s" % (self.host(), self.host(), port)

    def tested(self):
        return self.some(0.5, self.some(0.3, " !") + " tagged " +
                         self.rng.choice(self.tags))

    def filter_rule(self):
        word = self.rng.choice(("pass", "pass", "block"))
        direction = self.rng.choice((" in", " out", ""))
        quick = self.some(0.25, " quick")
        hosts = self.hosts()
        proto = " proto tcp" if "port" in hosts else \
            self.some(0.3, " proto " + self.rng.choice(("udp", "icmp")))
        # pf would translate the answers to what has no state; and what no
        # rule matches has none.
        state = self.some(0.4, " no state") if word == "pass" and \
            not self.nat else ""
        allow = self.some(0.25, " allow-opts") if word == "pass" else ""
        tag = self.some(0.4, " tag " + self.rng.choice(self.tags))
        tested = self.tested()
        if tag and not quick:
            tested = ""  # refused
        return word + direction + quick + self.where() + proto + hosts + \
            state + allow + tag + tested

    def nat_rule(self):
        tag = self.some(0.5, " tag " + self.rng.choice(self.tags))
        tested = self.tested()
        pass_word = self.some(0.2, " pass")
        if self.rng.random() < 0.5:
            return "nat%s on em0 from %s to any%s%s -> (em0)" % (
                pass_word, self.rng.choice(("lo1:network", "10.1.0.0/24")),
                tag, tested)
        return "rdr%s on em0 proto tcp from any to (em0) port %d%s%s -> " \
            "%s port %d" % (pass_word, self.rng.choice(PORTS), tag, tested,
                            self.rng.choice(JAILS + INSIDE[:self.gateway]),
                            self.rng.choice(PORTS))

    def anchor(self):
        rules = [self.filter_rule() for _ in range(self.rng.randint(1, 3))]
        tested = self.tested()
        if tested:
            rules = [rule for rule in rules if " tag " not in rule]
        if not rules:
            return self.filter_rule()
        return "anchor%s%s%s {\n%s\n}" % (
            self.some(0.3, " quick"), self.where(), tested,
            "\n".join(rules))

    def text(self):
        self.tags = self.rng.sample(TAGS, 2)
        lines = [self.nat_rule() for _ in range(self.rng.randint(1, 3))
                 if self.nat]
        lines.append(self.rng.choice(("pass all", "block all")))
        lines += [self.anchor() if self.rng.random() < 0.15
                  else self.filter_rule()
                  for _ in range(self.rng.randint(3, 12))]
        return "".join(line + "\n" for line in lines)

    def ends(self):
        if self.gateway and self.rng.random() < 0.7:
            return self.rng.choice((
                ("in em0", self.rng.choice(OUTSIDE), self.rng.choice(INSIDE)),
                ("in em1", self.rng.choice(INSIDE),
                 self.rng.choice(OUTSIDE + (HOST,)))))
        return self.rng.choice((
            ("in em0", self.rng.choice(OUTSIDE), HOST),
            ("out", HOST, self.rng.choice(OUTSIDE)),
            ("out", self.rng.choice(JAILS), self.rng.choice(OUTSIDE)),
            ("out",) + tuple(self.rng.sample(JAILS + (HOST,), 2))))

    def options(self):
        return self.some(0.15, " ipopt")

    def packet(self, number):
        word, source, target = self.ends()
        proto = self.rng.choice(("tcp", "tcp", "udp", "icmp"))
        if proto == "icmp":
            return "%s icmp %s > %s type=8 id=%d%s" % (
                word, source, target, 1000 + number, self.options())
        port = self.rng.choice(PORTS)
        rest = "S" if proto == "tcp" else "len=20"
        return "%s %s %s:%d > %s:%d %s%s" % (
            word, proto, source, 20000 + number, target, port, rest,
            self.options())

    def operations(self):
        ops = []
        while len(ops) < 24:
            first = len(ops)
            ops.append(self.packet(first))
            if self.rng.random() < 0.4:
                ops.append(ops[first])
                continue
            if " S" not in ops[first]:
                if self.rng.random() < 0.5:
                    ops.append(("reply %d len=40" % first
                                if " udp " in ops[first]
                                else "reply %d" % first) + self.options())
            elif self.rng.random() < 0.6:
                ops.append("reply %d SA" % first)
                ops.append("reply %d A%s" % (first + 1, self.options()))
                ops.append("reply %d PA len=30" % (first + 2))
        # Under other rules: packets of states that are there, and new ones.
        first = [number for number, op in enumerate(ops)
                 if not op.startswith("reply")]
        return ops + ["reload 0"] + \
            ["again %d" % number for number in self.rng.sample(first, 6)] + \
            [self.packet(len(ops) + number) for number in range(7, 12)]


def recording(name, seed):
    ruleset = Ruleset(random.Random(seed))
    return {"name": name, "box": "gw" if ruleset.gateway else "host",
            "rules": ruleset.text(), "reloads": [ruleset.text()],
            "pfctl": {"rc": 0},
            "packets": [{"op": op} for op in ruleset.operations()]}


def main():
    seed, count, directory = sys.argv[1:]
    for number in range(int(count)):
        name = "random-%s-%d" % (seed, number)
        with open("%s/%s.json" % (directory, name), "w") as file:
            json.dump(recording(name, name), file)


if __name__ == "__main__":
    main()
