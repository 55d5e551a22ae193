#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The examples of gaol-explain(8): asked as they stand there, with the rules and
# the machine that stand there, they are answered as it stands there.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

page=$TOP/man/gaol-explain.8

# Literal block $1 of the page's examples, without the page's own marks.
block() {
	awk -v want="$1" '
	    /^\.Sh EXAMPLES/ { on = 1 }
	    /^\.Sh SEE ALSO/ { on = 0 }
	    on && /^\.Bd/ { n++; inside = 1; next }
	    /^\.Ed/ { inside = 0 }
	    inside && n == want' "$page" | sed 's/\\-/-/g; s/\\e/\\/g'
}

# Run the block's first line, which is behind "$ ", and print it all.
asked() {
	local line
	read -r line < <(block "$1")
	printf '%s\n' "$line"
	sh -c "${line#\$ }"
	true
}

cd "$TMP" && block 1 >pf.conf && block 2 >facts || exit 1
test_expect 'the rules of the page load' '
	pfctl --facts facts -nf pf.conf && [ "$(wc -l <pf.conf)" -gt 5 ]'
for n in 3 4; do
	test_expect "example $n is answered as on the page" \
	    '[ "$(block "$n" | wc -l)" -gt 8 ] &&
	    diff -u <(block "$n") <(asked "$n")'
done
test_expect 'the page names every kind of fact' '
	sed -n "s/^.*{ \"\([a-z]*\)\", facts_.*/\1/p" "$TOP/src/pf/facts.c" \
	    >kinds && [ "$(wc -l <kinds)" -ge 4 ] &&
	while read -r kind; do
		grep -q "^\.It Ic $kind " "$page" || { echo "$kind"; false; }
	done <kinds'
test_done
