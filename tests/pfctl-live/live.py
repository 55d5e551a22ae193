#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Play recorded pfctl commands against our pfctl and compare what it prints.

usage: live.py --pfctl PROGRAM --jailnet PROGRAM [--verbose] FILE...

One line for each command that printed otherwise or was skipped, then the
sum.  Must run as root; everything happens in namespaces of its own.
"""

import argparse
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../replay")

import kernel  # noqa: E402
import replay  # noqa: E402

STATE = re.compile(r"^\S+ \S+ .*(<-|->)")

# What differs from run to run, as README.md lists it.
REPLACED = (
    (re.compile(r"\bage \d\d:\d\d:\d\d"), "age hh:mm:ss"),
    (re.compile(r"\bexpires in \d\d:\d\d:\d\d"), "expires in hh:mm:ss"),
    (re.compile(r"\bfor (\d+) days \d\d:\d\d:\d\d"),
     r"for \1 days hh:mm:ss"),
    (re.compile(r"\bcreatorid: [0-9a-f]{8}"), "creatorid: cccccccc"),
    (re.compile(r"^(Hostid: +)0x[0-9a-f]{8}", re.M), r"\g<1>0xhhhhhhhh"),
    (re.compile(r"^(Checksum: +)0x[0-9a-f]{32}", re.M),
     r"\g<1>0x" + "k" * 32),
    (re.compile(r"\bpid \d+ "), "pid P "),
    (re.compile(r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
                r"\d{4}"), "Www Mmm dd hh:mm:ss yyyy"),
    (re.compile(r"<__automatic_[0-9a-f]+_(\d+)>"), r"<__automatic_h_\1>"),
)
RATE = re.compile(r"^(  .* [1-9]\d*)( +)(\d+\.\d)/s$", re.M)
ID = re.compile(r"\bid: ([0-9a-f]{16})")


def hide_rate(match):
    room = len(match.group(2)) + len(match.group(3))
    return match.group(1) + "r.r".rjust(room) + "/s"


def normal(text):
    """Our output with the replacements of the recordings."""
    for pattern, by in REPLACED:
        text = pattern.sub(by, text)
    text = RATE.sub(hide_rate, text)
    ids = sorted(set(ID.findall(text)))
    return ID.sub(lambda m: "id: iiiiiiiiiiiiii%02d" %
                  (ids.index(m.group(1)) + 1), text)


def blocks(text):
    """Lines, each with the indented ones below it."""
    found = []
    for line in text.split("\n"):
        if found and line.startswith("   ") and STATE.match(found[-1]):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def sorted_states(text):
    """Sort each run of states; what is random does not count."""
    done, run = [], []
    for block in blocks(text) + [""]:
        if STATE.match(block):
            run.append(block)
            continue
        done += sorted(run, key=lambda b: re.sub(r":(\d{5}|p\d+)\b", ":p", b))
        run = []
        done.append(block)
    return "\n".join(done[:-1])


def pattern_of(recorded):
    """A recorded text as a regular expression in which p1, p2 and N vary."""
    seen = set()

    def variable(match):
        name = match.group(0)
        if name in seen:
            return "(?P=%s)" % name
        seen.add(name)
        return r"(?P<%s>\d+)" % name
    text = re.escape(recorded)
    text = re.sub(r"(?<=:)p\d+\b", variable, text)
    return re.sub(r"\\\[N\\ \\\+\\ (\d+|N)", r"\\[\\d+\\ \\+\\ \\d+", text)


# What is not counted here is "-"; what is must be equal.
FIELD = r"(\b%s: )\d+( *)"
FIELDS = ("Evaluations", "Packets", "Bytes", "States", "State Creations")
LABEL = re.compile(r"^(\S+) \d+((?: \d+){7})$", re.M)
OUR_LABEL = re.compile(r"^\S+ -(?: \d+){7}$", re.M)


def uncounted_line(recorded, ours):
    for name in FIELDS:
        if re.search(r"\b%s: -" % name, ours):
            recorded = re.sub(FIELD % name, lambda m: m.group(1) + "-".ljust(
                len(m.group(0)) - len(m.group(1))), recorded)
    return recorded


def uncounted(recorded, ours):
    """The recorded text with "-" where we have it."""
    lines = recorded.split("\n")
    other = ours.split("\n")
    if len(lines) == len(other):
        lines = [uncounted_line(*pair) for pair in zip(lines, other)]
    text = "\n".join(lines)
    return LABEL.sub(r"\1 -\2", text) if OUR_LABEL.search(ours) else text


# In -s all: values that are this machine's (the parts alone are in `known`),
# and what conntrack does not know.
OF_MACHINE = (
    (re.compile(r"^((?:tcp|udp|icmp|other|src|adaptive)\.\w+|frag|interval)"
                r" +\d+(s| states)$", re.M), r"\1 N\2"),
    (re.compile(r"^(states|src-nodes|frags|table-entries) +"
                r"(?:hard limit +\d+|unlimited)$", re.M), r"\1 N"),
    (re.compile(r"\nOS FINGERPRINTS:\n\d+ fingerprints loaded\n"), ""),
    (re.compile(r"^   \[\d+ \+ \d+\].*\n", re.M), ""),
    # A rate is shown once a second has passed.
    (re.compile(r"^(  \S.* 0) +(?:0\.0/s)?$", re.M), r"\1"),
)


def of_machine(text):
    for pattern, by in OF_MACHINE:
        text = pattern.sub(by, text)
    return text


def same(recorded, ours):
    if recorded.startswith(("TRANSLATION RULES:", "FILTER RULES:")):
        recorded, ours = of_machine(recorded), of_machine(ours)
    recorded = uncounted(recorded, ours)
    return re.fullmatch(pattern_of(sorted_states(recorded)),
                        sorted_states(normal(ours))) is not None


class Scenario:
    def __init__(self, recording, options, fence):
        self.recording, self.options = recording, options
        # The packet machinery of the verdicts' replay, without verdicts.
        self.player = replay.Player(dict(recording, box="host"), options,
                                    fence)
        self.number = 0
        self.results = []

    def pfctl(self, words, text=None):
        done = subprocess.run([self.options.pfctl] + words, input=text or "",
                              capture_output=True, text=True)
        return done

    def must_load(self, words, text):
        done = self.pfctl(words + ["-f", "-"], text)
        replay.raise_if_refused(done)
        if done.returncode:
            raise replay.LoadFailed(done.stderr.strip())

    def start(self):
        for path, text in self.recording.get("files", {}).items():
            with open(path, "w") as file:
                file.write(text)
        self.player.enable()
        self.must_load([], self.recording["rules"])
        for name, text in self.recording.get("anchors", {}).items():
            self.must_load(["-a", name], text)
        for line in self.recording["ops"]:
            self.send(line)

    def send(self, line):
        words = line.split()
        if words[0] == "sleep":
            kernel.run(["sleep", str(int(words[1]) / 1000)])
        else:
            self.player.send_line(self.number, words)
        self.number += 1

    def arguments(self, words):
        """Put our states' ids where the recording says @id1, @creator."""
        if not any("@" in word for word in words):
            return words
        listed = self.pfctl(["-ss", "-vv"]).stdout
        ids = sorted(set(ID.findall(listed)))
        creator = re.search(r"creatorid: ([0-9a-f]{8})", listed)
        names = {"@id%d" % (i + 1): value for i, value in enumerate(ids)}
        names["@creator"] = creator.group(1) if creator else "@creator"
        return [re.sub(r"@\w+", lambda m: names.get(m.group(0), m.group(0)),
                       word) for word in words]

    def command(self, recorded):
        self.number += 1
        done = self.pfctl(self.arguments(recorded["args"]),
                          recorded.get("stdin"))
        # The number is that of the entry among the commands.
        title = "%s #%d" % (self.recording["name"],
                            self.number - len(self.recording["ops"]) - 1)
        words = "pfctl %s: " % " ".join(recorded["args"])[:60]
        try:
            replay.raise_if_refused(done)
        except replay.Refused as reason:
            self.results.append(replay.Result("skip", title,
                                              words + str(reason)))
            return
        wrong = self.compare(recorded, done)
        self.results.append(replay.Result("FAIL" if wrong else "pass", title,
                                          words + wrong))

    def compare(self, recorded, done):
        wrong = []
        if done.returncode != recorded["rc"]:
            wrong.append("exit status %d, not %d" % (done.returncode,
                                                     recorded["rc"]))
        for name in ("stdout", "stderr"):
            ours = getattr(done, name)
            if not same(recorded[name], ours):
                wrong.append("other %s" % name)
                if self.options.verbose:
                    wrong.append("\n--- recorded\n%s\n--- ours\n%s\n---" % (
                        sorted_states(recorded[name]),
                        sorted_states(normal(ours))))
        return ", ".join(wrong)

    def play(self):
        self.start()
        for entry in self.recording["commands"]:
            if "op" in entry:
                self.send(entry["op"])
            else:
                self.command(entry)


def play_file(path, options, fence, total):
    with open(path) as file:
        recording = json.load(file)
    count = sum("args" in entry for entry in recording["commands"])
    scenario = Scenario(recording, options, fence)
    name = recording["name"]
    try:
        scenario.play()
        total.add(scenario.results)
    except replay.Refused as reason:
        total.tell("skip", name, "%d commands: %s" % (count, reason), count)
    except (replay.LoadFailed, replay.Lost) as reason:
        total.tell("FAIL", name, "%d commands: %s" % (count, reason), count)
    finally:
        scenario.player.box.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pfctl", required=True)
    parser.add_argument("--jailnet", required=True)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    options.jails = False
    replay.private_mounts()
    replay.mount_scratch("/tmp")
    fence = kernel.Fence()
    total = replay.Sum(os.path.dirname(os.path.abspath(__file__)))
    for path in options.files:
        play_file(path, options, fence, total)
    return total.finish()


if __name__ == "__main__":
    sys.exit(main())
