#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What pfctl prints is what FreeBSD 12.1's printed: the pairs and rulesets that
# were recorded, and if they are there FreeBSD's own pairs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

run() {
	python3 "$TOP/tests/conformance/run.py" "$BUILD" "$@" >"$TMP/out" 2>&1 ||
	    { cat "$TMP/out"; return 1; }
	tail -1 "$TMP/out" | grep -q '^[1-9][0-9]* passed, 0 failed$'
}

test_expect 'pairs recorded from FreeBSD come out equal' \
    'run "$TOP/tests/conformance/pairs"'
test_expect 'the tutorial comes out as FreeBSD prints it' \
    'run "$TOP/tests/conformance/tutorial"'
test_expect 'recorded rulesets load as they did there' \
    'run "$TOP/tests/replay/verdicts"'

test_expect 'wrong inputs are refused in the recorded words' '
	python3 "$TOP/tests/conformance/wrong/run.py" "$BUILD/pfctl" |
	    grep -q "^[1-9][0-9]* passed, 0 failed"'

# FreeBSD's own regression pairs are not kept here.
corpus=${PF_PAIRS:-$TOP/../shared/pf-conformance}
if [ -d "$corpus" ]; then
	test_expect 'pairs of FreeBSD come out equal' 'run "$corpus"'
fi

test_expect 'a difference is found' '
	mkdir "$TMP/bad" &&
	cp "$TOP/tests/conformance/pairs/facts.txt" "$TMP/bad" &&
	printf "pass in\n" >"$TMP/bad/x.in" &&
	printf "block in\n" >"$TMP/bad/x.ok" &&
	! run "$TMP/bad" >/dev/null'
test_done
