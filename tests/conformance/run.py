#!/usr/bin/env python3
"""Compare pfctl with recorded output of FreeBSD 12.1's.

    run.py BUILD DIR...

A DIR holds pairs (NAME.in with NAME.ok, and if they differ from the default
NAME.err, NAME.rc, NAME.args, beside facts.txt), or recorded rulesets
(NAME.json with "rules" and "pfctl"). Pairs that print rules with exit status
0 are also fed their own output (the self test). A line for each failure, the
difference below it, then "N passed, N failed".
"""
import difflib
import json
import os
import subprocess
import sys
import tempfile

DEFAULT_ARGS = "-o none -nvf -"
# Printed forms that the original itself does not read again, or not as the
# same: what is wrong with each.
NOT_SELF = {
    "gx007": "prints the rules of a file that it loads into an anchor",
    "gx015": "prints a tag with a '/' without quotes",
}
BOX = """\
iface lo0 index=3 loopback group=lo
addr lo0 inet 127.0.0.1/8
addr lo0 inet6 ::1/128
addr lo0 inet6 fe80::1%lo0/64
iface lo1 index=4 loopback group=lo
addr lo1 inet6 fe80::1%lo1/64
addr lo1 inet 192.168.0.1/24
addr lo1 inet 192.168.0.2/32
addr lo1 inet 192.168.0.3/32
addr lo1 inet 192.168.0.4/32
iface em0 index=1 broadcast group=tap
addr em0 inet 192.168.178.40/24
GW
host localhost 127.0.0.1
fibs 1
"""
GW = "iface em1 index=2 broadcast group=tap\naddr em1 inet 10.1.0.1/24"


class Runner:
    def __init__(self, build):
        self.pfctl = os.path.join(build, "pfctl")
        self.show = os.path.join(build, "tests/conformance/show")
        self.passed = self.failed = 0

    def compare(self, name, want, got):
        if want == got:
            self.passed += 1
            return
        self.failed += 1
        print("FAIL", name)
        for part, w, g in zip(("exit", "stdout", "stderr"), want, got):
            if w != g:
                diff = difflib.unified_diff(
                    str(w).splitlines(), str(g).splitlines(),
                    "expected " + part, part, lineterm="", n=1)
                print("\n".join("  " + line for line in diff))

    def run(self, argv, text, cwd):
        p = subprocess.run(argv, input=text, cwd=cwd, capture_output=True)
        return (p.returncode, p.stdout.decode(errors="replace"),
                p.stderr.decode(errors="replace"))

    def pair(self, path):
        base = path[:-3]
        name = os.path.basename(base)
        cwd = os.path.dirname(os.path.abspath(path))

        def part(ext, default):
            try:
                with open(base + ext) as f:
                    return f.read()
            except FileNotFoundError:
                return default

        args = part(".args", DEFAULT_ARGS).split()
        want = (int(part(".rc", "0")), part(".ok", ""), part(".err", ""))
        argv = [self.pfctl, "--facts", "facts.txt"] + args
        with open(path, "rb") as f:
            got = self.run(argv, f.read(), cwd)
        self.compare(name, want, got)
        if want[0] != 0 or os.path.exists(base + ".args") or name in NOT_SELF:
            return
        got = self.run(argv, want[1].encode(), cwd)
        self.compare(name + " (self)", want[:2] + ("",), got)

    def load(self, facts, text, anchor, cwd):
        argv = [self.show, facts, "-"] + ([anchor] if anchor else [])
        rc, out, err = self.run(argv, text.encode(), cwd)
        lines = out.splitlines()
        return {
            "rc": rc,
            "messages": err.splitlines(),
            "nat": [s[2:] for s in lines if s[0] == "N"],
            "rules": [s[2:] for s in lines if s[0] == "R"],
        }

    def ruleset(self, path):
        with open(path) as f:
            d = json.load(f)
        if "pfctl" not in d:
            return
        with tempfile.TemporaryDirectory() as tmp:
            facts = os.path.join(tmp, "facts.txt")
            with open(facts, "w") as f:
                f.write(BOX.replace("GW", GW if d.get("box") == "gw" else ""))
            want = d["pfctl"]
            got = self.load(facts, d["rules"], None, tmp)
            keys = ("rc", "messages", "nat", "rules")
            self.compare_lists(d["name"], want, got, keys)
            for anchor, text in d.get("anchors", {}).items():
                want = d["pfctl"]["anchors"][anchor]
                got = self.load(facts, text + "\n", anchor, tmp)
                self.compare_lists("%s, anchor %s" % (d["name"], anchor),
                                   want, got, ("rc", "nat", "rules"))

    def compare_lists(self, name, want, got, keys):
        def text(x):
            return "\n".join("%s %s" % (k, line) for k in keys[1:]
                             for line in x.get(k, []))
        self.compare(name, (want["rc"], text(want)), (got["rc"], text(got)))

    def directory(self, path):
        for name in sorted(os.listdir(path)):
            full = os.path.join(path, name)
            if name.endswith(".in"):
                self.pair(full)
            elif name.endswith(".json"):
                self.ruleset(full)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    runner = Runner(os.path.abspath(sys.argv[1]))
    for path in sys.argv[2:]:
        runner.directory(path)
    print("%d passed, %d failed" % (runner.passed, runner.failed))
    sys.exit(1 if runner.failed else 0)


main()
