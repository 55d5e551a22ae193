#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# docs/from-freebsd.md, typed on the throw-away host.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../docs.sh"

docs_replace /dev/sda4 "$(readlink -f /dev/disk/by-partlabel/iocage)"
docs_page "$TOP/docs/from-freebsd.md"
test_done
