#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# gaol check --repair: each thing that a killed command, a dead jail or an
# emptied /run can leave is found by `gaol check`, which changes nothing, and
# mended by --repair, which says so; then nothing is found and nothing is left.
# What a living command is at work on is left alone.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool"
echo 1 >/proc/sys/net/ipv4/ip_forward
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null
gaol create -n other -r tiny >/dev/null
gaol start web other >/dev/null && gaol stop web other >/dev/null
echo 'pass all' >"$TMP/pf.conf"
command -v jq >/dev/null || skip_all "jq is needed"
pfctl -f "$TMP/pf.conf" || skip_all "pfctl cannot load"
gaol activate tank >/dev/null
if GAOL_FAULT=create:clone gaol create -e -n x >/dev/null 2>&1; then
	skip_all "built without GAOL_FAULTS"
fi
remember

killed() {
	local fault=$1
	shift
	GAOL_FAULT=$fault:kill "$@" >/dev/null 2>&1
	[ $? = 137 ]
}
old_file() {
	echo "half of it" >"$1" && touch -d '1 minute ago' "$1"
}
# found CODE TEXT: check finds it, and changes nothing by that. What was killed
# goes at the kernel's own pace: links, mounts, a helper that waits for them.
found() {
	eventually at_rest
	eventually found_now "$@"
}
found_now() {
	system_state >"$TMP/found-before"
	gaol check >"$TMP/found"
	[ $? = 1 ] && tr '\n' ' ' <"$TMP/found" | grep -qE -- "$2" &&
	leftovers | grep -qx "$1" || {
		cat "$TMP/found"
		return 1
	}
	system_state | diff "$TMP/found-before" -
}
# --repair shows each that was found as mended, and then it is.
mended() {
	leftovers | sort >"$TMP/codes"
	no_leftovers --repair && jq -r '.findings[] | select(.mended) | .code' \
	    "$TMP/check.json" | sort | diff "$TMP/codes" - && no_leftovers && unchanged
}

test_expect 'nothing is found where nothing is left' '
	no_leftovers && no_leftovers --repair && unchanged
'
test_expect 'a start that was killed' '
	killed start:network gaol start web &&
	eventually eval "! pgrep -x gaol-init && ! ip link show jail-web" &&
	found partial-jail \
	    "jail web: warning: a start or stop of it was killed" &&
	mended
'
test_expect 'a jail whose first process ended' '
	gaol start web && kill -9 "$(gaol get jid web)" &&
	eventually eval "! pgrep -x gaol-init && ! ip link show jail-web" &&
	found dead-jail "jail web: warning: its first process ended" && mended
'
test_expect 'a jail that runs and is not known in /run any more' '
	gaol start web && rm /run/gaol/jails/web &&
	found lost-jail "jail web: warning: it runs, but what /run/gaol had" &&
	gaol check --repair | grep -q "lost (mended)" &&
	no_leftovers &&
	gaol exec web true && gaol stop web && unchanged
'
test_expect 'a claim of user ids' '
	ln -s nobody /run/gaol/ids/1900000000 &&
	found left-ids "the user ids from 1900000000 on are claimed for it" &&
	mended
'
group() {
	local mp
	for mp in $cgroup_mounts; do
		[ ! -e "$mp/cgroup.controllers" ] || echo "$mp/gaol/gone"
	done
}
test_expect 'a control group' '
	mkdir -p "$(group)" &&
	found left-cgroup "jail gone: warning: its control group is there" &&
	mended
'
test_expect 'one with processes is told, not ended' '
	mkdir -p "$(group)" && { sleep 100 & pid=$!; } &&
	echo $pid >"$(group)/cgroup.procs" &&
	! gaol check --repair >"$TMP/out" && kill -0 $pid &&
	leftovers --repair | grep -qx left-cgroup &&
	grep -q "control group holds processes" "$TMP/out" &&
	kill $pid && ! wait $pid && mended
'
same_net() {
	[ "$(readlink "/proc/$1/ns/net")" = "$(readlink "/proc/$2/ns/net")" ]
}
test_expect 'a link, with its address' '
	gaol start web && pid=$(gaol get jid web) &&
	{ nsenter --net=/proc/$pid/ns/net sleep 100 & holder=$!; } &&
	eventually same_net $holder $pid && kill -9 $pid &&
	eventually eval "! kill -0 $pid" && rm /run/gaol/jails/web &&
	found left-link "jail web: warning: its link jail-web is there" &&
	no_leftovers --repair && ! ip link show jail-web && kill $holder &&
	! wait $holder && mended
