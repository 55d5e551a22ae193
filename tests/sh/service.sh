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
at_end "rmdir $unit/.control $unit $v2/system.slice"
# in_unit COMMAND...: as the unit's ExecStartPost is run. $v2 is the root of
# what it sees, as on a host of its own.
in_unit() {
	bash -c 'echo $$ >"$1/cgroup.procs" && exec unshare -C bash -c "
	    echo \$\$ >$2/.control/cgroup.procs && shift 2 && exec \"\$@\"" - "$@"' \
	    - "$v2" "$unit" "$@"
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
	mkdir -p "$unit/.control" &&
	fails 1 "system.slice/gaol.service is not handed on to us" \
	    in_unit gaol boot --stage group &&
	gaol start web && [ "$(group_of web)" = /gaol/web ] && gaol stop web'
test_expect 'the unit takes its group for the jails' '
	delegate 1 && in_unit gaol boot --stage group && gaol start web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ] &&
	grep -qx "$(gaol get jid web)" "$unit/web/cgroup.procs"'
test_expect 'exec is there, too' '
	gaol exec web sleep 7 & eventually sh -c "
	    [ \"\$(xargs -n 1 ps -o comm= <$unit/web/cgroup.procs | grep -c sleep)\" = 1 ]"'
test_expect 'the jail goes, the unit stays' '
	gaol stop web && [ -z "$(group_of web)" ] && [ -d "$unit/.control" ]'
test_expect 'a jail of before the unit is stopped where it is' '
	delegate 0 && gaol start web && delegate 1 &&
	[ "$(group_of web)" = /gaol/web ] && gaol restart web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ] && ! [ -e "$v2/gaol" ]'
test_expect 'the unit is found without what /run knows' '
	rm /run/gaol/cgroup && gaol restart web &&
	[ "$(group_of web)" = /system.slice/gaol.service/web ] &&
	in_unit gaol boot --stage group'
test_expect 'and one of the unit after its end' '
	delegate 0 && gaol restart web && [ "$(group_of web)" = /gaol/web ] &&
	[ -d "$unit" ] && gaol stop web'
test_expect 'the whole boot does not look for a unit' '
	! gaol boot --plan | grep "control group"'
test_expect 'without jails and without a pool there is nothing to stop' '
	rm -r /var/lib/gaol/* && gaol service iocage onestop'
test_done
