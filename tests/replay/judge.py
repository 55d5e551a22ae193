# SPDX-License-Identifier: BSD-2-Clause
"""Does what was seen of a packet agree with what was recorded of it?"""

import re

import box as bx

VARIABLE = re.compile(r"^p\d+$")
# Sources and destinations that Linux drops when it routes, after our chains
# have passed them.  The verdict is then taken from the end of the chains.
MARTIAN = re.compile(r"^(0|127|22[4-9]|23\d|24\d|25[0-5])\.")


def same_value(recorded, seen, bindings):
    """Random ports are written p1, p2: any value, the same each time."""
    if isinstance(recorded, str) and VARIABLE.match(recorded):
        return bindings.setdefault(recorded, seen) == seen
    return recorded == seen


def differences(recorded, seen, bindings):
    """Fields in which two packets differ, as text."""
    wrong = []
    for key in sorted(set(recorded) | set(seen)):
        if key in ("ipid", "inner"):
            continue
        if key in ("seq", "ack") and key not in recorded:
            continue  # left out where they are random
        default = {"ttl": 64}.get(key, 0)
        want, got = recorded.get(key, default), seen.get(key, default)
        if not same_value(want, got, bindings):
            wrong.append("%s %s, not %s" % (key, got, want))
    if "inner" in recorded:
        inner = {key: seen.get("inner", {}).get(key)
                 for key in recorded["inner"]}
        wrong += ["quoted " + text for text in
                  differences(recorded["inner"], inner, bindings)
                  if inner.get("proto")]
    return wrong


def kind_of_answer(packet):
    """What a firewall sends by itself: 'rst', 'icmp TYPE/CODE', 'syn-ack'."""
    flags = packet.get("flags", "")
    if packet.get("proto") == "tcp" and "R" in flags:
        return "rst"
    if packet.get("proto") == "tcp" and flags == "SA":
        return "syn-ack"
    if packet.get("proto") == "icmp" and packet.get("type") in (3, 5, 12):
        return "icmp %d/%d" % (packet["type"], packet["code"])
    return None


class Trial:
    """One packet that was sent: what is recorded of it, and what was seen.
    `is_own` knows it among what it causes, `origin` is where it was sent from:
    "outside", "host" or "jail"."""

    def __init__(self, recorded, seen, is_own, error, origin, bindings):
        self.recorded, self.error = recorded, error
        self.origin, self.bindings = origin, bindings
        self.own = [s for s in seen if is_own(s.packet)]
        self.answers = [s for s in seen if not is_own(s.packet) and
                        kind_of_answer(s.packet)]

    def at(self, *places):
        return [seen for seen in self.own if seen.place in places]

    def fate(self):
        if self.at("wire"):
            return "sent"
        if self.at("in", "jail"):
            return "local"
        return "block"

    def beyond_conntrack(self, complaints):
        """What conntrack calls invalid has no entry, so it can neither be
        translated nor belong to a state: it may be dropped where pf passes
        it, and without an answer.  Never the other way round."""
        if not self.at("invalid"):
            return False
        if self.recorded["result"] in ("block", "held"):
            return all(text.startswith("no answer") for text in complaints)
        return self.fate() == "block"

    def complaints(self):
        result = self.recorded["result"]
        if result == "unseen":
            return []
        wrong = getattr(self, "check_" + result)()
        if not wrong and result in ("block", "held"):
            wrong = self.check_errno()
        return wrong or self.check_answers()

    def unlike(self, wanted):
        places = sorted({seen.place for seen in self.own}) or ["nowhere"]
        return ["expected %s, got %s (seen: %s)" %
                (wanted, self.fate(), " ".join(places))]

    def extra_hop(self, seen):
        """Did the host forward what on FreeBSD stays in one stack?"""
        if self.origin == "jail":
            return seen.place in ("wire", "jail")
        return self.origin == "outside" and seen.place == "jail"

    def check_final(self, seen):
        final = dict(self.recorded["final"])
        if self.extra_hop(seen):
            final["ttl"] = final.get("ttl", 64) - 1
        return differences(final, seen.packet, self.bindings)

    def routing_drops(self):
        final = self.recorded["final"]
        return MARTIAN.match(final["src"]) or MARTIAN.match(final["dst"])

    def check_local(self):
        there = self.at("in", "jail")
        if not there and not self.at("wire") and self.routing_drops():
            there = self.at("pre")
        if not there or self.at("wire"):
            return self.unlike("local")
        return self.check_final(there[-1])

    def check_sent(self):
        there = self.at("wire")
        if not there or self.at("in", "jail"):
            return self.unlike("sent")
        wire = self.recorded["wire"][0]
        wrong = self.check_final(there[-1])
        if there[-1].where != wire["if"]:
            wrong.append("left through %s, not %s" %
                         (there[-1].where, wire["if"]))
        elif there[-1].mac != bx.mac_of(wire["via"]):
            wrong.append("next hop %s, not %s" %
                         (bx.mac_text(there[-1].mac), wire["via"]))
        return wrong

    def check_in(self):
        if not self.at("pre", "in") or self.at("wire"):
            return self.unlike("in")
        return self.check_final(self.at("pre", "in")[0])

    def check_block(self):
        at = self.recorded.get("at", "")
        if self.fate() != "block":
            return self.unlike("%s %s" % (self.recorded["result"], at))
        passed_in = bool(self.at("pre"))
        side = at.partition(" ")[0]
        if side and self.origin == "outside" and \
                passed_in != (side == "out"):
            return ["blocked %s, not %s" % ("out" if passed_in else "in", at)]
        return []

    check_held = check_block

    def check_errno(self):
        if "errno" in self.recorded and self.origin == "host" and \
                not self.error:
            return ["the sender was told nothing, not %s" %
                    self.recorded["errno"][0]]
        return []

    def check_answers(self):
        """What was sent back, and to whom.  An answer that FreeBSD's pf then
        blocked on the loopback may come or not, and so may what pf answered
        to that one: ours skip the rules."""
        wanted, maybe = set(), set()
        sure = wanted
        for answer in self.recorded.get("returned", []):
            if answer.get("verdict") == "block":
                sure = maybe
            sure.add(self.describe(answer["packet"], answer["if"]))
        got = {self.describe(seen.packet, seen.where if seen.place == "wire"
                             else "lo") for seen in self.answers
               if seen.place not in ("pre", "invalid")}
        wrong = ["no answer " + word for word in sorted(wanted - got)]
        return wrong + ["answer " + word for word in
                        sorted(got - wanted - maybe)]

    @staticmethod
    def describe(packet, where):
        where = where if where.startswith("em") else "the loopback"
        return "%s to %s by %s" % (kind_of_answer(packet), packet["dst"],
                                   where)