'
test_expect 'the guard, under a jail that runs' '
	gaol start web && nft delete table inet gaol_guard &&
	found no-guard "the guard is gone while jails run" &&
	no_leftovers --repair && nft list table inet gaol_guard | grep -q fib &&
	no_leftovers && gaol stop web
'
remember # nft lists tables by age
test_expect 'a jail that was being made' '
	killed create:config gaol create -n x -r tiny &&
	found left-tree "pool tank: warning: /tank/.gaol/making/x" && mended
'
test_expect 'one that was being removed' '
	gaol create -n x -r tiny && mv /tank/jails/x /tank/.gaol/trash/x.1 &&
	found left-tree "pool tank: warning: /tank/.gaol/trash/x.1 was being removed" &&
	mended
'
test_expect 'a pool that is half made' '
	killed pool-create:mount gaol pool create pond --dir "$TMP/pond" &&
	found half-made-pool "pool pond: error: it is half made" &&
	no_leftovers --repair && rmdir "$TMP/pond" && gaol activate tank && mended
'
test_expect 'files that were being replaced' '
	old_file /tank/jails/web/config.json.new && old_file /etc/rc.conf.new &&
	old_file /var/lib/gaol/pools.json.new &&
	old_file /tank/iocage/defaults.json.new &&
	found left-file "/etc/rc.conf.new beside it is of a command that was killed" &&
	[ "$(grep -c beside "$TMP/found")" = 4 ] && mended
'
test_expect 'rules that were never loaded' '
	killed pf-load:keep pfctl -f "$TMP/pf.conf" &&
	found left-by-pfctl "the text of rules is kept that are not loaded" &&
	mended
'
acct=/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal
test_expect 'kernel settings of pf, which is disabled' '
	dir=$(echo /run/gaol/pf/*/) && was=$(cat $acct) && echo 1 >$acct &&
	echo "net/netfilter/nf_conntrack_tcp_be_liberal $was" >"$dir/sysctl" &&
	found left-by-pfctl "settings that rules needed are set" &&
	no_leftovers --repair && [ "$(cat $acct)" = "$was" ] && unchanged
'
test_expect 'pfctl -d gives them back as well' '
	echo 1 >$acct &&
	echo "net/netfilter/nf_conntrack_tcp_be_liberal $was" >"$dir/sysctl" &&
	fails 1 "pf not enabled" pfctl -d && [ "$(cat $acct)" = "$was" ] && unchanged
'
test_expect 'all of it at once' '
	killed start:cgroup gaol start web && ln -s nobody /run/gaol/ids/1900000000 &&
	gaol start other && rm /run/gaol/jails/other &&
	killed create:config gaol create -n x -r tiny &&
	killed pf-load:keep pfctl -f "$TMP/pf.conf" &&
	gaol check >"$TMP/out"; [ $(grep -c warning: "$TMP/out") -ge 5 ] &&
	eventually no_leftovers --repair && no_leftovers &&
	gaol stop other && unchanged
'

# ---- what lives is left alone

test_expect 'not a start that is at work' '
	gaol set exec_start="sleep 30" web >/dev/null && cp /run/gaol/ids/* "$TMP" 2>/dev/null
	gaol start web >/dev/null 2>&1 & pid=$!
	eventually pgrep -fx "sleep 30" >/dev/null &&
	no_leftovers --repair &&
	pgrep -fx "sleep 30" >/dev/null
	got=$?; kill $pid; wait $pid; gaol set exec_start="/bin/sh /etc/rc" web >/dev/null
	[ $got = 0 ]
'
test_expect 'nor a tree that is locked' '
	mkdir /tank/.gaol/making/busy.1 && flock /tank/.gaol/making/busy.1 \
	    gaol check --repair
	[ -d /tank/.gaol/making/busy.1 ] && no_leftovers --repair &&
	[ ! -d /tank/.gaol/making/busy.1 ]
'
test_expect 'nor a file that was written just now' '
	echo >/tank/jails/web/config.json.new &&
	no_leftovers --repair &&
	rm /tank/jails/web/config.json.new
'
test_done
