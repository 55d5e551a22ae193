# SPDX-License-Identifier: BSD-2-Clause
"""What the replay needs of Linux: namespaces, tap devices, NFLOG, fences."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import tempfile

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
MS_BIND = 0x1000
IFF_TAP, IFF_NO_PI = 0x2, 0x1000
ETH_IP = 0x0800

NETLINK_NETFILTER = 12
NFULNL_MSG_PACKET, NFULNL_MSG_CONFIG = 0x400, 0x401
NFULA_CFG_CMD, NFULA_CFG_MODE, NFULA_CFG_QTHRESH = 1, 2, 5
NFULA_INDEV, NFULA_OUTDEV, NFULA_PAYLOAD, NFULA_PREFIX = 4, 5, 9, 10


def check(result, what):
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, "%s: %s" % (what, os.strerror(errno)))
    return result


def run(words, text=None, fds=()):
    """Run a command that must succeed; its error output is the message."""
    done = subprocess.run(words, input=text, text=True, capture_output=True,
                          pass_fds=fds)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


def open_netns(path="/proc/thread-self/ns/net"):
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def enter_netns(fd):
    check(LIBC.setns(fd, CLONE_NEWNET), "setns")


def new_netns():
    """Move into a network namespace of its own; a descriptor of it."""
    check(LIBC.unshare(CLONE_NEWNET), "unshare")
    return open_netns()


@contextlib.contextmanager
def inside(fd):
    """Run a block in the network namespace behind fd."""
    home = open_netns()
    try:
        enter_netns(fd)
        yield
    finally:
        enter_netns(home)
        os.close(home)


def sysctl(name, value):
    with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
        file.write(str(value))


def stand_in(name):
    """A file of our own for a setting that a network namespace cannot write.
    Needs a mount namespace of our own."""
    path = "/proc/sys/" + name.replace(".", "/")
    with open(path) as file, tempfile.NamedTemporaryFile("w") as own:
        own.write(file.read())
        own.flush()
        check(LIBC.mount(own.name.encode(), path.encode(), None, MS_BIND,
                         None), "mount " + path)


def stand_in_ends(name):
    path = "/proc/sys/" + name.replace(".", "/")
    check(LIBC.umount2(path.encode(), 0), "umount " + path)


def open_tap(name):
    """A tap device in this namespace.  What is written arrives at once: the
    kernel takes the frame up in the write itself."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF,
                struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def read_frames(fd):
    """All IPv4 frames waiting at a tap: [(destination MAC, datagram)]."""
    frames = []
    while True:
        try:
            frame = os.read(fd, 65536)
        except BlockingIOError:
            return frames
        if struct.unpack("!H", frame[12:14])[0] == ETH_IP:
            frames.append((frame[:6], frame[14:]))


def open_sniffer(ifname):
    """A packet socket that sees what is delivered to ifname, from here."""
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                            socket.htons(ETH_IP))
    sniffer.bind((ifname, ETH_IP))
    sniffer.setblocking(False)
    return sniffer


def read_sniffer(sniffer):
    datagrams = []
    while True:
        try:
            data, address = sniffer.recvfrom(65536)
        except BlockingIOError:
            return datagrams
        if address[2] != socket.PACKET_OUTGOING:
            datagrams.append(data)


def open_raw():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


class Fence:
    """Wait until the kernel has worked off the packets under way.

    Packets that cross a veth or the loopback wait in a queue of the CPU they
    were sent on.  The process keeps to one CPU, so a datagram of its own sent
    over a loopback comes out behind all that were queued before it.  Each
    round lets a packet get one such crossing further."""

    ROUNDS = 8

    def __init__(self):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        home = open_netns()
        os.close(new_netns())
        run(["ip", "link", "set", "lo", "up"])
        self.end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.end.bind(("127.0.0.1", 0))
        self.end.connect(self.end.getsockname())
        self.end.settimeout(5)
        enter_netns(home)
        os.close(home)

    def wait(self):
        for _ in range(self.ROUNDS):
            self.end.send(b"fence")
            self.end.recv(16)


def attributes(data):
    """Netlink attributes as {type: bytes}."""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack("=HH", data[at:at + 4])
        found[kind & 0x7fff] = data[at + 4:at + length]
        at += (max(length, 4) + 3) & ~3
    return found


class PacketLog:
    """Reads the packets that `log group GROUP` statements of nft hand up."""

    GROUP = 61234

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.configure(NFULA_CFG_CMD, struct.pack("=B", 1))
        self.configure(NFULA_CFG_MODE, struct.pack("!IBx", 0xffff, 2))
        self.configure(NFULA_CFG_QTHRESH, struct.pack("!I", 1))
        self.socket.setblocking(False)

    def configure(self, kind, value):
        attribute = struct.pack("=HH", 4 + len(value), kind) + value
        attribute += b"\0" * (-len(attribute) % 4)
        body = struct.pack("!BBH", 0, 0, self.GROUP) + attribute
        self.socket.send(struct.pack("=IHHII", 16 + len(body),
                                     NFULNL_MSG_CONFIG, 5, 1, 0) + body)
        reply = self.socket.recv(8192)
        error = struct.unpack("=i", reply[16:20])[0]
        if error:
            raise OSError(-error, "NFLOG: " + os.strerror(-error))

    def read(self):
        """[(prefix, in index, out index, datagram)] since the last call."""
        found = []
        while True:
            try:
                data = self.socket.recv(1 << 17)
            except BlockingIOError:
                return found
            while len(data) >= 20:
                length, kind = struct.unpack("=IH", data[:6])
                if kind == NFULNL_MSG_PACKET:
                    found.append(self.decode(attributes(data[20:length])))
                data = data[(length + 3) & ~3:]

    @staticmethod
    def decode(found):
        def number(kind):
            return struct.unpack("!I", found.get(kind, b"\0\0\0\0"))[0]
        return (found[NFULA_PREFIX].rstrip(b"\0").decode(),
                number(NFULA_INDEV), number(NFULA_OUTDEV),
                found.get(NFULA_PAYLOAD, b""))
