#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `gaol explain` says of a packet is what then happens to a real one:
# random rules, random flows (tests/explain/flows.py), the same ones each time.
# Others, and more of them:	TEST_SEED=$RANDOM TEST_RULESETS=100 tests/run lab/explain
# (Rules that redirect the host's own packets to itself on a loopback may come
# out otherwise: pf.conf(5), On Linux.)
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/host.sh"
seed=${TEST_SEED:-1}

cat >/etc/rc.conf <<-'END'
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
ifconfig_lo1_ipv6="inet6 fd00::1/64"
gateway_enable="YES"
ipv6_gateway_enable="YES"
END
args=()
prepare() {
	local jail
	ip addr add 2001:db8:178::40/64 dev em0 nodad &&
	ip route add default via 2001:db8:178::1 && gaol net up &&
	gaol pool create iocage "$(readlink -f /dev/disk/by-partlabel/iocage)" &&
	gaol activate iocage && release tiny || return
	for jail in mydb=2 web=3; do
		gaol create -n "${jail%=*}" -r tiny \
		    ip4_addr="lo1|192.168.0.${jail#*=}" \
		    ip6_addr="lo1|fd00::${jail#*=}" &&
		gaol start "${jail%=*}" || return
		args+=("${jail%=*}=$(gaol get jid "${jail%=*}")")
	done
	echo 'pass all' >/etc/pf.conf
	pfctl -ef /etc/pf.conf || return
	# IPv6 takes a moment until neighbours are found.
	local from
	for from in world router; do
		eventually $from ping -6 -c 1 -W 1 2001:db8:178::40 || return
	done
	eventually ping -6 -c 1 -W 1 2001:db8:113::9
}
prepare >"$TMP/prepare" 2>&1 || {
	sed 's/^/# /' "$TMP/prepare"
	echo 'not ok 1 - the host and its jails'
	echo 1..1
	exit 1
}
echo "# seed $seed"
python3 "$TOP/tests/explain/flows.py" "$seed" "${TEST_RULESETS:-12}" \
    "${TEST_FLOWS:-16}" "${args[@]}"
rc=$?
gaol stop ALL >/dev/null 2>&1
exit $rc
