#!/bin/bash
# gaol watch on a host of our own: addresses that change, another program that
# flushes our tables, jails that die, and a watch that dies itself.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host

ip link add em0 type veth peer name w0 && ip link set em0 addrgenmode none &&
    ip link set em0 up && ip link set w0 up && lo1 || skip_all "cannot make a veth pair"
ip addr add 192.168.178.40/24 dev em0
cat >/etc/rc.conf <<-'END'
	pf_enable="YES"
END
cat >/etc/pf.conf <<-'END'
	ext_if = "em0"
	table <bad> persist { 203.0.113.66 }
	table <own> const { em0 }
	block all
	pass out all
	pass in on $ext_if proto tcp to $ext_if port ssh
	pass in on $ext_if proto tcp to (em0) port 80
	block in quick from <bad>
	pass in quick to <own>
	load anchor more from "/etc/pf.more"
	anchor more
END
echo 'pass in proto tcp to em0 port 25' >/etc/pf.more

log=$TMP/log
watch() { # [PROGRAM]
	"${1-gaol}" watch >>"$log" 2>&1 &
	watcher=$!
	at_end "kill $watcher"
	eventually watching
}
# It has its lock and sleeps.
watching() {
	[ "$(cat /run/gaol/watch.lock)" = $watcher ] &&
	    [ "$(cut -d' ' -f3 /proc/$watcher/stat)" = S ] &&
	    ! pgrep -P $watcher >/dev/null
}
# Within a second, not in ten as `eventually` has it.
soon() {
	local i
	for ((i = 0; i < 50; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}
said() {
	grep -Eq "$1" "$log" || { cat "$log"; return 1; }
}
# The rules in the kernel; sets and chains may stand in another order.
kernel_rules() {
	nft -s list table inet pf | sort
}
loads() {
	ls /run/gaol/pf/*/ | grep -E '^[0-9a-f]{16}$'
}

pfctl -q -e -f /etc/pf.conf
: >"$log"
watch

test_expect 'a second one is refused' '
	fails 1 "gaol watch is running already, as pid $watcher" gaol watch'
idle() {
	local a
	a=$(cut -d" " -f14,15 /proc/$watcher/stat) && sleep 1 &&
	    [ "$(cut -d" " -f14,15 /proc/$watcher/stat)" = "$a" ]
}
test_expect 'nothing to do: it sleeps' 'eventually idle && ! [ -s "$log" ]'

# ---- addresses

set_has() {
	nft list table inet pf | grep -A 9 "set dyn4.*em0" | grep -qw "$1"
}
rules_have() {
	pfctl -s rules | grep -q "to $1 port = $2"
}
pfctl -q -t bad -T add 203.0.113.77
test_expect 'a new address of em0 is in (em0) within a second' '
	ip addr add 192.168.178.41/24 dev em0 && soon set_has 192.168.178.41'
test_expect 'and in the rules that $ext_if was written in' '
	soon rules_have 192.168.178.41 ssh && rules_have 192.168.178.40 ssh &&
	soon said "addresses have changed: /etc/pf.conf is loaded again"'
test_expect 'and in an anchor that the file loads' '
	pfctl -a more -s rules | grep "to 192.168.178.41 port = smtp"'
test_expect 'and in tables that nobody can change; the others stay' '
	pfctl -t own -T show | grep -q 192.168.178.41 &&
	pfctl -t bad -T show | grep -q 203.0.113.77'
test_expect 'as a DHCP client does it: another address in place of the old' '
	ip addr del 192.168.178.41/24 dev em0 &&
	ip addr del 192.168.178.40/24 dev em0 &&
	ip addr add 192.168.178.50/24 dev em0 &&
	soon set_has 192.168.178.50 && soon rules_have 192.168.178.50 ssh &&
	! set_has 192.168.178.40 && ! rules_have 192.168.178.40 ssh'
test_expect 'an address that is only renewed loads nothing' '
	loads >"$TMP/loads" && : >"$log" &&
	ip addr change 192.168.178.50/24 dev em0 valid_lft 3600 preferred_lft 3600 &&
	sleep 0.5 && loads | diff "$TMP/loads" - && ! [ -s "$log" ]'
test_expect 'an address of an interface that no rule names loads nothing' '
	ip addr add 198.51.100.1/24 dev w0 && sleep 0.5 &&
	loads | diff "$TMP/loads" - && ! [ -s "$log" ]'
test_expect 'without any address the file does not load: the rules stand' '
	kernel_rules >"$TMP/rules" && ip addr del 192.168.178.50/24 dev em0 &&
	soon said "does not load with the addresses of now: the rules of before stand" &&
	soon sh -c "! nft list table inet pf | grep -A 9 \"set dyn4.*em0\" | grep 192.168.178.50" &&
	rules_have 192.168.178.50 ssh'
test_expect 'and follow when there is one again' '
	ip addr add 192.168.178.40/24 dev em0 && soon rules_have 192.168.178.40 ssh'
test_expect 'a file that was edited is left to who edits it' '
	: >"$log" && echo "pass in proto tcp to port 8080" >>/etc/pf.conf &&
	ip addr add 192.168.178.42/24 dev em0 && soon set_has 192.168.178.42 &&
	soon said "/etc/pf.conf was edited since it was loaded, .*: pfctl -f /etc/pf.conf" &&
	! rules_have 192.168.178.42 ssh'
test_expect 'and so is one that it includes' '
	pfctl -q -f /etc/pf.conf && : >"$log" && sed -i s/25/26/ /etc/pf.more &&
	ip addr del 192.168.178.42/24 dev em0 &&
	soon said "/etc/pf.more was edited since it was loaded" &&
	pfctl -q -f /etc/pf.conf'
test_expect 'rules that were flushed by hand do not come back' '
	pfctl -q -F rules && ip addr add 192.168.178.43/24 dev em0 &&
	soon set_has 192.168.178.43; sleep 0.3; [ -z "$(pfctl -s rules)" ] &&
	ip addr del 192.168.178.43/24 dev em0 && pfctl -q -f /etc/pf.conf'
test_expect 'rules of a pipe are not looked for in a file' '
	pfctl -q -f - </etc/pf.conf && : >"$log" &&
	ip addr add 192.168.178.43/24 dev em0 && soon set_has 192.168.178.43 &&
	sleep 0.3 && ! rules_have 192.168.178.43 ssh && ! [ -s "$log" ] &&
	ip addr del 192.168.178.43/24 dev em0 && pfctl -q -f /etc/pf.conf'

# ---- another program
back() {
	kernel_rules 2>/dev/null | diff "$TMP/rules" -
}
sleep 0.3
kernel_rules >"$TMP/rules"
: >"$log"
test_expect 'a foreign flush is undone within a second' '
	nft flush ruleset && soon back && [ "$(pfctl -s Running)" = Enabled ]'
test_expect 'and said, with who did it' '
	soon said "pf.s rules \(table inet pf\) were removed by nft \(pid [0-9]+\): put back"'
test_expect 'what was in tables is there, too' '
	pfctl -t bad -T show | grep 203.0.113.66'
test_expect 'one more does it for what is only changed' '
	: >"$log" && nft add rule inet pf nat accept && soon back &&
	soon said "were changed by nft"'
test_expect 'what pfctl does itself is none of its business' '
	sleep 0.2 && : >"$log" && pfctl -q -d && sleep 0.3 &&
	[ "$(pfctl -s Running)" = Disabled ] && pfctl -q -e &&
	pfctl -q -F all && pfctl -q -f /etc/pf.conf && pfctl -q -t bad -T add 203.0.113.9 &&
	sleep 0.3 && ! [ -s "$log" ]'
test_expect 'a table of somebody else is, neither' '
	nft add table inet other && nft delete table inet other &&
	sleep 0.2 && ! [ -s "$log" ]'
test_expect 'a load of its own starts no storm' '
	sleep 0.2 && a=$(cut -d" " -f14,15 /proc/$watcher/stat | tr " " +) &&
	for i in 1 2 3 4 5; do pfctl -q -f /etc/pf.conf; done && sleep 1 &&
	b=$(cut -d" " -f14,15 /proc/$watcher/stat | tr " " +) &&
	[ $((b - a)) -le 5 ] && ! [ -s "$log" ]'
kill $watcher; wait $watcher 2>/dev/null
watch
: >"$log"
test_expect 'it does not quarrel: who flushes on and on has his way for a while' '
	for i in $(seq 30); do nft flush ruleset; sleep 0.1; done &&
	[ "$(grep -c "put back" "$log")" -le 4 ] &&
	soon said "nft .* removes what gaol puts back, 3 times now: the next time is in [0-9] s"'
test_expect 'and then the rules are back' 'eventually pfctl -s Running'
kill $watcher; wait $watcher 2>/dev/null

# This pfctl is followed at once by another program's flush, two times.
mkdir "$TMP/beside" && cp "$(command -v gaol)" "$TMP/beside" &&
    cat >"$TMP/beside/pfctl" <<-END
	#!/bin/sh
	$(command -v pfctl) "\$@" || exit
	case \$1 in --restore)
		echo >>$TMP/flushes
		[ \$(wc -l <$TMP/flushes) -gt 2 ] || nft flush ruleset ;;
	esac
END
chmod +x "$TMP/beside/pfctl"
: >"$TMP/flushes"
watch "$TMP/beside/gaol"
: >"$log"
test_expect 'a flush right behind its restore is seen' '
	nft flush ruleset && eventually sh -c "[ \$(wc -l <$TMP/flushes) -gt 2 ]" &&
	pfctl -s Running'
kill $watcher; wait $watcher 2>/dev/null

# ---- the watch itself

test_expect 'what happened while nobody watched is seen at the start' '
	pfctl -q -f /etc/pf.conf && pfctl -s rules >"$TMP/rules" && watch &&
	kill -9 $watcher && ! wait $watcher && nft flush ruleset &&
	ip addr add 192.168.178.44/24 dev em0 && ! nft list table inet pf &&
	watch && soon rules_have 192.168.178.44 ssh &&
	ip addr del 192.168.178.44/24 dev em0 &&
	soon sh -c "pfctl -s rules | cmp -s $TMP/rules"'
test_expect 'its death changes nothing' '
	kernel_rules >"$TMP/rules" && kill -9 $watcher && ! wait $watcher &&
	sleep 0.2 && back && watch'
test_expect 'the rules of before the boot give way to the file when it loads' '
	rm -rf /run/gaol/pf && nft flush ruleset; kill $watcher; wait $watcher;
	nft flush ruleset; ip addr del 192.168.178.40/24 dev em0;
	pfctl -q --facts /var/lib/gaol/pf/facts -f /var/lib/gaol/pf/rules -e &&
	: >"$log" && watch && soon said "tried again in 10 s, or when an address changes" &&
	ip addr add 192.168.178.60/24 dev em0 &&
	soon rules_have 192.168.178.60 ssh && soon said "/etc/pf.conf is loaded at last"'
# ---- jails

gone() {
	! [ -e "/run/gaol/jails/$1" ] && ! ip link | grep -q "jail-$1" &&
	    [ -z "$(find /sys/fs/cgroup -path "*gaol/$1" 2>/dev/null)" ]
}
die() {
	local pid
	pid=$(gaol get jid "$1") && kill -9 "$pid" &&
	    eventually sh -c "! kill -0 $pid 2>/dev/null"
}
if pool_dir tank && release tiny; then
	gaol create -n web -r tiny ip4_addr="lo1|192.168.0.2" >/dev/null
	gaol create -n db -r tiny ip4_addr="lo1|192.168.0.3" >/dev/null
	gaol set exec_poststop="echo \$IOCAGE_NAME >>$TMP/hook" web
	: >"$log"
	test_expect 'a jail that dies is cleared up, its hook run, and it is said' '
		gaol start web && soon watching && die web && soon gone web &&
		[ "$(cat "$TMP/hook")" = ioc-web ] &&
		soon said "jail .web. has died: gaol-init \(pid [0-9]+\) is gone" &&
		soon said "jail .web. is cleared up; start it with: gaol start web"'
	test_expect 'and can start again' 'gaol start web && gaol exec web true'
	test_expect 'a stop is no death, nor is a start that fails' '
		sleep 0.2 && : >"$log" && gaol restart web && gaol stop web &&
		gaol set exec_poststart=/bin/false web && ! gaol start web &&
		gaol set exec_poststart=/usr/bin/true web && sleep 0.3 && ! [ -s "$log" ]'
	test_expect 'one that dies and is started at once stays up' '
		gaol start web && for i in 1 2 3 4 5; do
			sleep 0.0$((i * 2)); die web && gaol start web || break
		done && sleep 0.5 && [ "$(gaol get state web)" = up ]'
	test_expect 'two at once' '
		gaol start db && soon watching && die web && die db &&
		soon gone web && soon gone db'
	test_expect 'a hook that takes its time keeps nothing else waiting' '
		gaol set exec_poststop="sleep 3" db && gaol start db &&
		die db && sleep 0.2 && nft flush ruleset &&
		soon pfctl -s rules && ! gone db && eventually gone db &&
		gaol set exec_poststop=/usr/bin/true db'
	test_expect 'the guard is put back, and who took it is named' '
		gaol start web && soon watching && : >"$log" &&
		nft list table inet gaol_guard >"$TMP/guard" &&
		nft delete table inet gaol_guard &&
		soon sh -c "nft list table inet gaol_guard | cmp -s $TMP/guard" &&
		soon said "the guard .* was removed or changed by nft"'
	test_expect 'one that died while nobody watched is cleared up at the start' '
		kill -9 $watcher; wait $watcher; die web &&
		watch && soon gone web'
	test_expect 'the directory of the facts may go and come' '
		rm -r /run/gaol/jails && soon test -d /run/gaol/jails &&
		gaol start web && soon watching && die web && soon gone web'
else
	test_skip 'jails that die' "cannot make a pool here"
fi
test_expect 'told to end, it ends with 0' 'kill $watcher && wait $watcher'
sed "s,@SBINDIR@,$BUILD,g" "$TOP/rc/init.d/gaol-watch" >"$TMP/script"
script() {
	sh "$TMP/script" "$@"
}
test_expect 'the script for sysvinit starts one, and stops it' '
	! script status; script start &&
	eventually sh -c "[ \$(cat /run/gaol/watch.lock) = \$(cat /run/gaol-watch.pid) ]" &&
	script status && script start && script restart && eventually script status &&
	pid=$(cat /run/gaol-watch.pid) && script stop && ! script status &&
	! kill -0 $pid'
test_expect 'it lives on when nobody reads what it says' '
	gaol watch 2>&1 | true & eventually test -s /run/gaol/watch.lock; sleep 0.3;
	watcher=$(cat /run/gaol/watch.lock) && kill -0 $watcher &&
	pfctl -q -f /etc/pf.conf && nft flush ruleset && soon pfctl -s rules &&
	sleep 0.2 && kill -0 $watcher && kill $watcher'
test_done
