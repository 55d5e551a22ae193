#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Play recorded packets on the running kernel against our pfctl.

usage: replay.py --pfctl PROGRAM --jailnet PROGRAM [--jails] [--verbose] FILE...

Each file is a ruleset, packets, and what FreeBSD's pf made of them (see
verdicts/README.md).  One line for each packet that came out otherwise or was
skipped, then the sum.  Must run as root; everything happens in network and
mount namespaces of its own.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

import box as bx
import judge
import kernel
import packet as pk

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2


# kind is "pass", "FAIL" or "skip".
Result = collections.namedtuple("Result", "kind title text")

# What pfctl says of what it does not do, yet or at all.
REFUSALS = ("not built", "nf_tables has no way", "no queues of pf on Linux")


class Refused(Exception):
    """pfctl says that it does not do this part of the language."""


class NotHere(Exception):
    """This packet can't be what it was on FreeBSD (pf.conf(5) lists it)."""


class Lost(Exception):
    """The packet that this one is about did not get through."""


class LoadFailed(Exception):
    pass


def raise_if_refused(done):
    for line in done.stderr.splitlines():
        if any(word in line for word in REFUSALS):
            raise Refused(line)


class Player:
    """Plays one file."""

    def __init__(self, recording, options, fence):
        self.recording, self.options, self.fence = recording, options, fence
        fresh_state()
        self.box = bx.Box(recording, options.jailnet, options.jails)
        self.finals = {}   # number of a packet -> how it finally looked
        self.beyond = set()  # of those that conntrack could not follow
        self.places = {}   # number of a packet -> where it went
        self.bindings = {}
        self.results = []  # of Result

    def pfctl(self, words, text=None):
        return subprocess.run([self.options.pfctl] + words, input=text,
                              text=True, capture_output=True)

    def load(self, words, text):
        done = self.pfctl(words + ["-f", "-"], text)
        raise_if_refused(done)
        return done

    def enable(self):
        done = self.pfctl(["-q", "-e"])
        if done.returncode:
            raise LoadFailed("pfctl -e: " + done.stderr.strip())

    def start(self):
        want = self.recording["pfctl"]["rc"]
        self.enable()
        done = self.load([], self.recording["rules"])
        if (done.returncode != 0) != (want != 0):
            raise LoadFailed("pfctl -f: exit status %d, not %d: %s" % (
                done.returncode, want, done.stderr.strip()))
        for name, text in self.recording.get("anchors", {}).items():
            done = self.load(["-a", name], text.rstrip("\n") + "\n")
            if done.returncode:
                raise LoadFailed("pfctl -a %s: %s" % (
                    name, done.stderr.strip()))

    def packet_of(self, words):
        if words[0] == "in":
            return pk.parse_packet(words[2:])
        if words[0] == "out":
            return pk.parse_packet(words[1:])
        if int(words[1]) in self.beyond:
            raise NotHere("packet %s, which it is about, was skipped" %
                          words[1])
        if int(words[1]) not in self.finals:
            raise Lost("packet %s, which it is about, did not get through" %
                       words[1])
        about = self.finals[int(words[1])]
        if words[0] == "reply":
            return pk.answer(about, words[2:])
        return pk.error_about(about, words[2:])

    def source_of(self, words):
        """The interface a packet comes in by, or None if the box makes it."""
        if words[0] == "in":
            return words[1]
        if words[0] == "out":
            return None
        return self.places[int(words[1])]

    def knower(self, packet):
        """A function that knows `packet` among what it causes: by the IP id,
        or, where `scrub random-id` takes that away, by what an answer has
        otherwise."""
        def by_id(seen):
            return seen.get("ipid", 0) == packet["ipid"]

        def by_fields(seen):
            return by_id(seen) or all(
                seen.get(key) == packet.get(key)
                for key in ("proto", "flags", "seq", "type", "code"))
        if "random-id" in self.recording["rules"]:
            return by_fields
        return by_id

    def send(self, number, words):
        """Send a packet; its IP id tells it from what it causes."""
        packet = self.packet_of(words)
        packet.setdefault("ipid", 0x4000 + number)
        name = self.source_of(words)
        self.box.look()
        error = None
        if name:
            self.box.send_in(name, pk.to_bytes(packet))
        else:
            error = self.box.send_out(packet["src"], pk.to_bytes(packet))
        self.fence.wait()
        return packet, error, self.origin_of(name, packet)

    def origin_of(self, name, packet):
        if name:
            return "outside"
        return "jail" if packet["src"] in self.box.jails else "host"

    def stays_in_jail(self, words, recorded):
        """A jail that talks to itself never leaves its own stack."""
        if words[0] not in ("out", "reply") or "final" not in recorded:
            return False
        packet = self.packet_of(words)
        return packet["src"] in self.box.jails and \
            packet["src"] in (packet["dst"], recorded["final"]["dst"])

    def remember(self, number, trial):
        """Keep how packet `number` finally looked, for those about it."""
        seen = trial.at("wire", "in", "jail") or trial.at("pre")
        if not seen:
            return
        self.finals[number] = seen[-1].packet
        wire = trial.at("wire")
        self.places[number] = wire[-1].where if wire else None

    def send_line(self, number, words):
        """Send a packet without a recorded verdict."""
        packet, error, origin = self.send(number, words)
        trial = judge.Trial({}, self.box.look(), self.knower(packet), error,
                            origin, self.bindings)
        self.remember(number, trial)

    def play_packet(self, number, recorded, words):
        if self.stays_in_jail(words, recorded):
            raise NotHere("a jail's traffic with itself never reaches pf")
        packet, error, origin = self.send(number, words)
        seen = self.box.look()
        trial = judge.Trial(recorded, seen, self.knower(packet), error, origin,
                            self.bindings)
        complaints = trial.complaints()
        self.remember(number, trial)
        if complaints and trial.beyond_conntrack(complaints):
            self.beyond.add(number)
            raise NotHere("conntrack calls it invalid, so %s" %
                          "; ".join(complaints))
        if complaints and self.options.verbose:
            complaints += ["seen: %r" % s for s in seen]
        return complaints

    def play_command(self, recorded, words):
        if words[0] == "sleep":
            kernel.run(["sleep", str(int(words[1]) / 1000)])
            return []
        if words[0] == "reload":
            done = self.load([], self.recording["reloads"][int(words[1])])
        else:
            done = self.pfctl(words[1:])
            raise_if_refused(done)
        if done.returncode != recorded.get("rc", 0):
            return ["exit status %d, not %d: %s" % (
                done.returncode, recorded.get("rc", 0), done.stderr.strip())]
        return []

    def play_line(self, number, recorded):
        words = recorded["op"].split()
        if words[0] in ("in", "out", "reply", "error"):
            return self.play_packet(number, recorded, words)
        return self.play_command(recorded, words)

    def play(self):
        self.start()
        for number, recorded in enumerate(self.recording["packets"]):
            title = "%s #%d" % (self.recording["name"], number)
            try:
                wrong = self.play_line(number, recorded)
            except NotHere as reason:
                self.results.append(Result("skip", title, str(reason)))
                continue
            except Lost as reason:
                wrong = [str(reason)]
            text = "%s: %s" % (recorded["op"], "; ".join(wrong))
            self.results.append(Result("FAIL" if wrong else "pass", title,
                                       text))


