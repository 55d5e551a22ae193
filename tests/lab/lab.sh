#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The throw-away host as docs/lab.md describes it, seen from inside.
. "$(dirname "$0")/../lib.sh"

# Package $2 of suite $1 can be fetched, from the archive or its updates.
mirror_has() {
	local at url=http://deb.debian.org list name
	list=main/binary-$(dpkg --print-architecture)/Packages.xz
	for at in "debian dists/$1" "debian-security dists/$1-security"; do
		curl -sSf "$url/${at/ //}/$list" >"$TMP/list.xz" || return
		name=$(busybox xzcat "$TMP/list.xz" |
		    sed -n "/^Package: $2$/,/^$/s/^Filename: //p")
		[ -z "$name" ] || ! curl -sSfI "$url/${at% *}/$name" || return 0
	done
	return 1
}

test_expect 'em0 has the one public address, behind the router' '
	[ "$(ip -4 -o addr show dev em0 | awk "{ print \$4 }")" = 192.168.178.40/24 ] &&
	ip route show default | grep -q "via 192.168.178.1 dev em0" &&
	ping -c 1 -W 2 203.0.113.9'
test_expect 'the client outside is 203.0.113.9 and reaches the host' '
	[ "$(world hostname)" = client ] &&
	world ip -4 addr show | grep -qw 203.0.113.9/24 &&
	world ping -c 1 -W 2 192.168.178.40'
test_expect 'the router stands between them' '
	router ip -4 addr show | grep -qw 192.168.178.1/24 &&
	[ "$(router hostname)" = router ]'
test_expect 'the client logs in on the host, by its own key' '
	[ "$(world ssh -o BatchMode=yes root@192.168.178.40 "hostname; echo \$SSH_CLIENT" |
	    cut -d" " -f1 | xargs)" = "$(hostname) 203.0.113.9" ]'
test_expect 'the name server knows the outside and nothing else' '
	[ "$(getent ahostsv4 www.digitalocean.com | awk "NR == 1 { print \$1 }")" = 203.0.113.80 ] &&
	! getent ahostsv4 www.example.org'
test_expect 'the web server tells who asks' '
	curl -sS http://www.digitalocean.com/ | grep -Fqw 192.168.178.40 &&
	world curl -sS http://www.digitalocean.com/ | grep -Fqw 203.0.113.9'
test_expect 'what comes from a private address gets no answer' '
	ip addr add 192.168.0.9/32 dev lo &&
	! ping -c 1 -W 1 -I 192.168.0.9 203.0.113.9
	rc=$?
	ip addr del 192.168.0.9/32 dev lo && [ $rc = 0 ]'
test_expect 'apt takes the mirror for Debian'\''s own' '
	apt-get -q -o APT::Update::Error-Mode=any update &&
	cd "$TMP" && apt-get -q -o APT::Sandbox::User=root download cron &&
	ls cron_*.deb'
test_expect 'the mirror holds the database server of each release' '
	mirror_has bookworm mariadb-server && mirror_has trixie mariadb-server &&
	! mirror_has trixie nosuchpackage'
test_expect '/dev has the disk'\''s four partitions and no disk of the machine' '
	disk=$(readlink -f /dev/disk/by-partlabel/iocage) &&
	[ -b "$disk" ] && [[ $disk == /dev/loop*p4 ]] &&
	[ "$(lsblk -bno SIZE "$disk")" = $((8 << 30)) ] &&
	! find /dev -type b ! -name "loop*" | grep .'
test_expect 'gaol, iocage and pfctl are installed' '
	( cd /usr/local/sbin && ls -l gaol iocage pfctl )'
test_expect 'each control group hierarchy looks like a whole one' '
	! cut -d: -f3 /proc/self/cgroup | grep -vx -e / -e /init.scope &&
	findmnt -rn -t cgroup,cgroup2 -o TARGET >"$TMP/hierarchies" &&
	sed "s,$,/lab-test," "$TMP/hierarchies" | xargs mkdir &&
	sed "s,$,/lab-test," "$TMP/hierarchies" | xargs rmdir'
test_expect 'no process holds the root of cgroup v2' '
	findmnt -rn -t cgroup2 -o TARGET >"$TMP/v2" &&
	! sed "s,$,/cgroup.procs," "$TMP/v2" | xargs -r cat | grep .'
test_expect 'processes of the machine are not seen' '
	[ "$(cat /proc/1/comm)" = boot ] &&
	[ "$(ps -eo pid= | wc -l)" -lt 30 ]'
test_done
