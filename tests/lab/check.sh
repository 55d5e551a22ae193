#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# gaol check on a whole host: what is right gives no finding, and each fault,
# made by hand, is the only one that is found.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/host.sh"

cat >/etc/rc.conf <<'END'
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
gateway_enable="YES"
pf_enable="YES"
END
write_rules() {
	cat >/etc/pf.conf <<'END'
ext_if = "em0"
nat on $ext_if from lo1:network to any -> ($ext_if)
rdr on $ext_if inet proto tcp to ($ext_if) port 8080 -> 192.168.0.2
block all
pass in on $ext_if proto tcp to ($ext_if) port ssh
pass in on $ext_if inet proto tcp to 192.168.0.2 port 8080
pass out
pass on lo0
pass on lo1
END
	pfctl -f /etc/pf.conf && { pfctl -e || true; }
}
# Does something listen on port 8080 there (the pid of a process)?
listens() {
	grep -qi ':1F90 .* 0A ' "/proc/$1/net/tcp" "/proc/$1/net/tcp6"
}
silent() {
	! listens "$1"
}

prepare() {
	gaol net up &&
	gaol pool create iocage "$(readlink -f /dev/disk/by-partlabel/iocage)" &&
	gaol activate iocage && release tiny &&
	gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' &&
	gaol start web && write_rules &&
	listen
}
# Something listens in the jail.
listen() {
	gaol exec web /bin/nc -ll -p 8080 -e /bin/true </dev/null >/dev/null 2>&1 &
	nc_pid=$!
	eventually listens "$(gaol get jid web)"
}
test_expect 'a host with a jail' 'prepare'
tell() {
	gaol check >"$TMP/check"
	rc=$?
	cat "$TMP/check"
}
# found CODE..: exactly these are found, in any order.
found() {
	gaol check --json >"$TMP/json"
	rc=$?
	cat "$TMP/json"
	[ $rc = 1 ] && diff <(printf '%s\n' "$@" | sort) \
	    <(sed -n 's/^ *"code": "\(.*\)",$/\1/p' "$TMP/json" | sort)
}
clean() {
	tell
	[ $rc = 0 ] && [ "$(cat "$TMP/check")" = 'nothing found' ]
}
test_expect 'nothing is found on it' clean

test_expect 'forwarding turned off' '
	sysctl -qw net.ipv4.ip_forward=0 && found forwarding-off'
sysctl -qw net.ipv4.ip_forward=1
test_expect 'pf disabled' 'pfctl -d && found pf-not-running'
pfctl -e >/dev/null 2>&1
test_expect 'the rules flushed by another program' '
	nft delete table inet pf && found pf-not-running left-by-pfctl'
test_expect 'loaded again, all is well' 'write_rules && clean'
test_expect 'the file changed, and not loaded' '
	echo "pass in on em0 proto tcp to (em0) port 2222" >>/etc/pf.conf &&
	found rules-differ'
write_rules >/dev/null 2>&1
test_expect 'a file that does not load' '
	echo "pass in from" >>/etc/pf.conf && tell && [ $rc = 1 ] &&
	grep -q "^/etc/pf.conf: error: the rules do not load" "$TMP/check" &&
	grep -q "/etc/pf.conf:10: syntax error" "$TMP/check"'
write_rules >/dev/null 2>&1
test_expect 'an rdr to an address nobody has' '
	sed -i "s/-> 192.168.0.2$/-> 192.168.0.44/" /etc/pf.conf && pfctl -f /etc/pf.conf &&
	found rdr-to-nobody && grep -q "\"line\": 3" "$TMP/json"'
write_rules >/dev/null 2>&1
test_expect 'a chain of another program that drops' '
	nft "add table ip other; add chain ip other forw { type filter hook forward priority 0; policy drop; }" &&
	found foreign-drops'
nft delete table ip other
test_expect 'an address of rc.conf taken away' '
	ip addr del 192.168.0.1/24 dev lo1 && gaol check --json >"$TMP/json"; cat "$TMP/json";
	grep -q "\"code\": \"address-missing\"" "$TMP/json"'
