#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `gaol explain` on a running host: what is loaded, what the kernel knows, and
# what others do behind pf's back.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
# shellcheck source=tests/host.sh
. "$(dirname "$0")/../host.sh"
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool"
# The world: a router, and the client behind it.
unshare --net sleep infinity &
world=$!
at_end "kill $world"
in_world() {
	nsenter -t "$world" -n "$@"
}
has_own_net() {
	[ "$(readlink /proc/"$world"/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}
eventually has_own_net
ip link add em0 type veth peer name w0 netns "/proc/$world/ns/net" &&
ip link set em0 up && ip addr add 192.168.178.40/24 dev em0 &&
in_world ip link set w0 up && in_world ip link set lo up &&
in_world ip addr add 192.168.178.1/24 dev w0 &&
in_world ip addr add 203.0.113.9/32 dev lo &&
ip route add default via 192.168.178.1 &&
echo 1 >/proc/sys/net/ipv4/ip_forward
for all in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$all"; done
gaol create -n web -r tiny ip4_addr="lo1|192.168.0.3" >/dev/null &&
gaol create -n mydb -r tiny ip4_addr="lo1|192.168.0.2" >/dev/null &&
gaol start web >/dev/null || skip_all "cannot start a jail"
nsenter -t "$(gaol get jid web)" -n busybox nc -ll -p 80 -e cat &
server=$!
at_end "kill $server; gaol stop web"
listens() {
	nsenter -t "$(gaol get jid web)" -n ss -ltn | grep -q ':80 '
}
eventually listens

rules() {
	cat >/etc/pf.conf <<-'END'
	# The rules of the test.
	ext_if = "em0"
	set skip on lo
	table <bad> persist
	nat on $ext_if from lo1:network to any -> ($ext_if:0)
	rdr on $ext_if proto tcp from any to ($ext_if) port 80 -> 192.168.0.3
	rdr on $ext_if proto tcp from any to ($ext_if) port 3306 \
	    -> 192.168.0.2
	block in all
	block in quick from <bad>
	pass in on $ext_if proto tcp to port { 80, 3306 }
	pass out all
	END
}
# says RC PATTERN... -- QUESTION: exit code and lines of the answer, in order.
says() {
	local rc=$1 want=() out
	shift
	while [ "$1" != -- ]; do want+=("$1"); shift; done
	shift
	gaol explain "$@" >"$TMP/said" 2>&1
	out=$?
	cat "$TMP/said"
	[ "$out" = "$rc" ] || { echo "exit $out, not $rc"; return 1; }
	local line i=0
	while read -r line; do
		# shellcheck disable=SC2053
		[[ $i -ge ${#want[@]} || $line != ${want[i]} ]] || i=$((i + 1))
	done <"$TMP/said"
	[ "$i" = "${#want[@]}" ] || { echo "not said: ${want[i]}"; return 1; }
}
client=203.0.113.9 router=192.168.178.1 public=192.168.178.40

test_expect 'nothing is loaded: pf is disabled' '
	says 1 "host*pf is disabled*" "reaches the host*where nobody listens" \
	    -- tcp $client to $public:80'
rules
pfctl -q -ef /etc/pf.conf
test_expect 'the loaded rules, as they are written' '
	says 0 "nat/rdr /etc/pf.conf:6: rdr on \$ext_if*" \
	    "filter  /etc/pf.conf:11: pass in on \$ext_if*" \
	    "/etc/pf.conf:9: block in all" \
	    "reaches the jail web at 192.168.0.3:80, where busybox listens" \
	    "It gets through." -- tcp $client to $public:80'
test_expect 'a jail that is down is named, from its configuration' '
	says 1 "nat/rdr /etc/pf.conf:7: *port 3306 -> 192.168.0.2" \
	    "It does not get through." "gaol start mydb" \
	    -- tcp $client to $public:3306'
test_expect 'a jail by its name, and its port without a listener' '
	says 0 "reaches the jail web*" -- to web:80 &&
	says 1 "*nobody listens*" "start the service in the jail web*" \
	    -- to web:81'
# serve PORT SOCAT-ADDRESS
serve() {
	socat "$2" SYSTEM:true &
	at_end "kill $!"
	eventually eval "ss -ltun | grep -q ':$1 '"
}
test_expect 'a wildcard of IPv6 takes IPv4, unless it says it does not' '
	serve 8001 TCP6-LISTEN:8001,ipv6only=0 &&
	serve 8002 TCP6-LISTEN:8002,ipv6only=1 &&
	says 0 "reaches the host*where socat listens" -- to 127.0.0.1:8001 &&
	says 0 "reaches the host*where socat listens" -- to "[::1]:8001" &&
	says 0 "reaches the host*where socat listens" -- to "[::1]:8002" &&
	says 1 "*nobody listens*" -- to 127.0.0.1:8002'
test_expect 'IPv4 by an address of IPv6, and datagrams' '
	serve 8003 "TCP6-LISTEN:8003,bind=[::ffff:127.0.0.1]" &&
	serve 8004 UDP-RECVFROM:8004,bind=127.0.0.1 &&
	says 0 "reaches the host*where socat listens" -- to 127.0.0.1:8003 &&
	says 0 "reaches the host*where socat listens" -- udp to 127.0.0.1:8004 &&
	says 1 "*nobody listens*" -- udp to 127.0.0.1:8003'
test_expect 'the tables are what they are now' '
	pfctl -q -t bad -T add $client &&
	says 1 "filter  /etc/pf.conf:10: block in quick from <bad>" \
	    -- tcp $client to $public:80 &&
	pfctl -q -t bad -T delete $client &&
	says 0 -- tcp $client to $public:80'
test_expect 'what packets put into a table is in it' '
	sed -i "s/^pass in .*/& keep state (max-src-conn-rate 9\/9, overload <bad>)/" \
	    /etc/pf.conf && pfctl -q -f /etc/pf.conf &&
	says 0 -- tcp $client to $public:80 &&
	nft add element inet pf over4_bad "{ $client }" &&
	pfctl -s loaded | grep -qx "table <bad> persist { $client }" &&
	says 1 "filter  /etc/pf.conf:10: block in quick from <bad>" \
	    -- tcp $client to $public:80
	rc=$?
	rules && pfctl -q -f /etc/pf.conf && pfctl -q -t bad -T flush && [ $rc = 0 ]'
# Six sources become a table of the optimiser's, two rules alike become one.
optimised() {
	rules
	sed -i '$d' /etc/pf.conf
	cat >>/etc/pf.conf <<-'END'
	pass in on $ext_if proto tcp from { 10.1.1.1 10.1.1.2 10.1.1.3 10.1.1.4 \
	    10.1.1.5 10.1.1.6 203.0.113.9 } to port 8080
	pass in on $ext_if proto tcp to port 80
	anchor "x"
	pass out all
	END
}
as_written() {
	says 0 "filter  /etc/pf.conf:14: pass in on \$ext_if*port 80" \
	    -- tcp $client to $public:80 && ! grep "no longer says" "$TMP/said"
}
test_expect 'the file has its lines whatever the optimiser made of it' '
	optimised && pfctl -q -f /etc/pf.conf &&
	pfctl -s rules | grep -q "from <__automatic_" && as_written &&
	echo "# a comment more" >>/etc/pf.conf && as_written'
test_expect 'and keeps them when tables change, and when it is loaded again' '
	pfctl -q -t bad -T add 10.9.9.9 && as_written &&
	pfctl -q -f /etc/pf.conf && as_written &&
	pfctl -t bad -T show | grep -q 10.9.9.9 &&
	pfctl -q -o none -f /etc/pf.conf && as_written &&
	pfctl -q -f - </etc/pf.conf && as_written'
test_expect 'an anchor that is loaded by itself is beside the file' '
	echo "table <y> { $client }
	    block in quick proto tcp from <y> to port 80" |
	    pfctl -q -a x -f - &&
	says 1 "filter  anchor:x:*: block drop in quick*" \
	    "/etc/pf.conf:14: pass in on \$ext_if*port 80" \
	    -- tcp $client to $public:80 && ! grep "no longer says" "$TMP/said" &&
	pfctl -q -a x -t y -T delete $client && as_written &&
	{ gaol check --json >"$TMP/check.json" || true; } &&
	jq -e .findings "$TMP/check.json" && ! grep rules-differ "$TMP/check.json" &&
	pfctl -q -f /etc/pf.conf && as_written &&
	pfctl -q -a x -F rules && as_written'
test_expect 'so is a table that was made by pfctl -T' '
	sed -i "s/^table <bad> .*/# &/" /etc/pf.conf && pfctl -q -F all -f /etc/pf.conf &&
	pfctl -q -t bad -T add $client &&
	says 1 "filter  /etc/pf.conf:10: block in quick from <bad>" \
	    -- tcp $client to $public:80 &&
	pfctl -q -t bad -T delete $client && as_written &&
	optimised && pfctl -q -f /etc/pf.conf && as_written'
test_expect 'rules that its file does not have are not those of its lines' '
	pfctl -q -F rules &&
	says 0 "*no longer says what*" -- tcp $client to $public:80'
test_expect 'a file without a rule says what is loaded, too' '
	echo "# nothing" >/etc/pf.conf && pfctl -q -F all -f /etc/pf.conf &&
	says 0 "It gets through." -- to web:80 &&
	! grep "no longer says" "$TMP/said"
	rc=$?
	optimised && pfctl -q -f /etc/pf.conf && [ $rc = 0 ]'
test_expect 'a key that pf makes itself is no difference' '
	sed -i "s/^rdr .* port 80 .*/rdr on \$ext_if proto tcp from any to \
(\$ext_if) port 80 -> 192.168.0.3\/32 source-hash/" /etc/pf.conf &&
	pfctl -q -F all -f /etc/pf.conf && pfctl -s nat | grep "source-hash 0x" &&
	as_written
	rc=$?
	optimised && pfctl -q -f /etc/pf.conf && [ $rc = 0 ]'
test_expect 'a macro of the command line is not in the file' '
	sed -i "s/^ext_if = .*/ext_if = \"em1\"/" /etc/pf.conf &&
	pfctl -q -D ext_if=em0 -f /etc/pf.conf &&
	says 0 "filter  loaded:*: pass in on em0 *" "*no longer says what*" \
	    -- tcp $client to $public:80'
rules
pfctl -q -f /etc/pf.conf
pfctl -q -t bad -T flush
# A connection of the router's that stays open, from port $port.
connects() {
	in_world busybox nc $public 80 < <(sleep 60) &
	at_end "kill $!"
	eventually is_known &&
	port=$(in_world ss -Htn | awk '{ sub(".*:", "", $4); print $4 }')
}
is_known() {
	pfctl -s states 2>/dev/null | grep -q "ESTABLISHED:ESTABLISHED"
}
test_expect 'a connection that is known passes by its state' '
	connects && echo "block all" >/etc/pf.conf &&
	pfctl -q -f /etc/pf.conf &&
	says 0 "state   a state knows it*" "It gets through." \
	    -- tcp $router:$port to $public:80 &&
	says 0 "state   a state knows it*answer*" \
	    -- tcp 192.168.0.3:80 to $router:$port &&
	says 1 "filter*block all" -- tcp $router:4001 to $public:80
	rc=$?
	rules && pfctl -q -f /etc/pf.conf && [ $rc = 0 ]'
test_expect 'the rules were edited and not loaded: both is said' '
	sed -i "s/port { 80, 3306 }/port 22/" /etc/pf.conf &&
	says 0 "filter  loaded:*: pass in on em0 *" "*no longer says what*" \
	    -- tcp $client to $public:80'
test_expect 'a file is asked instead, on this host' '
	says 1 "filter  /etc/pf.conf:9: block in all" \
	    -- --file /etc/pf.conf tcp $client to $public:80'
test_expect 'in the order of what they counted, they are still the file'"'"'s' '
	rules && sed -i "s/^pass in on .*/pass in quick on em0 proto tcp \
	    to port { 3306 80 }/" /etc/pf.conf && pfctl -q -f /etc/pf.conf &&
	in_world timeout 5 busybox nc $public 80 <<<hello | grep -q hello &&
	pfctl -q -o profile -f /etc/pf.conf &&
	pfctl -s rules | grep -m1 "pass in quick" | grep http &&
	says 0 "filter  /etc/pf.conf:11: pass in quick on em0*" \
	    -- tcp $client to $public:80
	rc=$?
	rules && pfctl -q -f /etc/pf.conf && [ $rc = 0 ]'
rules
test_expect 'rp_filter drops what does not come where its route goes' '
	echo 1 >/proc/sys/net/ipv4/conf/em0/rp_filter &&
	ip link add em1 type bridge && ip link set em1 up &&
	ip addr add 198.51.100.1/24 dev em1 &&
	says 1 "host*spoofed (rp_filter=1)*over em1, not over em0" \
	    -- tcp 198.51.100.9 to $public:80 on em0 &&
	says 0 -- tcp $client to $public:80 &&
	ip link del em1 && echo 0 >/proc/sys/net/ipv4/conf/em0/rp_filter'
test_expect 'no forwarding: a jail cannot be reached' '
	echo 0 >/proc/sys/net/ipv4/ip_forward &&
	says 1 "*not forward*" "gateway_enable*" -- tcp $client to $public:80
	rc=$?
	echo 1 >/proc/sys/net/ipv4/ip_forward && [ $rc = 0 ]'
test_expect 'a foreign chain that drops behind pf, and its cure' '
	nft "table ip filter { chain FORWARD {
	    type filter hook forward priority 0; policy drop; }; }" &&
	says 1 "host*chain FORWARD of table ip filter*" \
	    "It does not get through." "iptables -I FORWARD*" \
	    -- tcp $client to $public:80 &&
	says 1 "host*chain FORWARD*" -- --jail web to 203.0.113.80:443 &&
	says 0 -- to web:80 &&
	nft delete table ip filter &&
	says 0 -- tcp $client to $public:80'
test_expect 'JSON has the same' '
	gaol explain --json tcp $client to $public:80 | jq -e "
	    .schema == \"gaol.explain\" and .version == 1 and .passes and
	    .arrives.jail == \"web\" and .arrives.source == \"$client\" and
	    ([.steps[] | select(.step == \"filter\")][0].decides |
		.file == \"/etc/pf.conf\" and .line == 11)"'
test_expect 'another program changed our table: it cannot be told' '
	nft flush table inet pf &&
	fails 2 "not those that pfctl loaded" \
	    gaol explain tcp $client to $public:80 &&
	pfctl -q -f /etc/pf.conf && says 0 -- tcp $client to $public:80'
test_expect 'nothing was changed by asking' '
	nft -s list ruleset >"$TMP/rules" &&
	says 0 -- tcp $client to $public:80 &&
	nft -s list ruleset | diff "$TMP/rules" -'
test_expect 'not root: one sentence' '
	fails 2 "become root, or describe" setpriv --reuid 65534 --clear-groups \
	    gaol explain tcp $client to $public:80'
test_done
