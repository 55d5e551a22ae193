#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Connections for tests of limits.

  serve ADDRESS PORT...            echo on each port until killed
  open SOURCE ADDRESS PORT N       how many of N connections open
  held SOURCE ADDRESS PORT N       how many of N echo when all were tried
  both SOURCE SOURCE ADDRESS PORT  two of the first, then one of the second:
                                   how many of each open
  ports SOURCE ADDRESS PORT PORT   one to each: does it open?
  fragments SOURCE ADDRESS N       first fragments of N datagrams, alone

What a firewall drops is waited for WAIT seconds: nothing is late in
namespaces of one machine, unless it is very busy.
"""

import selectors
import socket
import struct
import sys

WAIT = 5


def serve(address, ports):
    selector = selectors.DefaultSelector()
    for port in ports:
        server = socket.create_server((address, int(port)), backlog=64)
        selector.register(server, selectors.EVENT_READ, True)
    while True:
        for key, _ in selector.select():
            if key.data:
                selector.register(key.fileobj.accept()[0],
                                  selectors.EVENT_READ, False)
                continue
            try:
                data = key.fileobj.recv(100)
                key.fileobj.sendall(data)
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def connect(source, address, port):
    try:
        return socket.create_connection((address, int(port)), WAIT,
                                        (source, 0))
    except OSError:
        return None


def connect_all(source, address, port, n):
    """Each waits for the end of the handshake, on both sides."""
    return [connect(source, address, port) for _ in range(n)]


def echoes(connection):
    if connection is None:
        return False
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b"x"
    except OSError:
        return False


def send_fragments(source, address, n):
    """Of full size, with more to follow."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for number in range(1, n + 1):
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, number, 0x2000,
                             64, socket.IPPROTO_UDP, 0,
                             socket.inet_aton(source),
                             socket.inet_aton(address))
        raw.sendto(header + bytes(1480), (address, 0))


def main(verb, *args):
    if verb == "serve":
        serve(args[0], args[1:])
    elif verb == "ports":
        opened = [connect(args[0], args[1], port) for port in args[2:]]
        print(*(int(c is not None) for c in opened))
    elif verb == "fragments":
        send_fragments(args[0], args[1], int(args[2]))
    elif verb == "open":
        opened = connect_all(*args[:3], int(args[3]))
        print(sum(c is not None for c in opened))
    elif verb == "held":
        opened = connect_all(*args[:3], int(args[3]))
        print(sum(echoes(c) for c in opened), "of", len(opened))
    else:
        first = connect_all(args[0], args[2], args[3], 2)
        second = connect(args[1], args[2], args[3])
        print(sum(c is not None for c in first), int(second is not None))


main(*sys.argv[1:])
