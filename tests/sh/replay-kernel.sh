#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The recorded verdicts on this kernel: with the jails' addresses as aliases of
# the host, and in real jails' networks.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"

replay() {
	python3 "$TOP/tests/replay/replay.py" --pfctl "$BUILD/pfctl" \
	    --jailnet "$BUILD/tests/jailnet" "$@" "$TOP"/tests/replay/verdicts/*.json
}

test_expect 'recorded verdicts, addresses as aliases' 'replay'
test_expect 'recorded verdicts, addresses in jails' 'replay --jails'
test_done
