#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The package's life on a host that has jails: tests/sh/package.sh runs this in
# a lab, with the packages of two builds.
#	story.sh NEW.deb OLD.deb BUSYBOX
new=$1 old=$2 busybox=$3
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../host.sh"

# What is tested comes from the package: not what the lab installed, not the
# build directory.
lab_bin=$(dirname "$(command -v world)")
make -s -C "$TOP" uninstall >/dev/null 2>&1 ||
    rm -rf /usr/local/{sbin,libexec,lib,share}/* /etc/init.d/{pf,iocage,gaol-*}
mkdir "$TMP/bin" && cp "$busybox" "$TMP/bin/busybox"
PATH=$TMP/bin:$lab_bin:/usr/sbin:/usr/bin:/sbin:/bin
hash -r
export DEBIAN_FRONTEND=noninteractive
mkdir -p /var/lib/gaol

# dpkg's own output goes to $TMP/dpkg, and is shown.
pkg() {
	local rc
	dpkg --force-confdef --force-confold "$@" >"$TMP/dpkg" 2>&1
	rc=$?
	cat "$TMP/dpkg"
	return $rc
}
version() {
	dpkg-deb -f "$1" Version
}
# Processes, interfaces, addresses, rules, sysctls, mounts, groups, and what of
# the administrator's is in /etc.
state() {
	# The package's tmpfiles.d asks for this one; systemd-tmpfiles, where it
	# is, makes it.
	system_state | grep -v '^/run/gaol d 755 0:0 *$'
	echo '== everything that runs'
	ps -e -o pid=,lstart=,args= | grep -v -e ' ps -e' -e bash -e ' sleep i'
	echo '== files of the administrator'
	sha256sum /etc/rc.conf /etc/pf.conf 2>/dev/null
}
note() {
	eventually at_rest
	state >"$TMP/state"
}
same() {
	state >"$TMP/now"
	diff "$TMP/state" "$TMP/now"
}
boot_links() {
	find /etc/rc?.d /etc/systemd/system \( -name '*pf*' -o -name '*iocage*' \
	    -o -name '*gaol*' \) | sort
}

# What init does at boot, in runlevel $1.
scripts() {
	local s
	for s in gaol-early gaol-network pf iocage; do
		runlevel=$1 "/etc/init.d/$s" start || return
	done
}

# ---- install

mount -t tmpfs -o mode=755 none /mnt
eventually sh -c '! ip addr | grep -q tentative'
note
test_expect 'the package installs on a minimal Debian, with what is there' '
	! command -v gaol && pkg -i "$new" && [ "$(dpkg --audit)" = "" ]'
test_expect 'nothing is started and no rule changed' same
test_expect 'the programs say the version of the package' '
	[ "$(gaol --version | grep -oE "[0-9][^ ]*" | head -n 1)" = "$(version "$new")" ] &&
	[ "$(command -v iocage)" = /usr/sbin/iocage ] && iocage --version && pfctl -h 2>&1 | grep -q usage'
test_expect 'the first process of a jail cannot be read by others' '
	[ "$(stat -c "%a %U" /usr/libexec/gaol/gaol-init)" = "711 root" ]'
test_expect 'every unit and script waits for the boot' '
	boot_links >"$TMP/links" && cat "$TMP/links" &&
	for s in $(dpkg -L gaol | sed -n "s,^/etc/init.d/,,p"); do
		grep -q "/etc/rc[S2].d/S[0-9]*$s$" "$TMP/links" || echo "no $s"
	done >"$TMP/missing" &&
	for u in $(dpkg -L gaol | sed -n "s,^/usr/lib/systemd/system/,,p"); do
		! grep -q "^WantedBy" "/usr/lib/systemd/system/$u" ||
		    grep -q "wants/$u$" "$TMP/links" || echo "no $u"
	done >>"$TMP/missing" && cat "$TMP/missing" && [ ! -s "$TMP/missing" ] &&
	[ "$(wc -l <"$TMP/links")" -gt 10 ]'
test_expect 'nothing of rc.conf or pf.conf is shipped' '
	! dpkg -L gaol | grep -E "^/etc/(rc|pf)\.conf" &&
	! test -e /etc/pf.conf'
test_expect 'without a word in rc.conf a boot does nothing' '
	scripts S && same'
test_expect 'what the administrator disabled stays so' '
	update-rc.d pf disable && pkg -i "$new" &&
	! ls /etc/rc2.d/S??pf && ls /etc/rc2.d/K??pf && update-rc.d pf enable'
test_expect 'what he changed in a script stays, too' '
	echo "# mine" >>/etc/init.d/pf && pkg -i "$new" &&
	grep -qx "# mine" /etc/init.d/pf'
test_expect 'removed and purged, it leaves nothing of its own' '
	dpkg -L gaol >"$TMP/files" && pkg -P gaol &&
	while read -r f; do
		[ -d "$f" ] || [ ! -e "$f" ] || echo "left: $f"
	done <"$TMP/files" >"$TMP/left" && cat "$TMP/left" && [ ! -s "$TMP/left" ] &&
	[ -z "$(boot_links)" ] && ! test -e /usr/share/gaol &&
	test -e /etc/rc.conf'
mkdir -p /var/lib/gaol

# ---- upgrade: a jail that the version before started

cat >/etc/rc.conf <<'END'
cloned_interfaces="lo1"
ipv4_addrs_lo1="192.168.0.1/24"
gateway_enable="YES"
pf_enable="YES"
iocage_enable="YES"
END
cat >/etc/pf.conf <<'END'
ext_if = "em0"
set skip on lo0
nat on $ext_if from lo1:network to any -> 192.168.178.40
block all
pass out
pass in on $ext_if proto tcp to port ssh
END

test_expect 'the version before, with rules and two jails' '
	pkg -i "$old" && gaol net up && pfctl -q -f /etc/pf.conf && pfctl -q -e &&
	pool_dir tank && release tiny &&
	gaol create -n web -r tiny ip4_addr="lo1|192.168.0.2" boot=on &&
	gaol create -n db -r tiny ip4_addr="lo1|192.168.0.3" memoryuse=deny=64M &&
	gaol set exec_prestop="touch /run/prestop" db &&
	gaol start db'
web=$(gaol get jid web) db=$(gaol get jid db)
gaol exec web sh -c 'sleep 100000 >/dev/null 2>&1 &' </dev/null
note
test_expect 'an upgrade restarts no jail and changes no rule' '
	pkg -i "$new" && [ "$(dpkg-query -W -f "\${Version}" gaol)" = "$(version "$new")" ] &&
	same && [ "$(gaol get jid web)" = "$web" ] && [ "$(gaol get jid db)" = "$db" ]'
test_expect 'the new program lists them, enters them, and sees their processes' '
	gaol list && [ "$(gaol get state web)" = up ] &&
	[ "$(gaol exec web hostname)" = web ] &&
	gaol exec web ps | grep -q "sleep 100000" &&
	[ "$(echo "hostname; exit" | gaol console web | grep -cx web)" = 1 ]'
test_expect 'pf prints the rules that the version before loaded' '
	pfctl -s rules | tee /dev/stderr | grep -q "pass in on em0 proto tcp" &&
	[ "$(pfctl -s Running)" = Enabled ]'
test_expect 'it stops a jail by what was written down, hooks and all' '
	gaol stop db && [ -e /run/prestop ] && ! kill -0 "$db" 2>/dev/null &&
	eventually sh -c "! ip link show jail-db" && [ ! -e /run/gaol/jails/db ] &&
	! find /sys/fs/cgroup -type d -name "*db*" | grep .'
test_expect 'and starts it' 'gaol start db && [ "$(gaol exec db hostname)" = db ]'
test_expect 'a jail of a later version is refused in words, and goes on' '
	sed -i "1s/.*/gaol-facts 99/" /run/gaol/jails/web &&
	fails 1 "jail .web. was started by a newer gaol \(facts format 99" gaol stop web &&
	kill -0 "$web" && sed -i "1s/.*/gaol-facts 1/" /run/gaol/jails/web'

