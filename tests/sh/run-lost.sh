#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# /run is lost while jails run: list shows them as they are, exec enters them,
# stop stops them and leaves nothing, start starts them again; what a lost
# jail has is not given to another.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
ip link add em0 type dummy 2>/dev/null || ip link add em0 type bridge
ip link set em0 addrgenmode none && ip link set em0 up &&
    ip addr add 192.168.178.40/24 dev em0
pool_dir tank && release tiny || skip_all "cannot make a pool"
echo 1 >/proc/sys/net/ipv4/ip_forward

gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2,em0|192.168.178.7' \
    host_hostname=www memoryuse=deny=64M allow_raw_sockets=1 stop_timeout=7 \
    exec_prestop="touch $TMP/prestop" exec_poststop="touch $TMP/poststop" \
    >/dev/null
gaol create -n b -r tiny >/dev/null
gaol create -n other -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null 2>&1
for jail in other web b; do gaol start $jail && gaol stop $jail; done >/dev/null
remember

lose() {
	find /run/gaol -mindepth 1 -delete
}
lost_start() {
	gaol start web b >/dev/null && rm -f "$TMP/prestop" "$TMP/poststop" &&
	cp -a /run/gaol "$TMP/facts" && gaol list >"$TMP/list" && lose
}
at_end 'gaol stop -f ALL'
# What gaol keeps in /run while nothing runs is back after the next start.
nothing_left() {
	gaol start web && gaol stop web && rm -rf "$TMP/facts" && unchanged
}
no_jail_is_left() {
	! ip -o link | grep " jail-" && ! ps -e -o comm= | grep gaol-init &&
	    [ -z "$(find /sys/fs/cgroup -type d -path "*gaol/*")" ]
}

test_expect 'list shows them as before, and writes nothing' '
	lost_start && gaol list | diff "$TMP/list" - && gaol list --json |
	    jq -e ".jails | map(select(.state == \"up\")) | length == 2" &&
	[ -z "$(ls /run/gaol)" ]
'
test_expect 'exec enters one' '
	[ "$(gaol exec web hostname)" = www ]
'
test_expect 'its facts are those of before' '
	sort "$TMP/facts/jails/web" | grep -v "^up " >"$TMP/1" &&
	sort /run/gaol/jails/web | grep -v "^up " | diff "$TMP/1" - &&
	up=$(sed -n "s/^up //p" "$TMP/facts/jails/web") &&
	now=$(sed -n "s/^up //p" /run/gaol/jails/web) &&
	[ $((now - up)) -le 2 ] && [ $((up - now)) -le 2 ]
'
test_expect 'stop runs its hooks, stops it and leaves nothing; so for all' '
	gaol stop web && [ -e "$TMP/prestop" ] && [ -e "$TMP/poststop" ] &&
	lose && gaol stop ALL && nothing_left
'
test_expect 'start says that it runs' '
	lost_start && fails 1 "jail .web. is already running" gaol start web
'
test_expect 'nothing that it has is given away' '
	fails 1 "192.168.0.2 is in use by the jail .web." gaol start other &&
	lose && gaol create -n c -r tiny && gaol start c && gaol exec web true &&
	gaol exec b true && [ "$(ls /run/gaol/ids | wc -l)" = 3 ] &&
	gaol destroy -f c
'
test_expect 'restart stops it and starts it again' '
	lose && old=$(gaol get jid web) && gaol restart web &&
	[ "$(gaol get jid web)" != "$old" ] && gaol exec web true
'
test_expect 'destroy refuses it as one that runs, and with -f destroys it' '
	gaol create -n c -r tiny && gaol start c && lose &&
	fails 1 "jail .c. is running; stop it first" gaol destroy c </dev/null &&
	lose && gaol destroy -f c && ! gaol list -H | grep -q "	c	"
'
test_expect 'start starts it again once it has ended' '
	lose && kill -9 "$(gaol get jid web)" &&
	eventually test "$(gaol get state web)" = down; gaol start web &&
	gaol exec web true && gaol stop ALL && nothing_left
'
test_expect 'the whole of /run unmounted and mounted anew' '
	lost_start && umount /run && mount -t tmpfs none /run &&
	gaol list | diff "$TMP/list" - && gaol stop ALL &&
	eventually no_jail_is_left
'
test_done
