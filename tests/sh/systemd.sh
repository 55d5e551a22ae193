#!/bin/bash
# The units under a systemd of our own: a manager for a user, root, below a
# control group of the test's, which touches nothing of the machine. (With the
# kernel's limits, a boot and a shutdown: tests/vm.)
. "$(dirname "$0")/../lib.sh"
manager=/lib/systemd/systemd
if [ -z "${IN_NAMESPACES-}" ]; then
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -x $manager ] || skip_all "there is no systemd here"
	v2=$(awk '$3 == "cgroup2" { print $2 }' /proc/mounts | tail -n 1)
	[ -n "$v2" ] || skip_all "no cgroup v2 hierarchy is mounted"
	group=$v2/gaol-systemd-$$
	mkdir "$group" || skip_all "cannot make a control group"
	# The group is the root of all that is seen in there.
	(echo $BASHPID >"$group/cgroup.procs" && exec unshare -C \
	    env IN_NAMESPACES=1 unshare --net --mount --propagation private \
	    --pid --fork --kill-child --mount-proc --uts --ipc bash "$0")
	rc=$?
	empty() {
		find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null
		! [ -d "$group" ]
	}
	eventually empty
	exit $rc
fi
. "$(dirname "$0")/../host.sh"
private_cgroups() {
	local m
	for m in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do
		umount "$m"
	done
	mount -t cgroup2 none /sys/fs/cgroup
	at_end 'kill -9 -1'
}
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool here"

# ---- the units, as a user's: their own paths, and no other units around

export XDG_RUNTIME_DIR=/run/manager HOME=/root
units=/root/.config/systemd/user
mkdir -p /run/systemd/system $XDG_RUNTIME_DIR $units
for u in gaol iocage gaol-watch; do
	sed "s,@SBINDIR@,$BUILD,g; /^ExecCondition/d
	    s/multi-user/default/; /^\[Service\]/a StandardOutput=append:/run/$u.log\\
StandardError=append:/run/$u.log" "$TOP/rc/systemd/$u.service" >$units/$u.service
done
# What stands for the network, and is gone when it is stopped.
echo '[Unit]' >$units/network.target
cat >$units/cards.service <<'END'
[Unit]
Wants=network.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'echo network >>/run/ends'
END
# shutdown.target is started for another unit only.
printf '[Unit]\nDefaultDependencies=no\nRequires=shutdown.target\nAfter=shutdown.target\n' \
    >$units/down.target
# What the system's manager does for a unit that has Delegate=yes, and a user's
# leaves out.
cat >"$TMP/mark" <<'END'
import os
group = [l[3:].strip() for l in open("/proc/self/cgroup") if l.startswith("0::")][0]
os.setxattr("/sys/fs/cgroup" + group, "trusted.delegate", b"1")
END
sed -i "/^\[Service\]/a ExecStartPre=python3 $TMP/mark" $units/gaol.service
$manager --user >"$TMP/manager" 2>&1 &
systemctl() {
	command systemctl --user "$@"
}
eventually test -S $XDG_RUNTIME_DIR/systemd/private ||
    skip_all "systemd does not start here: $(tail -n 1 "$TMP/manager")"

unit=/sys/fs/cgroup/app.slice/gaol.service
cat >/etc/rc.conf <<<'iocage_enable="YES"'
n=2
for j in app db web; do
	gaol create -n $j -r tiny ip4_addr="lo1|192.168.0.$n" priority=$((n * 10)) \
	    exec_poststop="echo $j >>/run/ends" >/dev/null
	n=$((n + 1))
done
gaol set boot=on app >/dev/null
ended() {
	[ "$(xargs </run/ends)" = "$1" ]
}
said() {
	grep -Eq "$2" "/run/$1.log"
}

