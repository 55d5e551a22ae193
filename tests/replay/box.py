# SPDX-License-Identifier: BSD-2-Clause
"""The recorded machine, made of namespaces: em0 (and em1) are tap devices
whose other end the replay holds, lo1 is a loopback of its own, and a table
that looks on after all others reports what became of each packet."""

import os
import re
import socket
import struct
import tempfile

import kernel
import packet as pk

HOST_ADDRESS = "192.168.178.40"
ROUTER = "192.168.178.1"
JAILS = ("192.168.0.2", "192.168.0.3", "192.168.0.4")
PREFIX = {"em0": HOST_ADDRESS + "/24", "em1": "10.1.0.1/24"}
BROADCAST = {"em0": "192.168.178.255", "em1": "10.1.0.255"}
MAC = {"em0": b"\x02\x01\0\0\0\0", "em1": b"\x02\x01\0\0\0\1"}
NEIGHBOUR = re.compile(r"\b(?:192\.168\.178|10\.1\.0)\.\d+\b")

# Nothing listens on the box and it does not speak for itself: what arrives is
# seen and dropped once conntrack has taken the entry over.
WATCH = """
table inet replay {
  chain pre {
    type filter hook prerouting priority 2147483646
    meta nfproto ipv4 log prefix "pre" group %(group)d
  }
  chain in {
    type filter hook input priority 2147483647
    meta nfproto ipv4 log prefix "in" group %(group)d
    drop
  }
}
""" % {"group": kernel.PacketLog.GROUP}

# Of hooks with the same priority the one registered last runs first. Conntrack
# confirms entries at the last priority of input and must do so before our drop
# there, so the first rule that calls it up is loaded after.
WATCH_LAST = """
table inet replay {
  chain invalid_pre {
    type filter hook prerouting priority -199
    ct state invalid log prefix "invalid" group %(group)d
  }
  chain invalid_out {
    type filter hook output priority -199
    ct state invalid log prefix "invalid" group %(group)d
  }
}
""" % {"group": kernel.PacketLog.GROUP}

SYSCTLS = {
    "net.ipv4.ip_forward": 1,
    # The recordings have packets from outside that bear our own addresses.
    "net.ipv4.conf.all.accept_local": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv4.icmp_ratemask": 0,
    "net.ipv6.conf.default.disable_ipv6": 1,
}

# `set limit states` of a recording: the real one is the whole machine's.
LIMIT = "net.netfilter.nf_conntrack_max"


def mac_of(address):
    """The Ethernet address that a neighbour of the box has here."""
    return b"\x02\x00" + socket.inet_aton(address)


def mac_text(mac):
    return ":".join("%02x" % byte for byte in mac)


def link_commands(name):
    yield "link set %s address %s" % (name, mac_text(MAC[name]))
    yield "addr add %s dev %s" % (PREFIX[name], name)
    yield "link set %s up" % name
    # The recorded machine forwards what is sent to the network's broadcast
    # address as to any other neighbour.
    yield "route del broadcast %s dev %s table local" % (BROADCAST[name], name)


class Seen:
    """A packet seen somewhere: at the end of a hook's chains on the host
    ('pre', 'in'), on the wire outside ('wire'), or in a jail ('jail'); and,
    if conntrack calls it so, behind conntrack ('invalid')."""

    def __init__(self, place, where, data, mac=b""):
        self.place, self.where, self.mac = place, where, mac
        self.packet = pk.parse(data) or {}

    def __repr__(self):
        return "%s %s %s" % (self.place, self.where, self.packet)


RC_CONF = """cloned_interfaces="lo1"
ipv4_addrs_lo1="%s"
gateway_enable="YES"
"""

# What reaches a jail has been seen by the sniffer before this drops it.
JAIL_MUTE = """
table ip mute {
  chain in {
    type filter hook prerouting priority -500
    drop
  }
}
"""


