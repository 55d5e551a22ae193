#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The replay sends the packets that were recorded: each op line of the corpus,
# built and read back, is the packet that FreeBSD's pf was given.
cd "$(dirname "$0")/../replay" || exit 2
exec python3 selftest.py verdicts
