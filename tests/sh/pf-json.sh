#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl -n --json is JSON of the described schema, and says of each rule what
# the printer says.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

pairs=$TOP/tests/conformance/pairs
json() {
	(cd "$pairs" && pfctl --facts facts.txt -o none -n --json -f - 2>"$TMP/err")
}

cat >"$TMP/pf.conf" <<'END'
m = "10.0.0.0/8"
set skip on lo0
set timeout tcp.first 7
table <t> persist { $m !10.1.2.3 }
rdr pass on em0 proto tcp to port 80:90 -> 10.0.0.9 port 8080
block return in
pass in log on ! em1 inet proto tcp from <t> to 10.0.0.1 - 10.0.0.9 port >= 22 \
	flags S/SA keep state (max 5) label 'x"y'
anchor "a" {
	pass out
}
END

cat >"$TMP/check.py" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == "gaol.pf" and d["version"] == 1
assert d["macros"] == [{"name": "m", "value": "10.0.0.0/8", "used": True}]
assert d["options"]["skip"] == ["lo0"]
assert d["options"]["timeouts"] == {"tcp.first": 7}
assert d["tables"][0]["addresses"][1] == {
    "family": "inet", "kind": "prefix", "not": True,
    "address": "10.1.2.3", "length": 32}
rdr, block, rule, call, inner = d["rules"]
assert rdr["action"] == "rdr" and rdr["pass"] is True
assert rdr["to"]["port"] == {"op": ":", "a": 80, "b": 90}
assert rdr["pool"]["targets"][0]["address"] == "10.0.0.9"
assert block["block"] == "return" and block["direction"] == "in"
assert (rule["line"], rule["number"]) == (7, 2)
assert rule["from"] == {"kind": "table", "name": "t"}
assert rule["to"]["last"] == "10.0.0.9"
assert rule["to"]["port"] == {"op": ">=", "a": 22}
assert rule["flags"] == {"set": "S", "of": "SA"}
assert rule["state-options"]["max"] == 5
assert rule["interface-not"] is True and rule["label"] == 'x"y'
assert call["calls"] == "a" and inner["anchor"] == "a"
END

test_expect 'a ruleset as data' '
	json <"$TMP/pf.conf" >"$TMP/out" && [ ! -s "$TMP/err" ] &&
	python3 "$TMP/check.py" "$TMP/out"'

texts='import json, sys
for r in json.load(sys.stdin)["rules"]: print(r["text"])'

# The rules of a recorded input as data, and as printed; without order.
same_text() {
	json <"$1" | python3 -c "$texts" | sort >"$TMP/a" &&
	(cd "$pairs" && pfctl --facts facts.txt -o none -nv -f - <"$1" 2>"$TMP/err") |
	    grep -E '^ *(no )?(pass|block|scrub|nat|rdr|binat) ' |
	    sed 's/^ *//' | sort >"$TMP/b" &&
	[ -s "$TMP/b" ] && grep -v '^\(nat-\|rdr-\|binat-\)*anchor' "$TMP/a" |
	    diff - "$TMP/b"
}

for f in "$pairs"/gx0{01,02,03,04,05,06,08,09,10,13,15,16,17,18,20,21}.in; do
	test_expect "${f##*/} as data says what is printed" 'same_text "$f"'
done

test_expect 'a wrong file gives no data' '
	! echo "pass ni" | json >"$TMP/out" && [ ! -s "$TMP/out" ]'
test_expect '--json is for -n' '
	! pfctl --json -f /dev/null 2>"$TMP/err" &&
	grep -q "give -n and -f" "$TMP/err"'
test_done
