#!/bin/bash
# The recorded verdicts through the simulator: every field is equal.
. "$(dirname "$0")/../lib.sh"

test_expect 'the simulator says what FreeBSD 12.1 did' '
	"$BUILD/tests/replay-sim" "$TOP"/tests/replay/verdicts/*.json'
test_done