watcher() {
	pgrep -x -f "/usr/sbin/gaol watch --syslog"
}
test_expect 'a watcher that ran is the new one afterwards, one that did not is not' '
	pkg -i "$new" && ! watcher && service gaol-watch start && eventually watcher &&
	before=$(watcher) && pkg -i "$new" && eventually watcher &&
	[ "$(watcher)" != "$before" ] &&
	[ "$(readlink "/proc/$(watcher)/exe")" = /usr/sbin/gaol ]'

# ---- remove, install again

db=$(gaol get jid db)
test_expect 'with it removed, jails and rules go on' '
	nft list ruleset >"$TMP/rules" && pkg -r gaol && ! test -e /usr/sbin/gaol &&
	kill -0 "$web" && kill -0 "$db" && ! watcher &&
	nft list ruleset | diff "$TMP/rules" - && [ -d /tank/iocage/jails/web ]'
test_expect 'and it has said how each of them is ended' '
	grep -q "jail .web. runs on.*kill -9 $web$" "$TMP/dpkg" &&
	grep -q "jail .db. runs on.*kill -9 $db$" "$TMP/dpkg" &&
	grep -q "nft delete table inet pf$" "$TMP/dpkg" &&
	grep -q "nft delete table inet gaol_guard$" "$TMP/dpkg" &&
	grep -q "pools and what is in them stay" "$TMP/dpkg"'
