# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the recordings: from a line of text, to bytes, and back.

A packet is a dict with the field names of the recordings (src, dst, proto,
sport, dport, flags, seq, ack, len, type, code, id, ttl, tos, df, mss, ipopt,
frag, inner).  Fields at their default are absent, as they are there.
"""

import socket
import struct

PROTO = {"icmp": 1, "tcp": 6, "udp": 17}
PROTO_NAME = {number: name for name, number in PROTO.items()}
FLAG_BITS = "FSRPAUEW"
DEFAULTS = {"ttl": 64, "tos": 0, "df": 0, "len": 0}
ICMP_ERRORS = (3, 5, 11, 12)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def flag_byte(letters):
    return sum(1 << FLAG_BITS.index(c) for c in letters if c != ".")


def flag_letters(byte):
    return "".join(c for i, c in enumerate(FLAG_BITS) if byte >> i & 1)


def default_ack(flags):
    return 5001 if "A" in flags else 0


def default_seq(flags):
    return 1000 if "S" in flags and "A" not in flags else 1001


def split_end(text):
    """'1.2.3.4:80' -> ('1.2.3.4', 80); the port may be missing."""
    address, _, port = text.partition(":")
    return address, int(port) if port else None


def parse_words(words, packet):
    """FLAGS and key=value words at the end of an op line, into packet."""
    for word in words:
        key, equal, value = word.partition("=")
        if key == "frag":
            packet["frag"] = value
        elif equal:
            packet[key] = value if key == "from" else int(value, 0)
        elif key in ("df", "badsum", "ipopt"):
            packet[key] = 1
        else:
            packet["flags"] = "" if key == "." else key
    return packet


def complete(packet):
    """Fill in what an op line leaves out."""
    if packet["proto"] == "tcp":
        flags = packet.setdefault("flags", "S")
        packet.setdefault("seq", default_seq(flags))
        packet.setdefault("ack", default_ack(flags))
    elif packet["proto"] == "icmp":
        packet.setdefault("type", 8)
        packet.setdefault("code", 0)
        packet.setdefault("id", 77)
    elif packet["proto"] != "udp":
        packet.setdefault("len", 16)
    return packet


def parse_packet(words):
    """PROTO SRC[:PORT] > DST[:PORT] [FLAGS] [key=value ...]"""
    packet = {"proto": words[0]}
    packet["src"], sport = split_end(words[1])
    packet["dst"], dport = split_end(words[3])
    if sport is not None:
        packet["sport"] = sport
    if dport is not None:
        packet["dport"] = dport
    return complete(parse_words(words[4:], packet))


def answer(packet, words):
    """The packet that `reply N` means: packet N turned around."""
    reply = {"proto": packet["proto"], "src": packet["dst"],
             "dst": packet["src"]}
    if "sport" in packet:
        reply["sport"] = packet["dport"]
        reply["dport"] = packet["sport"]
    if packet["proto"] == "icmp":
        reply["id"] = packet.get("id", 0)
        reply["type"] = 0 if packet.get("type") == 8 else packet["type"]
    if packet["proto"] == "tcp":
        reply["seq"] = packet["ack"] or 5000
        reply["ack"] = (packet["seq"] + packet.get("len", 0) +
                        sum(c in "SF" for c in packet["flags"])) & 0xffffffff
    parse_words(words, reply)
    if packet["proto"] == "tcp":
        flags = reply.setdefault("flags", "SA")
        if "A" not in flags and not any(w.startswith("ack=") for w in words):
            reply["ack"] = 0
    return complete(reply)


def error_about(packet, words):
    """`error N TYPE CODE [from=ADDR]`: an ICMP error that quotes packet."""
    error = {"proto": "icmp", "src": packet["dst"], "dst": packet["src"],
             "type": int(words[0]), "code": int(words[1]), "quote": packet}
    parse_words(words[2:], error)
    error["src"] = error.pop("from", error["src"])
    return error


def tcp_bytes(packet, payload):
    options = b""
    if "mss" in packet:
        options = struct.pack("!BBH", 2, 4, packet["mss"])
    offset = (20 + len(options)) // 4 << 4
    return struct.pack("!HHIIBBHHH", packet["sport"], packet["dport"],
                       packet["seq"] & 0xffffffff, packet["ack"] & 0xffffffff,
                       offset, flag_byte(packet["flags"]), 8192, 0, 0) \
        + options + payload


def icmp_bytes(packet, payload):
    if "quote" in packet:
        # An error quotes the IP header and eight bytes of what followed.
        quoted = to_bytes(packet["quote"])
        payload = quoted[:(quoted[0] & 15) * 4 + 8]
    return struct.pack("!BBHHH", packet["type"], packet.get("code", 0), 0,
                       packet.get("id", 0), 0) + payload


def transport_bytes(packet):
    payload = b"\0" * packet.get("len", 0)
    proto = packet["proto"]
    if proto == "tcp":
        segment, at = tcp_bytes(packet, payload), 16
    elif proto == "udp":
        segment = struct.pack("!HHHH", packet["sport"], packet["dport"],
                              8 + len(payload), 0) + payload
        at = 6
    elif proto == "icmp":
        segment, at = icmp_bytes(packet, payload), 2
    else:
        return payload
    pseudo = b""
    if proto != "icmp":
        pseudo = socket.inet_aton(packet["src"]) + \
            socket.inet_aton(packet["dst"]) + \
            struct.pack("!BBH", 0, PROTO[proto], len(segment))
    value = checksum(pseudo + segment)
    if proto == "udp" and value == 0:
        value = 0xffff
    if packet.get("badsum"):
        value ^= 0x5555
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def cut_fragment(segment, text):
    """'800+400+' -> (bytes, offset field with the more-fragments bit)."""
    more = text.endswith("+")
    offset, length = (int(n) for n in text.rstrip("+").split("+"))
    return segment[offset:offset + length], offset // 8 | (more << 13)


def to_bytes(packet):
    """The IPv4 datagram, checksums included."""
    segment, field = transport_bytes(packet), 0
    if "frag" in packet:
        segment, field = cut_fragment(segment, packet["frag"])
    if packet.get("df"):
        field |= 0x4000
    options = b"\1\1\1\1" if packet.get("ipopt") else b""
    proto = packet["proto"]
    number = PROTO[proto] if proto in PROTO else int(proto)
    header = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4,
                         packet.get("tos", 0),
                         20 + len(options) + len(segment),
                         packet.get("ipid", 0), field, packet.get("ttl", 64),
                         number, 0, socket.inet_aton(packet["src"]),
                         socket.inet_aton(packet["dst"])) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] \
        + segment


def parse_tcp(packet, data):
    sport, dport, seq, ack, offset, flags = struct.unpack("!HHIIBB", data[:14])
    packet.update(sport=sport, dport=dport, flags=flag_letters(flags),
                  seq=seq, ack=ack)
    header = (offset >> 4) * 4
    options = data[20:header]
    if len(options) >= 4 and options[0] == 2:
        packet["mss"] = struct.unpack("!H", options[2:4])[0]
    return len(data) - header


def parse_icmp(packet, data):
    packet.update(type=data[0], code=data[1])
    if data[0] in ICMP_ERRORS:
        inner = parse(data[8:])
        if inner:
            packet["inner"] = inner
        return 0
    packet["id"] = struct.unpack("!H", data[4:6])[0]
    return len(data) - 8


def parse(data):
    """Bytes of an IPv4 datagram -> packet, or None if it is not one."""
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    (_, tos, total, ipid, field, ttl, proto, _, src, dst) = \
        struct.unpack("!BBHHHBBH4s4s", data[:20])
    header = (data[0] & 15) * 4
    body = data[header:total]
    packet = {"proto": PROTO_NAME.get(proto, str(proto)), "ttl": ttl,
              "tos": tos, "ipid": ipid, "df": field >> 14 & 1,
              "src": socket.inet_ntoa(src), "dst": socket.inet_ntoa(dst)}
    if header > 20:
        packet["ipopt"] = header - 20
    offset, more = (field & 0x1fff) * 8, field >> 13 & 1
    if offset or more:
        packet["frag"] = "%d+%d%s" % (offset, len(body), "+" if more else "")
    length = len(body)
    if offset == 0:
        if proto == 6 and len(body) >= 20:
            length = parse_tcp(packet, body)
        elif proto == 1 and len(body) >= 8:
            length = parse_icmp(packet, body)
        elif proto in (6, 17) and len(body) >= 8:
            packet["sport"], packet["dport"] = struct.unpack("!HH", body[:4])
            length -= 8
    # Of a later fragment the recordings give no length beside `frag`.
    packet["len"] = 0 if offset else length
    return {key: value for key, value in packet.items()
            if DEFAULTS.get(key) != value}