gaol net up >/dev/null
test_expect 'and with it went the route to the jail' '
	pfctl -f /etc/pf.conf && found jail-unrouted rdr-to-nobody'
test_expect 'started again, all is well' '
	kill $nc_pid; gaol restart web && listen && write_rules && clean'
test_expect 'another MTU than the way out' '
	ip link set em0 mtu 1400 && found mtu-large'
ip link set em0 mtu 1500
test_expect 'the default route gone' '
	ip route del default && found host-no-route resolver-unreachable'
ip route add default via 192.168.178.1
test_expect 'resolv.conf beside the root, as the tutorial copies it' '
	mkdir -p /iocage/iocage/jails/web/etc &&
	cp /etc/resolv.conf /iocage/iocage/jails/web/etc/ && found resolv-beside &&
	grep -q "/jails/web/etc/resolv.conf" "$TMP/json"'
rm -r /iocage/iocage/jails/web/etc
test_expect 'a name server that nobody is' '
	echo "nameserver 127.0.0.53" >/iocage/iocage/jails/web/root/etc/resolv.conf &&
	found resolver-unreachable'
cp /etc/resolv.conf /iocage/iocage/jails/web/root/etc/resolv.conf
test_expect 'resolv.conf that leads out of the root is not followed' '
	echo "nameserver 127.0.0.53" >/root/secret &&
	ln -sf ../../../../../../../../root/secret /iocage/iocage/jails/web/root/etc/resolv.conf &&
	found resolver-none'
rm /iocage/iocage/jails/web/root/etc/resolv.conf
cp /etc/resolv.conf /iocage/iocage/jails/web/root/etc/resolv.conf
test_expect 'a fifo there does not hold it up' '
	rm /iocage/iocage/jails/web/root/etc/resolv.conf &&
	mkfifo /iocage/iocage/jails/web/root/etc/resolv.conf &&
	timeout 10 gaol check; [ $? != 124 ]'
rm /iocage/iocage/jails/web/root/etc/resolv.conf
cp /etc/resolv.conf /iocage/iocage/jails/web/root/etc/resolv.conf
# Past the verbs, which refuse it.
place() {
	local config=/iocage/iocage/jails/$1/config.json
	gaol create -n "$1" -r tiny && sed -i '/"ip4_addr"/d' "$config" &&
	sed -i "0,/{/s//{ \"ip4_addr\": \"lo1|$2\",/" "$config"
}
test_expect 'two jails with one address; one outside the network' '
	place twin 192.168.0.2 && place far 10.9.9.9 &&
	found address-twice address-outside'
gaol destroy -f twin >/dev/null
gaol destroy -f far >/dev/null
test_expect 'boot=on, and nobody starts it' '
	gaol set boot=on web && found jail-not-at-boot'
gaol set boot=off web >/dev/null
test_expect 'a service of the host that the rdr hides' '
	{ busybox nc -l -p 8080 </dev/null >/dev/null 2>&1 & } ; nc=$!
	eventually listens $$ &&
	found service-hidden; rc=$?; kill $nc; [ $rc = 0 ]'
test_expect 'nobody listens in the jail' '
	pids=$(pgrep -f "nc -ll -p 8080") && kill $pids &&
	eventually silent "$(gaol get jid web)" &&
	found port-silent'
test_expect 'rc.conf that cannot be used' '
	cp /etc/rc.conf "$TMP/rc.conf" && echo "x=\$(date)" >>/etc/rc.conf &&
	tell && [ $rc = 1 ] &&
	grep -q "^/etc/rc.conf: error: it cannot be used: /etc/rc.conf:5:" "$TMP/check" &&
	! grep "not looked at" "$TMP/check"'
cp "$TMP/rc.conf" /etc/rc.conf
test_expect 'not by anyone' '
	fails 2 "become root" setpriv --reuid 65534 --clear-groups gaol check'
gaol stop ALL >/dev/null 2>&1
kill $nc_pid 2>/dev/null
test_done
