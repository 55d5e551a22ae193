#!/bin/bash
# gaol.service's control group: jails are in it while the unit runs, and below
# the root without it. (The unit itself: tests/vm.)
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
v2=$(awk '$3 == "cgroup2" { print $2 }' /proc/mounts | tail -n 1)
[ -n "$v2" ] || skip_all "no cgroup v2 hierarchy is mounted"
pool_dir tank && release tiny || skip_all "cannot make a pool here"
gaol create -n web -r tiny

unit=$v2/system.slice/gaol.service
at_end "rmdir $unit/.holder $unit $v2/system.slice"
# in_unit COMMAND...: as the unit's ExecStart is run. $v2 is the root of
# what it sees, as on a host of its own.
in_unit() {
	bash -c 'echo $$ >"$1/cgroup.procs" && exec unshare -C bash -c "
	    echo \$\$ >$2/cgroup.procs && shift 2 && exec \"\$@\"" - "$@"' \
	    - "$v2" "$unit" "$@"
}
# The unit's process, which tells systemd ($NOTIFY_SOCKET) that it is ready.
hold() {
	rm -f /run/gaol/cgroup
	in_unit gaol boot --stage group &
	eventually test -s /run/gaol/cgroup && holder=$(cat "$unit/.holder/cgroup.procs") &&
	at_end "kill $holder"
}
ended() {
	eventually sh -c "! kill -0 $holder 2>/dev/null"
}
delegate() {
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], "trusted.delegate", sys.argv[2].encode())' "$unit" "$1"
}
# Where is the jail?
group_of() {
	find "$v2" -type d -path "*/$1" -printf '/%P\n'
}

test_expect 'without the unit a jail is in a group below the root' '
	gaol start web && [ "$(group_of web)" = /gaol/web ] && gaol stop web &&
	! [ -e "$v2/gaol" ]'
test_expect 'a group that nobody has handed on is not taken' '
	mkdir -p "$unit" &&
	fails 1 "system.slice/gaol.service is not handed on to us" \
	    in_unit gaol boot --stage group &&
	gaol start web && [ "$(group_of web)" = /gaol/web ] && gaol stop web'
test_expect 'the unit takes its group for the jails' '
	delegate 1 && hold && gaol start web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ] &&
	grep -qx "$(gaol get jid web)" "$unit/web/cgroup.procs"'
test_expect 'and is in none above theirs itself' '
	[ -z "$(cat "$unit/cgroup.procs")" ] && [ "$(ps -o comm= -p "$holder")" = gaol ]'
test_expect 'systemd is told when it is ready' '
	python3 -c "
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(10)
print(s.recv(100).decode())" "$TMP/notify" >"$TMP/ready" & listener=$!
	eventually test -S "$TMP/notify" && kill $holder && ended &&
	NOTIFY_SOCKET=$TMP/notify hold && wait $listener && grep -qx READY=1 "$TMP/ready"'
test_expect 'exec is there, too' '
	gaol exec web sleep 7 & eventually sh -c "
	    [ \"\$(xargs -n 1 ps -o comm= <$unit/web/cgroup.procs | grep -c sleep)\" = 1 ]"'
test_expect 'the jail goes, the unit stays' '
	gaol stop web && [ -z "$(group_of web)" ] && [ -d "$unit/.holder" ]'
test_expect 'a jail of before the unit is stopped where it is' '
	delegate 0 && gaol start web && delegate 1 &&
	[ "$(group_of web)" = /gaol/web ] && gaol restart web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ] && ! [ -e "$v2/gaol" ]'
test_expect 'the unit is found without what /run knows' '
	rm /run/gaol/cgroup && gaol restart web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ]'
test_expect 'and one of the unit after its end' '
	delegate 0 && gaol restart web && [ "$(group_of web)" = /gaol/web ] &&
	[ -d "$unit" ] && gaol stop web'
test_expect 'killed, it takes no jail along' '
	delegate 1 && gaol start web && jid=$(gaol get jid web) && kill -9 $holder &&
	ended && [ "$(gaol get jid web)" = "$jid" ] && gaol exec web true &&
	gaol stop web'
test_expect 'the whole boot does not look for a unit' '
	! gaol boot --plan | grep "control group"'
test_expect 'without jails and without a pool there is nothing to stop' '
	rm -r /var/lib/gaol/* && gaol service iocage onestop'
test_done