test_expect 'the units are what systemd takes for sound' '
	for u in "$TOP"/rc/systemd/*.service; do
		sed "s,@SBINDIR@/gaol,/bin/true,; s,@SBINDIR@,/bin,g" $u >"$TMP/${u##*/}"
	done && systemd-analyze verify "$TMP"/*.service >"$TMP/verify" 2>&1;
	cat "$TMP/verify"; ! grep -E "gaol|iocage|pf\.service" "$TMP/verify"'
test_expect 'starting iocage starts gaol and the jails with boot=on' '
	systemctl start iocage && systemctl is-active gaol iocage &&
	[ "$(gaol get state app)" = up ] && [ "$(gaol get state db)" = down ]'
test_expect 'they are in the group of gaol.service' '
	grep -qx "$(gaol get jid app)" $unit/app/cgroup.procs &&
	[ "$(systemctl show --value -p Delegate gaol)" = yes ]'
test_expect 'and so are those that are started by hand' '
	gaol start db web >/dev/null &&
	grep -qx "$(gaol get jid db)" $unit/db/cgroup.procs'
test_expect 'systemctl status shows them by name' '
	systemctl status --no-pager gaol >"$TMP/out" && cat "$TMP/out" &&
	[ "$(grep -Ec "[├└]─(app|db|web)$" "$TMP/out")" = 3 ]'
test_expect 'so does systemd-cgls' '
	systemd-cgls --no-pager --user-unit gaol.service >"$TMP/out" && cat "$TMP/out" &&
	[ "$(grep -Ec "[├└]─(app|db|web)( |$)" "$TMP/out")" = 3 ]'
test_expect 'the unit'\''s own process, killed, takes nobody along' '
	jid=$(gaol get jid db) &&
	kill -9 "$(systemctl show --value -p MainPID gaol)" &&
	eventually sh -c "[ \$(systemctl --user show --value -p SubState gaol) = exited ]" &&
	[ "$(gaol get jid db)" = "$jid" ]'
test_expect 'restarting it stops all, the highest priority first' '
	systemctl restart gaol && systemctl is-active gaol && ended "web db app"'
test_expect 'and jails are in its group again' '
	systemctl start iocage && gaol start db web >/dev/null &&
	grep -qx "$(gaol get jid web)" $unit/web/cgroup.procs'
test_expect 'a stop waits as long as a jail may take' '
	rm /run/ends && gaol set stop_timeout=3 db >/dev/null &&
	echo "(trap \"\" TERM; while :; do sleep 1; done) &" \
	    >/tank/iocage/jails/db/root/etc/rc && gaol restart db >/dev/null &&
	rm -f /run/ends && t=$SECONDS && systemctl stop gaol && ended "web db app" &&
	[ $((SECONDS - t)) -ge 2 ] && ! systemctl is-failed gaol iocage'
test_expect 'nothing is left of them, nor of the group' '
	[ -z "$(ls /run/gaol/jails)" ] && ! [ -d $unit ] && ! systemctl is-active iocage'
test_expect 'systemctl stop iocage stops them, too, and leaves the group' '
	rm /run/ends && systemctl start iocage && gaol start web >/dev/null &&
	systemctl stop iocage && ended "web app" && [ -d $unit ] &&
	systemctl is-active gaol'
test_expect 'while gaol.service does not run, jails are below the root' '
	systemctl stop gaol && gaol start app >/dev/null && [ -d /sys/fs/cgroup/gaol/app ]'
test_expect 'the watch has a unit of its own, and is back when it is killed' '
	systemctl start gaol-watch && eventually test -s /run/gaol/watch.lock &&
	kill -9 "$(cat /run/gaol/watch.lock)" &&
	eventually sh -c "[ \$(systemctl --user show --value -p NRestarts gaol-watch) = 1 ]" &&
	eventually systemctl is-active gaol-watch && [ "$(gaol get state app)" = up ]'
test_expect 'and clears up after a jail that dies' '
	kill -9 "$(gaol get jid app)" &&
	eventually said gaol-watch "jail .app. is cleared up" && ! [ -d /sys/fs/cgroup/gaol ]'
systemctl stop gaol-watch
# The last: nothing starts again after it.
test_expect 'a shutdown stops the jails before the network' '
	rm -f /run/ends && systemctl start cards iocage && gaol start db web >/dev/null &&
	systemctl start down.target && cat /run/ends && ended "web db app network"'
test_done
