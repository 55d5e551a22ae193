#!/bin/bash
# gaol net, sysrc, service and boot on a host of our own: /etc/rc.conf in,
# interfaces out. (Jails' networks: tests/unit/net-jail.c.)
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
mount -t tmpfs none /run && mount -t tmpfs none /mnt
mkdir /mnt/up /mnt/work &&
mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc ||
    skip_all "no overlay file system here"
mkdir -p /var/lib/gaol && mount -t tmpfs none /var/lib/gaol
rm -f /etc/init.d/pf /etc/init.d/iocage /etc/rc.conf /etc/rc.conf.local
ip link set lo up
ip link add em0 type veth peer name w0
ip link set em0 up
ip link set w0 up
ip addr add 192.168.178.40/24 broadcast 192.168.178.255 dev em0

rc() {
	cat >/etc/rc.conf
}
tutorial() {
	rc <<-'END'
	cloned_interfaces="lo1"
	ipv4_addrs_lo1="192.168.0.1/24"
	ifconfig_lo1_ipv6="inet6 fd00::1/126"
	gateway_enable="YES"
	END
}
network() {
	ip -o link show up | sed 's/^[0-9]*: //; s/@.*//; s/:.*//' | sort
	ip -o addr | awk '{ print $2, $4 }' | grep -v fe80
	cat /proc/sys/net/ipv4/ip_forward
}
# refused TEXT PATTERN: `net up` says no to this rc.conf and does nothing.
refused() {
	network >"$TMP/before"
	printf '%s' "$1" >/etc/rc.conf
	fails 1 "^gaol: $2\$" gaol net up &&
	network | diff "$TMP/before" - &&
	fails 1 "^gaol: $2\$" gaol net up --plan
}

# ---- net up

tutorial
test_expect 'the plan of the tutorial' '
	gaol net up --plan >"$TMP/plan" && cat "$TMP/plan" &&
	diff - "$TMP/plan" <<-END
	lo1: create
	lo1: set up
	lo1: add fd00::1/126
	lo1: add 192.168.0.1/24
	set /proc/sys/net/ipv4/ip_forward to 1
	END'
test_expect 'a plan does nothing' '! ip link show lo1'
test_expect 'net up does as planned' '
	gaol net up | diff "$TMP/plan" - &&
	ip -o addr show dev lo1 | grep -q "inet 192.168.0.1/24 " &&
	! ip -o addr show dev lo1 | grep -q tentative &&
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]'
test_expect 'a second time there is nothing to do' '
	[ -z "$(gaol net up)" ]'
test_expect 'the rest is done if a part is there' '
	ip addr del 192.168.0.1/24 dev lo1 &&
	[ "$(gaol net up)" = "lo1: add 192.168.0.1/24" ]'
