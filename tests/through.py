#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One packet through a machine, for tests with pf-through.sh.

usage: through.py NETNS:IF MAC NETNS:IF PACKET

Sends PACKET (as the recordings write it, see replay/packet.py; or
`udp6 SRC > DST hlim=N tc=N`) from the first interface to MAC, and prints how
it came to the second: its fields, `new id` if that is another one, and
`bad sum` if a checksum is wrong. "lost": it did not come within a second.
"""

import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "replay"))

import kernel
import packet as pk

MAC = b"\x02\0\0\0\0\x99"
PORT = 7777


def open_link(place, protocol):
    """A packet socket on an interface, `NETNS:IF`."""
    netns, _, name = place.partition(":")
    fd = kernel.open_netns("/run/netns/" + netns)
    with kernel.inside(fd):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                             socket.htons(protocol))
        link.bind((name, protocol))
    os.close(fd)
    return link


def udp6_bytes(words):
    source, target = (socket.inet_pton(socket.AF_INET6, words[i])
                      for i in (1, 3))
    fields = dict(word.split("=") for word in words[4:])
    start = 6 << 28 | int(fields.get("tc", "0"), 0) << 20
    segment = struct.pack("!HHHH", PORT, PORT, 8, 0)
    value = pk.checksum(source + target + struct.pack("!II", 8, 17) + segment)
    return struct.pack("!IHBB", start, 8, 17, int(fields["hlim"])) + \
        source + target + segment[:6] + struct.pack("!H", value)


def describe6(data):
    start, _, _, hops = struct.unpack("!IHBB", data[:8])
    pseudo = data[8:40] + struct.pack("!II", len(data) - 40, 17)
    bad = pk.checksum(pseudo + data[40:])
    return "hlim=%d tc=%#x%s" % (hops, start >> 20 & 255,
                                 " bad sum" if bad else "")


def sums_are_good(data):
    body = data[20:]
    pseudo = data[12:20] + struct.pack("!BBH", 0, data[9], len(body))
    return not pk.checksum(data[:20]) and not pk.checksum(pseudo + body)


def describe(data, ipid):
    seen = pk.parse(data)
    words = ["src=" + seen["src"], "ttl=%d" % seen.get("ttl", 64)]
    words += ["tos=%#x" % seen["tos"]] if "tos" in seen else []
    words += ["df"] if "df" in seen else []
    words += ["mss=%d" % seen["mss"]] if "mss" in seen else []
    words += ["new id"] if seen.get("ipid", 0) != ipid else []
    if "frag" in seen:
        words.append("frag=" + seen["frag"])
    elif not sums_are_good(data):
        words.append("bad sum")
    return " ".join(words)


def wait_for(link, match):
    end = time.monotonic() + 1
    while True:
        link.settimeout(max(end - time.monotonic(), 0.001))
        try:
            frame = link.recv(65536)
        except TimeoutError:
            return None
        length = struct.unpack("!H", frame[16:18])[0]
        data = frame[14:14 + length] if frame[14] >> 4 == 4 else frame[14:]
        if match(data):
            return data


def main():
    sender, mac, receiver, text = sys.argv[1:]
    words = text.split()
    mac = bytes.fromhex(mac.replace(":", ""))
    if words[0] == "udp6":
        protocol, datagram = 0x86dd, udp6_bytes(words)
        def same(data):
            return data[6] == 17 and data[40:42] == struct.pack("!H", PORT)
    else:
        packet = pk.parse_packet(words)
        protocol, datagram = 0x0800, pk.to_bytes(packet)
        def same(data):
            seen = pk.parse(data) or {}
            return all(seen.get(key) == packet.get(key)
                       for key in ("proto", "dport", "flags"))
    link = open_link(receiver, protocol)
    open_link(sender, protocol).send(
        mac + MAC + struct.pack("!H", protocol) + datagram)
    data = wait_for(link, same)
    if data is None:
        print("lost")
    elif protocol == 0x0800:
        print(describe(data, packet["ipid"]))
    else:
        print(describe6(data))


main()
