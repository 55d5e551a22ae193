#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Releases as they are: both fetched from a mirror by mmdebstrap, with Debian's
# signatures, into a pool on a partition; what is wrong with the mirror is
# told; kill -9 in the middle leaves nothing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../debian-jail.sh"

gaol pool create iocage /dev/disk/by-partlabel/iocage >/dev/null
iocage activate iocage >/dev/null
root() {
	echo "/iocage/iocage/releases/$1/root"
}
none_left() {
	[ "$(iocage list -r -H)" = "$1" ] &&
	    [ -z "$(ls /iocage/.gaol/making /iocage/.gaol/trash | grep -v :)" ]
}

iocage fetch -r debian-12 >/dev/null 2>"$TMP/err" &
pid=$!
test_expect 'killed while it unpacks: no release, no process, no mount' '
	timeout 180 sh -c "until grep -q \"extracting archives\" $TMP/err; do sleep 0.1; done" &&
	kill -9 $pid && ! wait $pid &&
	eventually sh -c "! pgrep -x mmdebstrap && ! pgrep -x dpkg-deb" &&
	[ "$(iocage list -r -H)" = "" ] && ! grep -q gaol/fetch /proc/self/mountinfo
'
kill -9 $pid 2>/dev/null
for release in debian-12 debian-13; do
	test_expect "$release is fetched" '
		iocage fetch -r $release && iocage list -r -H | grep -qx $release &&
		test -x "$(root $release)/etc/rc" && none_left "$(ls /iocage/releases)"
	'
	test_expect "$release: what the tutorial uses is in it" '
		for f in /bin/su /usr/sbin/adduser /usr/sbin/cron /usr/bin/telnet \
		    /bin/ping /bin/ps /sbin/ip /etc/services; do
			chroot "$(root $release)" test -e $f || { echo "no $f"; break; }
		done && [ "$(stat -c %a "$(root $release)/bin/su")" = 4755 ]
	'
	test_expect "$release: its sources are signed by keys that it has" '
		sed -n "s/.*signed-by=\([^]]*\).*/\1/p" "$(root $release)/etc/apt/sources.list" |
		    sort -u >"$TMP/keys" && [ -s "$TMP/keys" ] &&
		chroot "$(root $release)" test -s "$(cat "$TMP/keys")"
	'
	test_expect "$release: nothing of this host is in it" '
		! ls "$(root $release)"/etc/{resolv.conf,hostname}
	'
	debian_jail_tests $release
done
test_expect 'a jail is cloned from it in an instant' '
	iocage create -n clone -r debian-13 &&
	cmp /iocage/jails/clone/root/bin/bash "$(root debian-13)/bin/bash"
'
test_expect 'the pool of a running jail is neither destroyed nor unmounted' '
	iocage start clone &&
	fails 1 "pool .iocage.: its jail .clone. is running: iocage stop clone" \
	    gaol pool destroy -f iocage &&
	fails 1 "jail .clone. is running" gaol pool export iocage &&
	mountpoint -q /iocage && iocage stop clone &&
	gaol pool export iocage && gaol pool import iocage
'
test_expect 'releases are destroyed, their jail stays' '
	iocage destroy -f -r debian-12 debian-13 && none_left "" &&
	chroot /iocage/jails/clone/root true
'
# A mirror that changed one line of what Debian signed.
mkdir -p "$TMP/www/debian/dists/trixie"
curl -s http://deb.debian.org/debian/dists/trixie/InRelease |
    sed 's/^Description: .*/Description: changed/' \
	>"$TMP/www/debian/dists/trixie/InRelease"
busybox httpd -f -p 127.0.0.1:8123 -h "$TMP/www" &
httpd=$!
at_end "kill $httpd"
test_expect 'a mirror whose signature is wrong is refused' '
	eventually curl -sf -o /dev/null http://127.0.0.1:8123/debian/dists/trixie/InRelease &&
	fails 1 "BADSIG|signature" iocage fetch -r debian-13 -s http://127.0.0.1:8123/debian &&
	fails 1 "mmdebstrap could not make it" iocage fetch -r debian-13 -s http://127.0.0.1:8123/debian &&
	none_left ""
'
test_expect 'so is a server that is none' '
	fails 1 "mmdebstrap could not make it" \
	    iocage fetch -r debian-13 -s http://203.0.113.9:1/debian &&
	none_left ""
'
test_done