class Jail:
    """A jail's network namespace, wired up as `gaol start` does it."""

    def __init__(self, number, address, jailnet):
        home = kernel.open_netns()
        self.net = kernel.new_netns()
        kernel.enter_netns(home)
        os.close(home)
        kernel.run([jailnet, "jail", "j%d" % number, "lo1|" + address,
                    str(self.net)], fds=[self.net])
        with kernel.inside(self.net):
            kernel.run(["nft", "-f", "-"], JAIL_MUTE)
            self.sniffer = kernel.open_sniffer("lo1")
            self.raw = kernel.open_raw()

    def close(self):
        self.sniffer.close()
        self.raw.close()
        os.close(self.net)


class Box:
    """One machine for one file.  Made in a new network namespace, which the
    calling thread is left in; close() gives it up."""

    def __init__(self, recording, jailnet, jails):
        self.names = ["em0"] + (["em1"] if recording["box"] == "gw" else [])
        self.home = kernel.open_netns()
        self.net = kernel.new_netns()
        for name, value in SYSCTLS.items():
            kernel.sysctl(name, value)
        self.taps = {name: kernel.open_tap(name) for name in self.names}
        self.make_links(recording)
        self.jails = self.make_lo1(jailnet, jails)
        self.raw = kernel.open_raw()
        self.log = kernel.PacketLog()
        kernel.run(["nft", "-f", "-"], WATCH)
        kernel.run(["nft", "-f", "-"], WATCH_LAST)
        kernel.stand_in(LIMIT)  # conntrack is there now

    def make_links(self, recording):
        lines = ["link set lo up"]
        for name in self.names:
            lines += link_commands(name)
        lines.append("route add default via %s dev em0" % ROUTER)
        own = {text.partition("/")[0] for text in PREFIX.values()}
        near = set(NEIGHBOUR.findall(str(recording))) | {ROUTER}
        for address in near - own:
            dev = "em1" if address.startswith("10.") else "em0"
            if dev in self.names:
                lines.append("neigh replace %s lladdr %s nud permanent dev %s"
                             % (address, mac_text(mac_of(address)), dev))
        kernel.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def make_lo1(self, jailnet, jails):
        addresses = ["192.168.0.1/24"]
        if not jails:
            addresses += [address + "/32" for address in JAILS]
        with tempfile.NamedTemporaryFile("w") as conf:
            conf.write(RC_CONF % " ".join(addresses))
            conf.flush()
            kernel.run([jailnet, "up", conf.name])
        # FreeBSD has routes to a loopback's addresses, none to its network.
        kernel.run(["ip", "route", "del", "192.168.0.0/24", "dev", "lo1"])
        if not jails:
            return {}
        return {address: Jail(number, address, jailnet)
                for number, address in enumerate(JAILS)}

    def send_in(self, name, datagram):
        """From outside, addressed to the box's interface."""
        source = mac_of(socket.inet_ntoa(datagram[12:16]))
        os.write(self.taps[name], MAC[name] + source +
                 struct.pack("!H", kernel.ETH_IP) + datagram)

    def send_out(self, source, datagram):
        """By the box itself; the error that the sender was told, or None."""
        jail = self.jails.get(source)
        raw = jail.raw if jail else self.raw
        try:
            raw.sendto(datagram, (socket.inet_ntoa(datagram[16:20]), 0))
        except OSError as error:
            return error
        return None

    def look(self):
        """What was seen since the last look."""
        seen = [Seen(place, "", data)
                for place, _, _, data in self.log.read()]
        for name, tap in self.taps.items():
            seen += [Seen("wire", name, data, mac)
                     for mac, data in kernel.read_frames(tap)]
        for address, jail in self.jails.items():
            seen += [Seen("jail", address, data)
                     for data in kernel.read_sniffer(jail.sniffer)]
        return seen

    def close(self):
        for tap in self.taps.values():
            os.close(tap)
        for jail in self.jails.values():
            jail.close()
        self.raw.close()
        self.log.socket.close()
        kernel.stand_in_ends(LIMIT)
        kernel.enter_netns(self.home)
        os.close(self.home)
        os.close(self.net)
