#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What comes to an NFLOG group: a line for each packet, with its prefix.

usage: nflog.py GROUP

Says "ready" first, and goes on until it is killed.
"""

import os
import select
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "replay"))

import kernel


class Log(kernel.PacketLog):
    GROUP = int(sys.argv[1])


log = Log()
print("ready", flush=True)
while True:
    select.select([log.socket], [], [])
    for prefix, _, _, _ in log.read():
        print(prefix, flush=True)
