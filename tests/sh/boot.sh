#!/bin/bash
# gaol boot and service pf on a host of our own, with packets from outside:
# the first boot, a reboot, a broken pf.conf, and jails that come back.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
command -v python3 >/dev/null || skip_all "python3 is needed to listen"

# ---- the outside: 192.168.178.9 on the other end of em0

unshare --net sleep infinity &
world=$!
at_end "kill $world"
eventually test "$(readlink /proc/$world/ns/net)" != "$(readlink /proc/self/ns/net)"
world() {
	nsenter --net="/proc/$world/ns/net" "$@"
}
# The cable: em0 (or $1) without an address, as after power on.
cable() {
	ip link add "${1-em0}" type veth peer name w0 netns $world &&
	ip link set "${1-em0}" addrgenmode none && ip link set "${1-em0}" up &&
	world ip link set w0 up && world ip addr add 192.168.178.9/24 dev w0
}
address() {
	ip addr add 192.168.178.40/24 dev em0
}
# Listens on these ports of every address, until the test ends.
listen() {
	python3 - "$@" <<-'END' &
	import select, socket, sys
	socks = [socket.create_server(("", int(p))) for p in sys.argv[1:]]
	while True:
	    for s in select.select(socks, [], [])[0]:
	        s.accept()[0].close()
	END
	at_end "kill $!"
	local port
	for port; do
		eventually bash -c "</dev/tcp/127.0.0.1/$port" 2>/dev/null
	done
}
outside=192.168.178.40
# open PORT, closed PORT: does the outside get a connection?
open() {
	world timeout 3 bash -c "</dev/tcp/$outside/$1"
}
closed() {
	! world timeout 0.5 bash -c "</dev/tcp/$outside/$1" 2>/dev/null
}
# What a power cut leaves: the disk.
power_off() {
	gaol stop ALL >/dev/null 2>&1
	local family
	for family in inet ip ip6; do
		nft delete table $family pf 2>/dev/null
	done
	nft delete table inet gaol_guard 2>/dev/null
	find /run -xdev -mindepth 1 -delete
	ip link del em0 && ip link del lo1
	echo 0 >/proc/sys/net/ipv4/ip_forward
}

listen 22 80 3306
cat >/etc/rc.conf <<END
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
gateway_enable="YES"
pf_enable="YES"
END
cat >/etc/pf.conf <<'END'
ext_if = "em0"
block all
pass out all
pass in on $ext_if proto tcp from any to ($ext_if) port { ssh, 3306 }
END
cable && address || skip_all "cannot make a veth pair"

# ---- the first boot

test_expect 'before the boot everything is open' 'open 22 && open 80 && open 3306'
test_expect 'early in the first boot all is closed but ssh' '
	gaol boot --stage early 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "no rules were ever loaded: closed but for ssh" "$TMP/err" &&
	open 22 && closed 80 && closed 3306'
test_expect 'ssh is where its configuration says' '
	pfctl -q -d && mkdir -p /etc/ssh/sshd_config.d &&
	printf "#Port 22\nPort 3306\n" >/etc/ssh/sshd_config &&
	echo "port=2222" >/etc/ssh/sshd_config.d/x.conf &&
	gaol boot --stage early 2>&1 && closed 22 && open 3306 &&
	pfctl -s rules | grep "port = 2222" && pfctl -q -d &&
	rm /etc/ssh/sshd_config /etc/ssh/sshd_config.d/x.conf &&
	gaol boot --stage early 2>&1 && open 22 && closed 3306'
test_expect 'these rules are not kept as the last ones' '
	! test -e /var/lib/gaol/pf/rules'
test_expect 'then the network and pf.conf' '
	gaol boot --stage network && gaol boot --stage pf &&
	ip addr show dev lo1 | grep -q 192.168.0.1/24 &&
	open 22 && closed 80 && open 3306'
test_expect 'which is kept for the next boot' '
	grep -q "port = 3306" /var/lib/gaol/pf/rules &&
	grep -q "addr em0 inet 192.168.178.40/24" /var/lib/gaol/pf/facts'
test_expect 'a whole boot on a host that runs changes nothing' '
	pfctl -s rules >"$TMP/before" && gaol boot &&
	pfctl -s rules | diff "$TMP/before" -'

# ---- a reboot

test_expect 'after a reboot the last rules hold before the address is there' '
	power_off && cable && gaol boot --stage early &&
	! ip addr show dev em0 | grep -q 192.168.178.40 && address &&
	open 22 && closed 80 && open 3306'
