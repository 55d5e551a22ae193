#!/bin/bash
# What the table of properties calls enforced is seen from inside a jail, each
# with the value and without.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool"
gaol create -n p -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null
root=/tank/iocage/jails/p/root

# with PROPERTY=VALUE... -- WORD...: what the command prints in a jail that is
# set so; the properties are at their defaults again afterwards.
with() {
	local set=() back=() p rc
	while [ "$1" != -- ]; do
		p=${1%%=*}
		set+=("$1")
		back+=("$p=$(gaol get "$p" default)")
		shift
	done
	shift
	[ ${#set[@]} = 0 ] || gaol set "${set[@]}" p >/dev/null || return 1
	gaol start p >"$TMP/start" 2>&1 || { cat "$TMP/start"; return 1; }
	gaol exec p "$@"
	rc=$?
	gaol stop p >/dev/null
	[ ${#back[@]} = 0 ] || gaol set "${back[@]}" p >/dev/null
	return $rc
}

# is WANT CMD...: CMD prints WANT.
is() {
	local want=$1 got
	shift
	got=$("$@" 2>&1)
	[ "$got" = "$want" ] || { echo "got '$got', want '$want'"; return 1; }
}

test_expect 'host_hostname' '
	is p with -- hostname && is mail.example with host_hostname=mail.example \
	    -- hostname && gaol set host_hostname=p p
'
test_expect 'host_domainname' '
	is "(none)" with -- cat /proc/sys/kernel/domainname &&
	is nis.example with host_domainname=nis.example \
	    -- cat /proc/sys/kernel/domainname
'
test_expect 'allow_raw_sockets' '
	! with -- ping -c1 -W2 192.168.0.1 &&
	with allow_raw_sockets=1 -- ping -c1 -W2 192.168.0.1
'
test_expect 'allow_mlock' '
	is 0 with -- "ulimit -l" &&
	! is 0 with allow_mlock=1 -- "ulimit -l"
'
test_expect 'memoryuse: more than allowed is killed' '
	with -- "head -c 60m /dev/zero | tail -c 60m >/dev/null" &&
	! with memoryuse=deny=32M -- "head -c 60m /dev/zero | tail -c 60m >/dev/null"
'
many='for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait'
test_expect 'maxproc and nthr: more than allowed do not start' '
	with -- "$many" && ! with maxproc=deny=8 -- "$many" &&
	! with nthr=deny=8 -- "$many" && ! with nthr=deny=8 maxproc=deny=99 -- "$many"
'
test_expect 'pcpu: a loop gets its share' '
	loop="i=0; while [ \$i -lt 300000 ]; do i=\$((i+1)); done; times"
	with -- "$loop" && with pcpu=deny=20 \
	    -- "cat /proc/self/cgroup >/dev/null; $loop" >/dev/null &&
	gaol set pcpu=deny=20 p && gaol start p >/dev/null 2>&1
	group=$(find /sys/fs/cgroup -path "*gaol/p" -type d |
	    while read -r d; do ls "$d"/cpu.cfs_quota_us "$d"/cpu.max; done 2>/dev/null |
	    head -1)
	[ -n "$group" ] && grep -Eq "^20000( 100000)?$" "$group"
	got=$?
	cat "$group"
	gaol stop p && gaol set pcpu=off p
	[ $got = 0 ]
'
test_expect 'exec_timeout: a start that takes longer fails' '
	gaol set exec_start="sleep 20" exec_timeout=1 p &&
	fails 1 "exec_timeout" gaol start p && is down gaol get state p &&
	gaol set exec_start="/bin/sh /etc/rc" exec_timeout=60 p
'
test_expect 'stop_timeout: what ignores TERM is killed after it' '
	gaol set stop_timeout=1 p && gaol start p &&
	gaol exec p "trap : TERM; (while :; do sleep 1; done) >/dev/null 2>&1 &" &&
	start=$(date +%s) && gaol stop p && [ $(($(date +%s) - start)) -lt 20 ] &&
	gaol set stop_timeout=30 p
'
test_expect 'exec_clean: the environment of exec_start' '
	export SEEN_OUTSIDE=yes
	gaol set exec_start="/bin/sh -c \"env >/tmp/env\"" p &&
	gaol start p && gaol stop p && ! grep SEEN_OUTSIDE $root/tmp/env &&
	gaol set exec_clean=0 p && gaol start p && gaol stop p &&
	grep -q SEEN_OUTSIDE=yes $root/tmp/env &&
	gaol set exec_clean=1 exec_start="/bin/sh /etc/rc" p
'
test_expect 'exec_stop runs inside' '
	gaol set exec_stop="touch /tmp/stopped" p && gaol start p && gaol stop p &&
	test -e $root/tmp/stopped && rm $root/tmp/stopped && gaol start p &&
	gaol stop -f p && ! test -e $root/tmp/stopped &&
	gaol set exec_stop="/bin/sh /etc/rc.shutdown" p
'
test_expect 'resolver: as the host, lines, a file, or left alone' '
	echo "nameserver 192.0.2.53" >/etc/resolv.conf &&
	is "nameserver 192.0.2.53" with -- cat /etc/resolv.conf &&
	is "nameserver 192.0.2.1
search example.org" with resolver="nameserver 192.0.2.1;search example.org" \
	    -- cat /etc/resolv.conf &&
	echo "nameserver 192.0.2.7" >/etc/resolv.jails &&
	is "nameserver 192.0.2.7" with resolver=/etc/resolv.jails \
	    -- cat /etc/resolv.conf &&
	echo "# mine" >$root/etc/resolv.conf &&
	is "# mine" with resolver=/dev/null -- cat /etc/resolv.conf
'
test_expect 'host_time: the zone of the host' '
	echo zone-one >/etc/localtime.new && mv /etc/localtime.new /etc/localtime &&
	is zone-one with -- cat /etc/localtime &&
	echo zone-two >/etc/localtime &&
	is zone-one with host_time=0 -- cat /etc/localtime
'
test_expect 'localhost=jail: 127.0.0.1 is the address of the jail' '
	try() {
		gaol start p >/dev/null 2>&1 &&
		gaol exec p "busybox httpd -p 127.0.0.1:8000 -h /etc" &&
		timeout 5 bash -c "exec 3<>/dev/tcp/192.168.0.2/8000 &&
		    printf \"GET /passwd HTTP/1.0\\r\\n\\r\\n\" >&3 && cat <&3" |
		    grep -q ^root:
		got=$?
		gaol stop -f p >/dev/null
		return $got
	}
	! try && gaol set localhost=jail p && try && gaol set localhost=private p
'
test_expect 'login_flags: who console logs in' '
	gaol start p && is "uid=33(www) gid=33 groups=33" \
	    bash -c "gaol set login_flags=\"-f www\" p >/dev/null 2>&1
	    echo id | timeout 20 gaol console p" && gaol stop p &&
	gaol set login_flags="-f root" p
'
test_expect 'what is accepted says so at start, what is at its default does not' '
	gaol set plugin_name=x p && gaol start p 2>"$TMP/err" && gaol stop p &&
	grep -q "warning: property .plugin_name. is .x. without effect" "$TMP/err" &&
	[ $(grep -c "without effect" "$TMP/err") = 1 ] &&
	gaol set plugin_name=none p && gaol start p 2>"$TMP/err" && gaol stop p &&
	! grep "without effect" "$TMP/err"
'

test_done
