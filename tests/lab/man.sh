#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The examples of the manual pages of gaol: each is typed as it stands there,
# with a pool, lo1, and a small tree under the name debian-12; jails are the
# page's own. What the reader does not see stands in comments of the page:
#	.\" lab: CODE	before what follows
#	.\" fails	the commands of the next block are to fail
#	.\" conf	the next block is /etc/rc.conf
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../docs.sh"

cat >>/etc/rc.conf <<'END'
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
gateway_enable="YES"
END
disk=$(readlink -f /dev/disk/by-partlabel/iocage)
docs_replace /dev/sda4 "$disk"
docs_replace /dev/sda "${disk%p4}"
docs_replace "${disk%p4}1" "${disk%p4}p1"
docs_replace "${disk%p4}2" "${disk%p4}p2"
docs_replace "${disk%p4}3" "${disk%p4}p3"

# The state that each page begins with.
begin() {
	gaol net up && gaol pool create -f iocage "$disk" &&
	gaol activate iocage && release debian-12
}
end() {
	gaol stop -f -i ALL
	gaol pool destroy -f iocage
}

# The literal blocks in the EXAMPLES of page $1 as tests/docs.sh wants them.
examples() {
	awk '
	/^\.Sh / { on = $2 == "EXAMPLES" }
	!on { next }
	/^\.\\" lab: / { sub(/^\.\\" /, ""); gsub(/\\e/, "\\"); print "<!-- " $0 " -->" }
	/^\.\\" fails/ { fence = "console fails" }
	/^\.\\" conf/ { fence = "conf /etc/rc.conf" }
	/^\.Bd -literal/ {
		print "```" (fence == "" ? "console" : fence)
		fence = ""
		inside = 1
		next
	}
	/^\.Ed/ { print "```"; inside = 0 }
	inside {
		gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\\(dq/, "\"")
		gsub(/\\e/, "\\")
		print
	}' "$1"
}

cp /etc/rc.conf "$TMP/rc.conf"
for page in "$TOP"/man/gaol*.8 "$TOP"/man/rc.conf.5; do
	examples "$page" >"$TMP/${page##*/}"
	grep -q '^# ' "$TMP/${page##*/}" || continue
	begin >/dev/null 2>&1
	docs_page "$TMP/${page##*/}"
	end >/dev/null 2>&1
	cp "$TMP/rc.conf" /etc/rc.conf
done
test_expect 'there were examples' '[ "$test_n" -gt 40 ]'
test_done
