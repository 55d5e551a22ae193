#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# gaol fetch with a small stand-in for mmdebstrap, which needs no network: the
# menu, each step broken once, kill -9, a pool that is full. The real thing
# is fetched in tests/lab/fetch.sh.
. "$(dirname "$0")/../lib.sh"
in_namespaces mount

P=gaolf$$
mkdir -p /var/lib/gaol "$TMP/bin"
mount -t tmpfs state /var/lib/gaol
cd "$TMP" || exit 1

unmount_all() {
	cd /
	mountpoint -q "/$P" && gaol pool destroy -f $P
	umount "$TMP/m"
}
at_end unmount_all

# Makes a tree where mmdebstrap would; what it was told is kept.
cat >bin/mmdebstrap <<'END'
#!/bin/bash
set -eu
printf '%s\n' "$@" >"$FAKE/args"
for place; do case $place in /*) break ;; esac; done
echo $$ >"$FAKE/inner-pid"
grep " $place " /proc/self/mountinfo >"$FAKE/mount"
mkdir -p "$place"/{bin,etc,usr/bin,dev,tmp}
echo nameserver 192.0.2.1 >"$place/etc/resolv.conf"
echo host >"$place/etc/hostname"
cp /bin/true "$place/bin/su"
chmod 4755 "$place/bin/su"
[ ! -e "$FAKE/big" ] || cp "$FAKE/big" "$place/tmp"
[ ! -e "$FAKE/fail" ] || { echo "E: as told" >&2; exit 25; }
[ ! -e "$FAKE/fill" ] || dd if=/dev/zero of="$place/tmp/zero" bs=1M
if [ -e "$FAKE/hang" ]; then
	(exec -a "$FAKE/sleeper" sleep 1000) &
	touch "$FAKE/hangs"
	wait
fi
END
chmod +x bin/mmdebstrap
export FAKE=$TMP PATH=$TMP/bin:$PATH

mkdir m
mount -t tmpfs -o size=400M m m
gaol pool create $P --image m/image --size 300M >/dev/null
iocage activate $P >/dev/null

nothing_left() {
	[ "$(ls -A /$P/.gaol/making /$P/.gaol/trash)" = "/$P/.gaol/making:

/$P/.gaol/trash:" ] && [ "$(ls -A /$P/releases)" = "$1" ] &&
	    ! grep -q /run/gaol/fetch /proc/self/mountinfo
}

test_expect 'the menu: EXIT, and the end of input, fetch nothing' '
	echo EXIT | iocage fetch >out && grep -qF "[0] debian-12" out &&
	iocage fetch </dev/null && nothing_left ""
'
test_expect 'Enter is the newest' '
	echo | iocage fetch && nothing_left debian-13 &&
	grep -qx trixie args && grep -qx "deb \[signed-by=.*\] http://deb.debian.org/debian trixie main" args
'
test_expect 'it stands marked in the menu, and is refused a second time' '
	echo EXIT | iocage fetch | grep -qF "[1] debian-13 (fetched)" &&
	fails 1 "debian-13. is there already: iocage destroy -r debian-13" iocage fetch -r debian-13
'
test_expect 'a number is that release' '
	echo 0 | iocage fetch && grep -qx bookworm args &&
	nothing_left "debian-12
debian-13"
'
test_expect 'a wrong number, and a wrong name, are refused' '
	echo 7 >in; fails 1 "no release named .7. .there are: debian-12, debian-13" iocage fetch <in &&
	echo 12.2-RELEASE >in; fails 1 "type  iocage fetch -r debian-13" iocage fetch <in
'
test_expect 'the tree was mounted without nosuid and nodev, for it alone' '
	! grep -qE "nosuid|nodev" mount && [ "$(grep -c . mount)" = 1 ] &&
	findmnt -n -o OPTIONS /$P | grep -q nosuid,nodev
'
test_expect 'setuid files stay so; what is the host'"'"'s is gone' '
	[ "$(stat -c %a /$P/releases/debian-13/root/bin/su)" = 4755 ] &&
	[ ! -e /$P/releases/debian-13/root/etc/resolv.conf ] &&
	[ ! -e /$P/releases/debian-13/root/etc/hostname ]
'
test_expect 'a jail'"'"'s /etc/rc is in it' '
	test -x /$P/releases/debian-13/root/etc/rc
'
iocage destroy -f -r debian-12 debian-13 >/dev/null
test_expect 'a server that is named is used alone' '
	iocage fetch -r debian-12 -s http://192.0.2.7/debian &&
	grep -q "^deb \[signed-by=.*\] http://192.0.2.7/debian bookworm main" args &&
	[ "$(grep -c ^deb args)" = 1 ] &&
	iocage destroy -f -r debian-12 && nothing_left ""
'
test_expect '--plan does nothing' '
	iocage fetch --plan -r debian-12 | grep -q "^unpack	" && nothing_left ""
'
test_expect 'a failure leaves nothing' '
	touch fail && fails 1 "release .debian-12.: install .*exit 25" iocage fetch -r debian-12
	r=$?; rm fail; [ $r = 0 ] && nothing_left ""
'
test_expect 'nor does a pool that is full, and it has room again at once' '
	touch fill && fails 1 "No space left on device" iocage fetch -r debian-12
	r=$?; rm fill; [ $r = 0 ] && nothing_left "" &&
	[ $(df -k --output=avail /$P | tail -n 1) -gt 150000 ]
'

no_process() {
	! pgrep -f "$1"
}
test_expect 'killed with -9, it leaves no process and no release' '
	touch hang && { iocage fetch -r debian-12 & pid=$!; } && eventually test -e hangs &&
	eventually pgrep -f "^$TMP/sleeper" && pgrep -f "$TMP/bin/mmdebstrap" &&
	kill -9 $pid && ! wait $pid && rm hang hangs &&
	eventually no_process "$TMP/bin/mmdebstrap" && no_process "^$TMP/sleeper" &&
	[ "$(iocage list -r -H)" = "" ] && [ -n "$(ls /$P/.gaol/making)" ]
'
rm -f hang hangs
test_expect 'and the next fetch clears what it left' '
	iocage fetch -r debian-13 && nothing_left debian-13 &&
	iocage destroy -f -r debian-13 && nothing_left ""
'

walk() {
	local step steps mode rc=0
	GAOL_STEPS=1 iocage fetch -r debian-12 2>steps.err >/dev/null || return 1
	iocage destroy -f -r debian-12 >/dev/null
	steps=$(sed -n 's/^step fetch://p' steps.err)
	[ "$(wc -w <<<"$steps")" -ge 5 ] || return 1
	for step in $steps; do
		for mode in '' :after; do
			echo "fault at $step$mode"
			GAOL_FAULT=fetch:$step$mode fails 1 \
			    "release 'debian-12': .*fault put in" iocage fetch -r debian-12 &&
			    nothing_left '' || rc=1
		done
	done
	return $rc
}
walk_killed() {
	local step rc=0
	for step in $(sed -n 's/^step fetch://p' steps.err); do
		echo "killed after $step"
		! GAOL_FAULT=fetch:$step:kill iocage fetch -r debian-12 || rc=1
		case $step in
		commit) [ "$(iocage list -r -H)" = debian-12 ] || rc=1 ;;
		*) [ "$(iocage list -r -H)" = '' ] || rc=1 ;;
		esac
	done
	iocage destroy -f -r debian-12 && nothing_left '' && return $rc
}
if GAOL_FAULT=fetch:mount iocage fetch -r debian-12 >/dev/null 2>&1; then
	iocage destroy -f -r debian-12
	test_skip 'each step of fetch broken once' 'built without GAOL_FAULTS'
else
	test_expect 'each step of fetch broken once' walk
	test_expect 'killed after each step: all of it shows, or nothing' walk_killed
fi

test_expect 'a jail in a pool that turned read-only' '
	iocage fetch -r debian-12 &&
	mount -o remount,ro /$P &&
	fails 1 "Read-only file system" iocage create -n ro -r debian-12 &&
	[ $(wc -l <"$TMP/.stderr") = 1 ]
	r=$?; mount -o remount,rw /$P; [ $r = 0 ] && nothing_left debian-12
'
test_expect 'a pool that lost its guard is not used' '
	chmod 755 /$P && fails 1 "must belong to root with mode 0700" iocage fetch -r debian-12
	r=$?; chmod 700 /$P; [ $r = 0 ]
'
gaol pool destroy -f $P >/dev/null
test_expect 'a jail that does not fit in a directory pool leaves nothing' '
	mkdir small && mount -t tmpfs -o size=24M small small &&
	gaol pool create $P --dir small/pool && iocage activate $P &&
	dd if=/dev/zero of=big bs=1M count=10 && iocage fetch -r debian-12 &&
	[ "$(gaol pool list -H | cut -f6)" = copy ] &&
	iocage create -n one -r debian-12 &&
	fails 1 "No space left on device" iocage create -n two -r debian-12 &&
	[ $(wc -l <"$TMP/.stderr") = 1 ] && nothing_left debian-12 &&
	[ "$(ls /$P/jails)" = one ]
'
gaol pool destroy -f $P >/dev/null
umount small
test_done