test_expect 'the scripts that are left do nothing at boot' '
	scripts 2 && kill -0 "$web"'
test_expect 'that is how they end' '
	sed -n "s/.*this ends \(it\|them\): //p" "$TMP/dpkg" >"$TMP/end" &&
	grep -v " $web$" "$TMP/end" >"$TMP/some" && cat "$TMP/some" &&
	sh -e "$TMP/some" && eventually sh -c "! kill -0 $db" 2>/dev/null &&
	kill -0 "$web" && ! nft list table inet pf && ! nft list table inet gaol_guard'
test_expect 'installed again, it stops what still runs and what was killed' '
	pkg -i "$new" && [ "$(gaol get state web)" = up ] && gaol stop web &&
	[ "$(gaol get state db)" = down ] && gaol stop db && [ -z "$(ls /run/gaol/jails)" ] &&
	! find /sys/fs/cgroup -type d \( -name "*web*" -o -name "*db*" \) | grep .'

# ---- purge

pool_sum() {
	find /tank /mnt/tank -printf '%p %y %m %U:%G %s %T@ %l\n' | sort
	find /tank -type f -print0 | sort -z | xargs -0 sha256sum
}
pool_sum >"$TMP/pool"
test_expect 'purged while a jail runs, it touches no pool' '
	gaol start db && pool_sum >"$TMP/pool" && db=$(gaol get jid db) &&
	pkg -P gaol && kill -0 "$db" && pool_sum | diff "$TMP/pool" - &&
	mountpoint /tank && test -e /var/lib/gaol/pools.json &&
	! test -e /var/lib/gaol/pf && test -e /etc/rc.conf && test -e /etc/pf.conf'
test_expect 'installed again, everything is there' '
	pkg -i "$new" && gaol list -H && [ "$(gaol get jid db)" = "$db" ] &&
	gaol stop db && gaol start web && [ "$(gaol exec web hostname)" = web ] &&
	gaol stop web'
test_expect 'the services start and stop jails and rules' '
	service pf start && [ "$(pfctl -s Running)" = Enabled ] &&
	service iocage start && [ "$(gaol get state web)" = up ] &&
	service iocage stop && [ "$(gaol get state web)" = down ] && service pf stop'
test_done