test_expect 'and the file when it is there' '
	sed -i s/3306/80/ /etc/pf.conf && gaol boot --stage network &&
	gaol boot --stage pf && open 80 && closed 3306'
test_expect 'a syntax error in pf.conf at boot leaves the last rules' '
	power_off && cable && address && echo "pass in al" >>/etc/pf.conf &&
	fails 1 "^/etc/pf.conf:5: syntax error" gaol boot &&
	open 22 && open 80 && closed 3306'
test_expect 'last rules that do not load leave ssh' '
	power_off && cable && address && echo nonsense >>/var/lib/gaol/pf/rules &&
	fails 1 "the last rules do not load: closed but for ssh" gaol boot &&
	open 22 && closed 80 && closed 3306'
test_expect 'a broken rc.conf leaves the last rules, too' '
	sed -i "\$d" /etc/pf.conf && pfctl -f /etc/pf.conf && power_off &&
	cable && address && echo "oops" >>/etc/rc.conf &&
	fails 1 "/etc/rc.conf:5: .oops. is a command" gaol boot &&
	open 22 && open 80 && closed 3306 && sed -i "\$d" /etc/rc.conf'
test_expect 'a name that does not resolve at boot leaves the last rules' '
	power_off && cable && address && cp /etc/pf.conf "$TMP/pf.conf" &&
	echo "pass in proto tcp from jump.example to port 3306" >>/etc/pf.conf &&
	fails 1 "no IP address found for jump.example" gaol boot &&
	open 22 && open 80 && closed 3306'
test_expect '.. and is said with what holds' '
	fails 1 "load pf.s rules: the rules of before stand: pfctl ended with 1" \
	    gaol boot --stage pf'
test_expect '.. and with no last rules ssh is all that is left' '
	power_off && cable && address && mv /var/lib/gaol/pf "$TMP/last" &&
	fails 1 "no IP address found for jump.example" gaol boot &&
	open 22 && closed 80 && closed 3306'
test_expect '.. until the name resolves' '
	echo "192.168.178.9 jump.example" >>/etc/hosts && gaol boot &&
	open 22 && open 80 && open 3306 && cp "$TMP/pf.conf" /etc/pf.conf &&
	pfctl -f /etc/pf.conf && closed 3306'
test_expect 'an interface without its address yet leaves the last rules' '
	power_off && cable && sed -i "s/(\$ext_if)/\$ext_if/" /etc/pf.conf &&
	fails 1 "no IP address found for em0" gaol boot &&
	address && open 22 && open 80 && closed 3306 && gaol boot --stage pf &&
	open 22 && open 80 && closed 3306'
test_expect 'another address at boot: the file is loaded for it' '
	power_off && cable && ip addr add 192.168.178.41/24 dev em0 && gaol boot &&
	outside=192.168.178.41 && open 22 && open 80 && closed 3306'
test_expect 'another address and a syntax error: closed but for ssh' '
	power_off && cable && address && echo "pass in al" >>/etc/pf.conf &&
	fails 1 "the rules of before were made for other addresses, so all is closed but for ssh" \
	    gaol boot && outside=192.168.178.40 && open 22 && closed 80 && closed 3306 &&
	sed -i "\$d" /etc/pf.conf && gaol boot --stage pf && open 80'
test_expect 'a vanished interface: closed but for ssh, on the one that is there' '
	power_off && cable ens3 && ip addr add 192.168.178.40/24 dev ens3 &&
	fails 1 "made for other addresses, so all is closed but for ssh" gaol boot &&
	open 22 && closed 80 && closed 3306'
test_expect '.. also if its name stands where it needs no address' '
	sed -i "s/to \$ext_if/to (\$ext_if)/" /etc/pf.conf &&
	fails 1 "/etc/pf.conf lets nobody in: no interface that it names is there .em0." \
	    gaol boot --stage pf && open 22 && closed 80 && closed 3306'
test_expect '.. until pf.conf names that' '
	sed -i s/em0/ens3/ /etc/pf.conf && gaol boot --stage pf &&
	open 22 && open 80 && closed 3306 && ip link del ens3 && cable && address &&
	sed -i s/ens3/em0/ /etc/pf.conf && gaol boot --stage pf && open 80'
test_expect 'rules that name no interface at all are not in question' '
	cp /etc/pf.conf "$TMP/pf.conf" &&
	printf "block all\npass out all\npass in proto tcp to port ssh\npass in on em9 proto tcp to port 80\n" >/etc/pf.conf &&
	gaol boot --stage pf && open 22 && closed 80 && cp "$TMP/pf.conf" /etc/pf.conf &&
	pfctl -q -f /etc/pf.conf'
