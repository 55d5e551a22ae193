#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tools/lab from outside: how it is called, and that nothing is left of it.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
lab=$TOP/tools/lab

# What of the machine a lab must not touch.
machine() {
	ip -br link | awk '{ print $1 }' | sort
	stat -c '%n %i %Y' /etc/rc.conf /etc/pf.conf /etc/resolv.conf /iocage \
	    /var/lib/gaol /run/gaol 2>/dev/null
	cat /proc/sys/net/ipv4/ip_forward
}

# Start a lab that sleeps; sets lab_pid, lab_id and lab_loop. Another one may
# just be making the cache, so it is given time.
sleeping_lab() {
	local i
	: >"$TMP/sleeping"
	"$lab" --console -- bash -c 'echo "$LAB_ID $LAB_LOOP"; exec sleep 9876' \
	    >"$TMP/sleeping" 2>&1 8>&- 9>&- &
	lab_pid=$!
	at_end "kill $lab_pid"
	for ((i = 0; i < 12; i++)); do
		! eventually grep -q . "$TMP/sleeping" || break
	done
	read -r lab_id lab_loop <"$TMP/sleeping"
}

groups_left() {
	find /sys/fs/cgroup/ -maxdepth 2 -name "$1" | grep .
}

lab_gone() {
	! groups_left "$lab_id" &&
	    ! grep -q gaol-lab "/sys/block/$lab_loop/loop/backing_file" 2>/dev/null &&
	    ! pgrep -P "$lab_pid"
}

# Kill the sleeping lab with signal $1: it must be gone without further help.
killed_leaves_nothing() {
	sleeping_lab && groups_left "$lab_id" &&
	    grep gaol-lab "/sys/block/$lab_loop/loop/backing_file" &&
	    kill "-$1" "$lab_pid" && ! wait "$lab_pid" && eventually lab_gone &&
	    ! ls "${GAOL_LAB_CACHE:-/var/cache/gaol-lab}"/run/* 2>/dev/null
}

"$lab" --prepare 2>/dev/null || skip_all "the lab's cache cannot be made"

test_expect 'wrong calls are refused' '
	fails 2 "^lab: unknown option .--nonsense" "$lab" --nonsense &&
	fails 2 "no size" "$lab" --pool-size lots -- true &&
	fails 1 "too small" "$lab" --pool-size 1M -- true &&
	fails 2 "no package name" "$lab" --packages "../x" -- true &&
	fails 2 "put -- before" "$lab" true'
test_expect 'the exit code is that of the command' '
	"$lab" -- true && { "$lab" -- bash -c "exit 7"; [ $? = 7 ]; } &&
	{ "$lab" -- nosuchcommand; [ $? = 127 ]; }'
test_expect 'input, output and arguments go through' '
	[ "$(echo "a  b" | "$lab" -- sh -c "cat; echo \"\$1\"" sh "c  d" | xargs -d "\n")" = "a  b c  d" ]'
test_expect 'the machine is not touched' '
	before=$(machine) &&
	"$lab" -- sh -ec "
		echo x >/etc/rc.conf; echo x >/etc/pf.conf; echo x >/etc/resolv.conf
		mkdir -p /iocage/x /run/gaol/x /var/lib/gaol/x
		sysctl -q net.ipv4.ip_forward=1
		ip link add lo1 type bridge" &&
	[ "$before" = "$(machine)" ]'
test_expect 'a file of the machine is seen where the lab was started' '
	mkdir "$TMP/mine" && echo mine >"$TMP/mine/pf.conf" && cd "$TMP/mine" &&
	"$lab" -- cat pf.conf | grep -qx mine &&
	! "$lab" -- sh -c "echo >pf.conf"'
test_expect 'two labs at once do not meet' '
	sleeping_lab &&
	"$lab" --console -- bash -c "[ \$LAB_LOOP != $lab_loop ] && ping -c 1 -W 2 203.0.113.9 ||
	    host ping -c 1 -W 2 203.0.113.9" &&
	kill "$lab_pid" && ! wait "$lab_pid" && eventually lab_gone'
test_expect 'a reboot keeps the disk and loses everything else' '
	"$lab" --console -- bash -ec "
		host sh -c \"echo kept >/root/kept; echo >/run/lost; ip link add lo1 type bridge; sleep 9875 &\"
		reboot
		host grep -qx kept /root/kept
		! host test -e /run/lost
		! host ip link show lo1
		! host pgrep -x sleep -f 9875
		host ping -c 1 -W 2 203.0.113.9"'
test_expect 'the size of the fourth partition can be chosen' '
	[ "$("$lab" --pool-size 300M -- lsblk -bno SIZE /dev/disk/by-partlabel/iocage)" = $((300 << 20)) ]'
test_expect 'killed, nothing is left' 'killed_leaves_nothing KILL'
test_expect 'terminated, nothing is left' 'killed_leaves_nothing TERM'
test_done