# Where pfctl keeps what it knows of the kernel's rules.
STATE_PATHS = ("/run", "/var/lib")


def fresh_state():
    """A new machine: the kernel may give its network namespace the number of
    an earlier one, and pfctl would take that one's files for its own."""
    for path in STATE_PATHS:
        kernel.check(kernel.LIBC.umount2(path.encode(), MNT_DETACH),
                     "umount " + path)
        mount_tmpfs(path)


def mount_tmpfs(path):
    kernel.check(kernel.LIBC.mount(b"tmpfs", path.encode(), b"tmpfs", 0,
                                   None), "mount " + path)


def mount_scratch(path):
    """Writes to `path` go to memory; what is there stays visible (the sources
    may be below it)."""
    layers = "/run/scratch"
    for name in ("upper", "work"):
        os.makedirs("%s/%s" % (layers, name))
    options = "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (
        path, layers, layers)
    kernel.check(kernel.LIBC.mount(b"overlay", path.encode(), b"overlay", 0,
                                   options.encode()), "mount " + path)


def private_mounts():
    """pfctl keeps files; give it places of its own to keep them in."""
    kernel.check(kernel.LIBC.unshare(CLONE_NEWNS), "unshare")
    kernel.check(kernel.LIBC.mount(b"none", b"/", None,
                                   MS_REC | MS_PRIVATE, None), "mount /")
    for path in STATE_PATHS:
        mount_tmpfs(path)


class Sum:
    """Adds the results up and tells those that are not passes.  A file
    `known` beside the recordings' player lists what comes out otherwise, one
    line each, "TITLE: REASON": that is skipped."""

    def __init__(self, directory):
        self.passed = self.failed = self.skipped = 0
        self.known = {}
        with open(directory + "/known") as file:
            for line in file:
                if not line.startswith("#"):
                    title, _, reason = line.rstrip("\n").rpartition(": ")
                    self.known[title] = reason

    def tell(self, kind, title, text, count=1):
        if kind == "FAIL" and title in self.known:
            kind, text = "skip", "known: " + self.known[title]
        elif kind == "pass" and title in self.known:
            text = "is listed in `known`, take it out there"
        if kind != "pass" or title in self.known:
            print("%s %s: %s" % (kind, title, text), flush=True)
        if kind == "pass":
            self.passed += count
        elif kind == "FAIL":
            self.failed += count
        else:
            self.skipped += count

    def add(self, results):
        for result in results:
            self.tell(*result)

    def finish(self):
        print("%d passed, %d failed, %d skipped" %
              (self.passed, self.failed, self.skipped))
        return 1 if self.failed else 0


def must_run():
    with open(os.path.dirname(os.path.abspath(__file__)) +
              "/must-run") as file:
        return set(file.read().split())


def play_file(path, options, fence, total):
    with open(path) as file:
        recording = json.load(file)
    name, count = recording["name"], len(recording["packets"])
    player = Player(recording, options, fence)
    try:
        player.play()
        total.add(player.results)
    except Refused as reason:
        kind = "FAIL" if name in must_run() else "skip"
        total.tell(kind, name, "%d packets: %s" % (count, reason), count)
    except LoadFailed as reason:
        total.tell("FAIL", name, "%d packets: %s" % (count, reason), count)
    finally:
        player.box.close()


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pfctl", required=True)
    parser.add_argument("--jailnet", required=True)
    parser.add_argument("--jails", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("files", nargs="+")
    return parser.parse_args()


def main():
    options = parse_arguments()
    private_mounts()
    fence = kernel.Fence()
    total = Sum(os.path.dirname(os.path.abspath(__file__)))
    for path in options.files:
        play_file(path, options, fence, total)
    return total.finish()


if __name__ == "__main__":
    sys.exit(main())