test_expect 'without pf_enable nothing is loaded' '
	power_off && cable && address && gaol sysrc pf_enable=NO &&
	gaol boot && open 80 && open 3306 && ! nft list table inet pf'

test_expect 'rules that were on trial and never confirmed are not loaded' '
	gaol sysrc pf_enable=YES && power_off && cable && address &&
	gaol boot && cp /etc/pf.conf "$TMP/good.conf" &&
	echo "block quick all" >>/etc/pf.conf &&
	pfctl -f /etc/pf.conf --confirm 600 && closed 22 &&
	power_off && cable && address &&
	fails 1 "/etc/pf.conf is as it was loaded on trial and never confirmed" \
	    gaol boot &&
	open 22 && open 80 && closed 3306'
test_expect '.. until they are loaded for good, or are others' '
	pfctl -f /etc/pf.conf && closed 22 && power_off && cable && address &&
	gaol boot && closed 22 &&
	pfctl -f /etc/pf.conf --confirm 600 && cp "$TMP/good.conf" /etc/pf.conf &&
	power_off && cable && address && gaol boot && open 22 && closed 3306 &&
	gaol sysrc pf_enable=NO && gaol service pf onestop'

# ---- service pf

test_expect 'service pf start, stop, restart' '
	gaol service pf enable && gaol service pf start && closed 3306 &&
	gaol service pf stop && open 3306 && gaol service pf restart &&
	closed 3306'
test_expect 'status is 0 and 3' '
	gaol service pf status | grep -q "^Status: Enabled" &&
	gaol service pf stop && { gaol service pf status >"$TMP/out"; [ $? = 3 ]; } &&
	grep -q "^Status: Disabled" "$TMP/out" && gaol service pf start'
test_expect 'reload takes the file, check only reads it' '
	sed -i s/80/3306/ /etc/pf.conf && gaol service pf check && open 80 &&
	gaol service pf reload && closed 80 && open 3306'
test_expect 'a broken file does not reload' '
	echo "pass in al" >>/etc/pf.conf &&
	fails 1 "/etc/pf.conf:5: syntax error" gaol service pf reload &&
	fails 1 "/etc/pf.conf:5: syntax error" gaol service pf check &&
	open 3306 && closed 80 && sed -i "\$d" /etc/pf.conf'
test_expect 'a line of its own changes nothing' '
	gaol service pf onestop && gaol service pf disable &&
	fails 1 "Cannot .start. pf" gaol service pf start && open 80 &&
	gaol service pf onestart && closed 80 && gaol service pf enable'

test_expect 'an interface is in the group that rc.conf puts it in' '
	cp /etc/pf.conf "$TMP/pf.conf" && gaol sysrc ifconfig_em0="group wan" &&
	printf "block all\npass out all\npass in on wan proto tcp to port 80\n" \
	    >/etc/pf.conf &&
	gaol service pf reload && open 80 && closed 22 &&
	gaol sysrc -x ifconfig_em0 && gaol service pf reload && closed 80 &&
	cp "$TMP/pf.conf" /etc/pf.conf && gaol service pf reload'

# ---- jails

if pool_dir tank && release tiny; then
	test_expect 'jails with boot=on come with the boot' '
		gaol create -n web -r tiny ip4_addr="lo1|192.168.0.2" boot=on &&
		gaol create -n off -r tiny ip4_addr="lo1|192.168.0.3" boot=off &&
		gaol stop ALL; gaol sysrc iocage_enable=YES &&
		power_off && cable && address && gaol boot &&
		[ "$(gaol get state web)" = up ] &&
		[ "$(gaol get state off)" = down ]'
	test_expect 'and their addresses are known' '
		gaol net show -H lo1 | grep -qx "lo1	192.168.0.2	32	web" &&
		gaol net show lo1 | grep -q "2 held, 252 free"'
	test_expect 'service iocage status lists those that run' '
		[ "$(gaol service iocage status)" = web ]'
	test_expect 'service iocage stop stops all' '
		gaol start off && gaol service iocage stop &&
		[ "$(gaol get state web)$(gaol get state off)" = downdown ] &&
		{ gaol service iocage status; [ $? = 3 ]; }'
	test_expect 'service iocage start starts those with boot=on' '
		gaol service iocage start && [ "$(gaol service iocage status)" = web ] &&
		gaol stop ALL'
else
	test_skip 'jails come with the boot' "cannot make a pool here"
fi
test_done
