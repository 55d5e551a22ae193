#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Are the packets we send those that were sent?  For each op line of the
recordings: build the datagram, read it back, compare with the packet that
pf was given.  usage: selftest.py DIR (prints TAP)"""

import glob
import json
import re
import sys

import packet as pk

VARIABLE = re.compile(r"^p\d+$")


def fixed(packet):
    """Give random ports a value."""
    return {key: fixed(value) if isinstance(value, dict) else
            40001 if VARIABLE.match(str(value)) else value
            for key, value in packet.items()}


def built(words, finals):
    if words[0] == "in":
        return pk.parse_packet(words[2:])
    if words[0] == "out":
        return pk.parse_packet(words[1:])
    about = finals[int(words[1])]
    if about["proto"] == "tcp":
        about = dict({"seq": 0, "ack": 0}, **about)
    make = pk.answer if words[0] == "reply" else pk.error_about
    return make(about, words[2:])


def same(seen, recorded):
    seen = {key: value for key, value in seen.items() if key != "ipid"}
    if "inner" in seen and "inner" in recorded:
        seen["inner"] = {key: seen["inner"].get(key)
                         for key in recorded["inner"]}
    if "seq" not in recorded:
        seen.pop("seq", None), seen.pop("ack", None)
    return seen == recorded


def check_file(path):
    with open(path) as file:
        recording = json.load(file)
    finals, wrong, count = {}, [], 0
    for number, recorded in enumerate(recording["packets"]):
        words = recorded["op"].split()
        if recorded.get("final"):
            finals[number] = fixed(recorded["final"])
        if not recorded.get("events"):
            continue
        seen = pk.parse(pk.to_bytes(built(words, finals)))
        count += 1
        if not same(seen, fixed(recorded["events"][0]["packet"])):
            wrong.append("# %s #%d %s: built %s" % (
                recording["name"], number, recorded["op"], seen))
    return count, wrong


def main():
    paths = sorted(glob.glob(sys.argv[1] + "/*.json"))
    count, wrong = 0, []
    for path in paths:
        more, bad = check_file(path)
        count, wrong = count + more, wrong + bad
    print("1..1")
    print("%s 1 - %d packets built as recorded" %
          ("ok" if paths and not wrong else "not ok", count))
    for line in wrong:
        print(line)


main()
