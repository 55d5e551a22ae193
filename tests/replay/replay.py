#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Play recorded packets on the running kernel against our pfctl.

usage: replay.py --pfctl PROGRAM [--jails] [--verbose] FILE...

Each file is a ruleset, packets, and what FreeBSD's pf made of them (see
verdicts/README.md).  One line for each packet that came out otherwise or was
skipped, then the sum.  Must run as root; everything happens in network and
mount namespaces of its own.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys

import box as bx
import judge
import kernel
import packet as pk

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


class NotBuilt(Exception):
    """pfctl says that it does not know this part of the language yet."""


class LoadFailed(Exception):
    pass


class Player:
    """Plays one file."""

    def __init__(self, recording, options, fence):
        self.recording, self.options, self.fence = recording, options, fence
        self.box = bx.Box(recording)
        self.finals = {}   # number of a packet -> how it finally looked
        self.places = {}   # number of a packet -> where it went
        self.bindings = {}
        self.failures = []
        self.played = 0

    def pfctl(self, words, text=None):
        return subprocess.run([self.options.pfctl] + words, input=text,
                              text=True, capture_output=True)

    def load(self, words, text):
        done = self.pfctl(words + ["-f", "-"], text)
        if done.returncode and "not built" in done.stderr:
            raise NotBuilt(done.stderr.strip().splitlines()[0])
        return done

    def start(self):
        want = self.recording["pfctl"]["rc"]
        self.pfctl(["-q", "-e"])
        done = self.load([], self.recording["rules"])
        if (done.returncode != 0) != (want != 0):
            raise LoadFailed("pfctl -f: exit status %d, not %d: %s" % (
                done.returncode, want, done.stderr.strip()))
        for name, text in self.recording.get("anchors", {}).items():
            done = self.load(["-a", name], text)
            if done.returncode:
                raise LoadFailed("pfctl -a %s: %s" % (
                    name, done.stderr.strip()))

    def packet_of(self, words):
        if words[0] == "in":
            return pk.parse_packet(words[2:])
        if words[0] == "out":
            return pk.parse_packet(words[1:])
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
        return packet, error

    def remember(self, number, trial):
        """Keep how packet `number` finally looked, for those about it."""
        final = self.recording["packets"][number].get("final")
        seen = trial.at("wire", "in", "jail") or trial.at("pre")
        if final is None or not seen:
            return
        self.finals[number] = seen[-1].packet
        wire = trial.at("wire")
        self.places[number] = wire[-1].where if wire else None

    def play_packet(self, number, recorded, words):
        if words[0] in ("reply", "error") and \
                int(words[1]) not in self.finals:
            return ["packet %s, which it is about, did not get through" %
                    words[1]]
        packet, error = self.send(number, words)
        final = recorded.get("final", packet)
        via_jail = self.box.is_jail(packet["src"]) or \
            self.box.is_jail(final["dst"])
        seen = self.box.look()
        trial = judge.Trial(recorded, seen, packet["ipid"], error, via_jail,
                            self.bindings)
        complaints = trial.complaints()
        self.remember(number, trial)
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
            if done.returncode and "not built" in done.stderr:
                raise NotBuilt(done.stderr.strip().splitlines()[0])
        if done.returncode != recorded.get("rc", 0):
            return ["exit status %d, not %d: %s" % (
                done.returncode, recorded.get("rc", 0), done.stderr.strip())]
        return []

    def play(self):
        self.start()
        for number, recorded in enumerate(self.recording["packets"]):
            words = recorded["op"].split()
            if words[0] in ("in", "out", "reply", "error"):
                wrong = self.play_packet(number, recorded, words)
            else:
                wrong = self.play_command(recorded, words)
            self.played += 1
            if wrong:
                self.failures.append("%s #%d %s: %s" % (
                    self.recording["name"], number, recorded["op"],
                    "; ".join(wrong)))


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, line, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if line:
            print(line, flush=True)


def private_mounts():
    """pfctl keeps files; give it places of its own to keep them in."""
    kernel.check(kernel.LIBC.unshare(CLONE_NEWNS), "unshare")
    kernel.check(kernel.LIBC.mount(b"none", b"/", None,
                                   MS_REC | MS_PRIVATE, None), "mount /")
    for path in (b"/run", b"/var/lib/gaol"):
        if os.path.isdir(path):
            kernel.check(kernel.LIBC.mount(b"tmpfs", path, b"tmpfs", 0, None),
                         "mount")


def play_file(path, options, fence, total):
    with open(path) as file:
        recording = json.load(file)
    count = len(recording["packets"])
    player = Player(recording, options, fence)
    try:
        player.play()
    except NotBuilt as reason:
        total.add("skip %s, %d packets: %s" % (recording["name"], count,
                                               reason), skipped=count)
        return
    except LoadFailed as reason:
        total.add("FAIL %s, %d packets: %s" % (recording["name"], count,
                                               reason), failed=count)
        return
    finally:
        player.box.close()
    for line in player.failures:
        total.add("FAIL " + line)
    total.add(None, passed=player.played - len(player.failures),
              failed=len(player.failures))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pfctl", required=True)
    parser.add_argument("--jails", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    private_mounts()
    fence, total = kernel.Fence(), Sum()
    for path in options.files:
        play_file(path, options, fence, total)
    print("%d passed, %d failed, %d skipped" %
          (total.passed, total.failed, total.skipped))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
