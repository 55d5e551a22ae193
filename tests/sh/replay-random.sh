#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Random rulesets on this kernel, by what the simulator says: with the jails'
# addresses as aliases of the host, and in real jails' networks.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"

COUNT=${COUNT-60}
play() { # SEED [--jails]
	"$TOP/tests/replay/replay-random" "$BUILD" "$1" "$COUNT" ${2-} |
		tee "$TMP/sum"
	grep -q "^[1-9][0-9]* passed, 0 failed, 0 skipped$" "$TMP/sum"
}

test_expect 'random rulesets, addresses as aliases' 'play 20'
test_expect 'random rulesets, addresses in jails' 'play 21 --jails'
test_done
