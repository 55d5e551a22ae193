#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The page on other firewalls, as far as namespaces go: the commands on it are
# typed beside the rules that nftables.service and CrowdSec load, and beside ufw
# itself where it is installed. (All of it, with Docker, firewalld and systemd:
# the story "beside" of make check-vm.)
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../docs.sh"
command -v busybox >/dev/null || skip_all "needs busybox-static"

private_host
lo1
pool_dir tank
release tiny

world() {
	ip netns exec world "$@"
}

ip netns add world
ip link add em0 type veth peer name w0 netns world
ip addr add 192.168.178.40/24 dev em0
ip link set em0 up
world ip addr add 192.168.178.1/24 dev w0
world ip addr add 203.0.113.9/32 dev lo
world ip link set lo up
world ip link set w0 up
ip route add default via 192.168.178.1

cat >/etc/rc.conf <<'E'
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
gateway_enable="YES"
pf_enable="YES"
E
cat >/etc/pf.conf <<'E'
set skip on lo0
set skip on lo1
nat pass on em0 from lo1:network to any -> 192.168.178.40
rdr pass on em0 proto tcp from any to 192.168.178.40 port 8080 -> 192.168.0.2 port 80
block all
pass out
E
gaol net up >/dev/null
pfctl -q -f /etc/pf.conf
pfctl -q -e
gaol create -n web -r tiny 'ip4_addr=lo1|192.168.0.2' >/dev/null
gaol start web >/dev/null

# What the page's hidden lines call, as the story has it in the machine.
at_last() {
	eventually "$@"
}
iocage() {
	gaol "$@"
}
systemctl() {
	case "$*" in
	"restart nftables") nft -f /etc/nftables.conf ;;
	"start gaol-watch")
		[ -n "${watch-}" ] || {
			gaol watch >"$TMP/watch" 2>&1 &
			watch=$!
		}
		;;
	"stop gaol-watch")
		kill "$watch"
		wait "$watch"
		watch=
		return 0
		;;
	*) return 1 ;;
	esac
}
pf_is_back() {
	[ "$(pfctl -s Running)" = Enabled ] && nft list table inet gaol_guard
}

# busybox serves and connects: in the outside and in the jail. What serves in
# the jail ends with it.
ip netns exec world busybox nc -ll -p 7777 -e echo hello &
at_end "kill $!"
eventually world sh -c 'ss -Hltn "sport = :7777" | grep -q .'
jail_reaches_out() {
	[ "$(gaol exec web sh -c 'nc -w 10 203.0.113.9 7777 </dev/null')" = hello ]
}
served() {
	[ "$(world busybox nc -w 5 192.168.178.40 8080 </dev/null)" = served ]
}
jail_serves() {
	[ -n "${server-}" ] && kill -0 "$server" 2>/dev/null || {
		gaol exec web nc -ll -p 80 -e echo served &
		server=$!
	}
	eventually served
}
silent_and_through() {
	test_expect "$1: the jail reaches out and serves" \
	    'at_last pf_is_back && jail_reaches_out && jail_serves'
	test_expect "$1: gaol check is silent about it" '
		! gaol check | grep "what pf passes"'
}

silent_and_through alone
gaol exec web sh -c 'ln -s busybox /bin/grep; ln -s busybox /bin/true' 2>/dev/null

printf 'flush ruleset\n' >/etc/nftables.conf
docs_page "$TOP/docs/beside-others.md" nftables
silent_and_through nftables.service
systemctl stop gaol-watch
nft delete table inet filter

nft -f - <<'E'
table ip crowdsec {
	set crowdsec-blacklists {
		type ipv4_addr
		flags timeout
		elements = { 203.0.113.9 timeout 1h }
	}
	chain crowdsec-chain-forward {
		type filter hook forward priority filter - 10; policy accept;
		ip saddr @crowdsec-blacklists counter drop
	}
}
E
docs_page "$TOP/docs/beside-others.md" crowdsec
nft delete table ip crowdsec
gaol restart web >/dev/null
silent_and_through CrowdSec

if command -v ufw >/dev/null; then
	ufw allow 22/tcp >/dev/null
	ufw --force enable >/dev/null
	test_expect 'ufw drops what the jail sends' '! jail_reaches_out'
	docs_page "$TOP/docs/beside-others.md" ufw
	silent_and_through ufw
else
	test_skip 'ufw' 'it is not installed'
fi
test_done
