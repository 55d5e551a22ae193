#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The recorded pfctl sessions: our pfctl prints the same.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"

test_expect 'recorded pfctl sessions' '
    python3 "$TOP/tests/pfctl-live/live.py" --pfctl "$BUILD/pfctl" \
	--jailnet "$BUILD/tests/jailnet" "$TOP"/tests/pfctl-live/*.json'
test_done