test_expect 'rc.conf.local wins; what rc.conf no longer has goes' '
	echo "ipv4_addrs_lo1=10.0.0.1/8" >/etc/rc.conf.local &&
	gaol net up | diff - <(echo "lo1: remove 192.168.0.1/24
lo1: add 10.0.0.1/8") &&
	rm /etc/rc.conf.local && gaol net up | diff - <(echo "lo1: remove 10.0.0.1/8
lo1: add 192.168.0.1/24") && [ -z "$(gaol net up)" ]'
test_expect 'no rc.conf, nothing to do' '
	rm /etc/rc.conf && [ -z "$(gaol net up)" ]'
test_expect 'DHCP is left to the host, and said' '
	tutorial && gaol net up && network >"$TMP/before" &&
	echo "ifconfig_em0=DHCP" >>/etc/rc.conf &&
	gaol net up 2>"$TMP/err" && network | diff "$TMP/before" - &&
	grep -q "/etc/rc.conf:5: ifconfig_em0=\"DHCP\" is left to the host" \
	    "$TMP/err"'

# ---- addresses that rc.conf no longer has

addrs() { # IF
	ip -o addr show dev "$1" | awk '{ print $4 }' | grep -v fe80 | xargs
}
aliases() { # a line for each
	{
		echo 'cloned_interfaces="lo1"'
		printf '%s\n' 'ipv4_addrs_lo1="192.168.0.1/24"' \
		    'ifconfig_lo1_ipv6="inet6 fd00::1/126"' "$@"
	} >/etc/rc.conf
}
test_expect 'an alias that was removed from rc.conf is removed' '
	aliases "ipv4_addrs_em0=\"192.168.178.60/24 10.9.0.1/24\"" \
	    "ipv6_addrs_em0=2001:db8:9::1/64" && gaol net up &&
	aliases "ipv4_addrs_em0=10.9.0.1/24" && gaol net up --plan >"$TMP/plan" &&
	diff - "$TMP/plan" <<-END &&
	em0: remove 192.168.178.60/24
	em0: remove 2001:db8:9::1/64
	END
	[ "$(addrs em0)" = "192.168.178.40/24 10.9.0.1/24 192.168.178.60/24 \
2001:db8:9::1/64" ] && gaol net up | diff "$TMP/plan" - &&
	[ "$(addrs em0)" = "192.168.178.40/24 10.9.0.1/24" ] &&
	[ -z "$(gaol net up)" ]'
test_expect 'never one of the administrator, whether rc.conf had it or not' '
	ip addr add 10.9.0.2/32 dev em0 && ip addr add 10.9.0.3/32 dev em0 &&
	aliases "ipv4_addrs_em0=\"10.9.0.1/24 10.9.0.2/32\"" &&
	[ -z "$(gaol net up)" ] && aliases && gaol net up &&
	[ "$(addrs em0)" = "192.168.178.40/24 10.9.0.2/32 10.9.0.3/32" ]'
test_expect 'nor one that the administrator made anew' '
	aliases "ipv4_addrs_em0=10.9.0.4/32" && gaol net up &&
	ip addr del 10.9.0.4/32 dev em0 && ip addr add 10.9.0.4/32 dev em0 &&
	aliases && [ -z "$(gaol net up)" ] && addrs em0 | grep -q 10.9.0.4/32 &&
	ip addr del 10.9.0.2/32 dev em0 && ip addr del 10.9.0.3/32 dev em0 &&
	ip addr del 10.9.0.4/32 dev em0'
test_expect 'nor those that the kernel would take along, nor their routes' '
	aliases "ipv4_addrs_em0=10.9.0.1/24" && gaol net up &&
	ip addr add 10.9.0.7/24 dev em0 && ip route add 10.10.0.0/16 via 10.9.0.254 &&
	aliases && gaol net up | diff - <(echo "set \
/proc/sys/net/ipv4/conf/em0/promote_secondaries to 1
em0: remove 10.9.0.1/24") &&
	[ "$(addrs em0)" = "192.168.178.40/24 10.9.0.7/24" ] &&
	ip route | grep -q "10.10.0.0/16 via 10.9.0.254" &&
	ip addr del 10.9.0.7/24 dev em0 &&
	echo 0 >/proc/sys/net/ipv4/conf/em0/promote_secondaries'
test_expect 'an address that moves to another interface' '
	aliases "cloned_interfaces=\"lo1 lo2\"" "ipv4_addrs_lo2=10.8.0.1/24" &&
	gaol net up && aliases "cloned_interfaces=\"lo1 lo2\"" \
	    "ipv4_addrs_lo1=\"192.168.0.1/24 10.8.0.1/24\"" && gaol net up &&
	[ -z "$(addrs lo2)" ] && addrs lo1 | grep -q 10.8.0.1/24 &&
	aliases && [ "$(gaol net up)" = "lo1: remove 10.8.0.1/24" ] &&
	ip link del lo2'
test_expect 'before the network, only from cloned interfaces' '
	aliases "ipv4_addrs_em0=10.9.0.1/24" \
	    "ipv4_addrs_lo1=\"192.168.0.1/24 10.8.0.1/24\"" && gaol net up &&
	aliases && gaol boot --stage early && ! addrs lo1 | grep -q 10.8.0.1 &&
	addrs em0 | grep -q 10.9.0.1 && gaol boot --stage network &&
	! addrs em0 | grep -q 10.9.0.1'
test_expect 'without anything in rc.conf, nothing is removed' '
	echo "# empty" >/etc/rc.conf && [ -z "$(gaol net up)" ] && rm /etc/rc.conf &&
	[ -z "$(gaol net up)" ] && addrs lo1 | grep -q 192.168.0.1/24'

# ---- hostile and broken rc.conf

marker=$TMP/ran
test_expect 'a command is refused, not run' "
	refused 'cloned_interfaces=lo2
touch $marker
' '/etc/rc.conf:2: .touch. is a command, .*never run' && [ ! -e $marker ]"
test_expect 'nor a substitution' "
	refused 'cloned_interfaces=\"\$(touch $marker)\"
' '/etc/rc.conf:1: .*would have to be run: write the value itself' &&
	[ ! -e $marker ]"
test_expect 'an open quote' '
	refused "cloned_interfaces=\"lo2
gateway_enable=YES
" "/etc/rc.conf:1: the quote .* that opens here is never closed"'
test_expect 'a bad address' '
	refused "cloned_interfaces=lo2
ipv4_addrs_lo2=192.168.0.300/24
" "/etc/rc.conf:2: ipv4_addrs_lo2: .192.168.0.300/24. is not an IPv4 address"'
test_expect 'an interface that is not there' '
	refused "cloned_interfaces=lo2
ipv4_addrs_em7=10.0.0.1/24
" "/etc/rc.conf:2: there is no interface .em7."'
test_expect 'an address that another interface has' '
	ip addr del 192.168.0.1/24 dev lo1 && ip addr add 192.168.0.1/24 dev lo1 &&
	refused "ipv4_addrs_em0=192.168.0.1/24
" "/etc/rc.conf:1: 192.168.0.1/24 is on lo1 with the length 24 already; .*"'
test_expect 'neither yes nor no' '
	refused "gateway_enable=maybe
" "/etc/rc.conf:1: gateway_enable: .maybe. is neither YES nor NO"'
test_expect 'a directory instead of a file' '
	rm /etc/rc.conf && mkdir /etc/rc.conf &&
	fails 1 "/etc/rc.conf: Is a directory" gaol net up && rmdir /etc/rc.conf'

# ---- net show

tutorial
test_expect 'net show lo1' '
	gaol net show lo1 >"$TMP/show" && cat "$TMP/show" &&
	sed "s/flags=[0-9a-f]*/flags=N/; s/ (dummy)/ (bridge)/;
	    s/RUNNING,NOARP/RUNNING,MULTICAST/" "$TMP/show" |
	tr "\t" "|" | diff - <(cat <<-END
	lo1: flags=N<UP,BROADCAST,RUNNING,MULTICAST> mtu 1500
	|cloned loopback (bridge)
	|inet 192.168.0.1 netmask 0xffffff00
	|inet6 fd00::1 prefixlen 126
	|network 192.168.0.0/24
	|    netmask    255.255.255.0
	|    first      192.168.0.1
	|    last       192.168.0.254
	|    broadcast  192.168.0.255
	|    capacity   254 addresses, 1 held, 253 free
	|    held       192.168.0.1 host
	|network fd00::/126
	|    first      fd00::1
	|    last       fd00::3
	|    capacity   3 addresses, 1 held, 2 free
	|    held       fd00::1 host
	END
	)'
test_expect 'net show names all interfaces' '
	gaol net show | grep "^[a-z]" | cut -d: -f1 | sort | xargs |
	grep -q "em0 lo0 lo1 .*w0\|em0.* lo0 lo1.* w0"'
test_expect 'lo0 and lo are one' '
	gaol net show lo | diff - <(gaol net show lo0) &&
	gaol net show lo0 | grep -q "^lo0: flags=.*LOOPBACK"'
test_expect '-H has a line for each address' '
	gaol net show -H lo1 | diff - <(
	    printf "lo1\t192.168.0.1\t24\t-\nlo1\tfd00::1\t126\t-\n")'
test_expect '--json is JSON' '
	gaol net show --json em0 | jq -e "
	    .schema == \"gaol.net\" and .version == 1 and
	    .interfaces[0].networks[0].first == \"192.168.178.1\" and
	    .interfaces[0].networks[0].capacity == 254 and
	    .interfaces[0].addresses[0].broadcast == \"192.168.178.255\""'
test_expect 'an interface that is not there has nothing to show' '
	fails 1 "^gaol: there is no interface .em9.; .gaol net show. lists them" \
	    gaol net show em9'

# ---- sysrc

test_expect 'sysrc changes a value in place' '
	gaol sysrc gateway_enable=NO | grep -qx "gateway_enable: YES -> NO" &&
	diff /etc/rc.conf - <<-END
	cloned_interfaces="lo1"
	ipv4_addrs_lo1="192.168.0.1/24"
	ifconfig_lo1_ipv6="inet6 fd00::1/126"
	gateway_enable="NO"
	END'
test_expect 'sysrc adds, reads and removes' '
	gaol sysrc "foo=a \"b\" \$c" && [ "$(gaol sysrc -n foo)" = "a \"b\" \$c" ] &&
	gaol sysrc foo | grep -qxF "foo: a \"b\" \$c" &&
	gaol sysrc -x foo && fails 1 "unknown variable .foo." gaol sysrc foo'
test_expect 'sysrc knows the defaults' '
	[ "$(gaol sysrc -n pf_rules)" = /etc/pf.conf ]'
test_expect 'sysrc does not touch what it cannot read' '
	echo "\`id\`" >/etc/rc.conf &&
	fails 1 "/etc/rc.conf:1: " gaol sysrc foo=1 &&
	[ "$(cat /etc/rc.conf)" = "\`id\`" ]'
test_expect 'sysrc --plan writes nothing' '
	tutorial && cp /etc/rc.conf "$TMP/rc" && gaol sysrc --plan foo=1 &&
	cmp /etc/rc.conf "$TMP/rc"'
test_expect 'the mode of rc.conf stays' '
	chmod 600 /etc/rc.conf && gaol sysrc foo=1 &&
	[ "$(stat -c %a /etc/rc.conf)" = 600 ]'

# ---- services

tutorial
test_expect 'a service that is not enabled does not start' '
	fails 1 "Cannot .start. pf. Set pf_enable to YES in /etc/rc.conf or use .onestart. instead of .start." \
	    gaol service pf start'
test_expect 'at boot it is silent' '[ -z "$(gaol service pf faststart 2>&1)" ]'
test_expect 'service pf enable' '
	gaol service pf enabled; [ $? = 1 ] &&
	gaol service pf enable | grep -qx "pf enabled in /etc/rc.conf" &&
	grep -qx "pf_enable=\"YES\"" /etc/rc.conf && gaol service pf enabled'
test_expect 'service pf disable' '
	gaol service pf disable | grep -qx "pf disabled in /etc/rc.conf" &&
	grep -qx "pf_enable=\"NO\"" /etc/rc.conf'
test_expect 'an unknown word or service' '
	fails 2 "does not know .dance.: start, stop" gaol service pf dance &&
	fails 2 "is no service of gaol" gaol service sshd start'

# The scripts as make install lays them down.
mkdir -p /etc/init.d
for s in "$TOP"/rc/init.d/*; do
	sed "s,@SBINDIR@,$BUILD,g" "$s" >"/etc/init.d/${s##*/}"
	chmod 755 "/etc/init.d/${s##*/}"
done
# Nothing of ours may look like a machine that runs systemd, and what tells
# init is only recorded.
mkdir "$TMP/bin" && printf '#!/bin/sh\necho "$0 $*" >>%s\n' "$TMP/told" \
    >"$TMP/bin/update-rc.d" && chmod 755 "$TMP/bin/update-rc.d"
PATH=$TMP/bin:$PATH
test_expect 'Debian'"'"'s service passes the words on' '
	rm -rf /run/systemd && service pf enable &&
	grep -qx "pf_enable=\"YES\"" /etc/rc.conf &&
	sed "s/.*update-rc.d //" "$TMP/told" | xargs |
	grep -qx "gaol-early defaults gaol-network defaults pf defaults gaol-watch defaults" &&
	service iocage enable && grep -qx "iocage_enable=\"YES\"" /etc/rc.conf &&
	service iocage rcvar | grep -qx "iocage_enable=\"YES\""'
sed "s,update-rc.d,systemctl," "$TMP/bin/update-rc.d" >"$TMP/bin/systemctl" &&
    chmod 755 "$TMP/bin/systemctl"
test_expect 'systemd is told of all units in one call' '
	rm "$TMP/told" && mkdir -p /run/systemd/system &&
	gaol service iocage enable; rmdir /run/systemd/system
	sed "s,.*/systemctl,systemctl," "$TMP/told" | tee "$TMP/calls" &&
	[ "$(cat "$TMP/calls")" = \
	    "systemctl -q enable gaol-early gaol-network iocage gaol-watch" ]'
test_expect 'init is silent about what is not enabled' '
	gaol service pf disable && gaol service iocage disable &&
	[ -z "$(runlevel=2 /etc/init.d/pf start 2>&1)" ] &&
	[ -z "$(runlevel=2 /etc/init.d/iocage start 2>&1)" ] &&
	fails 1 "Cannot .start. pf" /etc/init.d/pf start'
test_expect 'the scripts have a usage' '
	fails 2 "usage: " /etc/init.d/pf &&
	fails 2 "usage: " /etc/init.d/gaol-early dance'

# ---- boot

test_expect 'boot --plan says what rc.conf asks for' '
	tutorial && gaol boot --plan >"$TMP/out" && cat "$TMP/out" &&
	! grep -q "pf" "$TMP/out" && ! grep -q "start jails" "$TMP/out" &&
	gaol sysrc pf_enable=YES iocage_enable=YES &&
	[ "$(gaol boot --plan | wc -l)" = 6 ]'
test_expect 'early makes cloned interfaces and leaves the others' '
	ip link del lo1 && echo 0 >/proc/sys/net/ipv4/ip_forward && tutorial &&
	echo "ifconfig_em0_alias0=\"inet 192.168.178.41/32\"" >>/etc/rc.conf &&
	gaol boot --stage early && ip addr show dev lo1 | grep -q 192.168.0.1 &&
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] &&
	! ip addr show dev em0 | grep -q 192.168.178.41'
test_expect 'network does the rest' '
	gaol boot --stage network &&
	ip addr show dev em0 | grep -q 192.168.178.41'
test_expect 'no such stage' '
	fails 2 "is no stage: early, network, pf, jails or group" \
	    gaol boot --stage late'
test_expect 'a step that fails does not stop the others' '
	ip link del lo1 && echo "ifconfig_em5=\"inet 10.5.5.5/24\"" >>/etc/rc.conf &&
	fails 1 "1 step of the boot failed" gaol boot &&
	ip addr show dev lo1 | grep -q 192.168.0.1'
test_done
