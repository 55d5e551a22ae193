#!/bin/bash
# gaol audit: a default jail holds what root in it tries, and each probe is
# seen to get through when its guard is taken away (base/guard.h). What it then
# reaches is this test's own: canaries in namespaces of the test.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
ip addr add fd00::1/64 dev lo1 nodad
pool_dir tank && release tiny || skip_all "cannot make a pool"
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' ip6_addr='lo1|fd00::2' \
    >/dev/null
gaol create -n bare -r tiny >/dev/null
# The guard's table and the lock of addresses stay from the first start on.
gaol start web >/dev/null 2>&1 && gaol stop web >/dev/null
gaol start bare >/dev/null 2>&1

# What the guard has counted is no trace.
nft() {
	command nft --stateless "$@"
}

# The rows of the table: name, tries, guard, result, why.
audit() {
	gaol audit -H "$@" >"$TMP/rows" 2>"$TMP/err"
}

result() {
	awk -F'\t' -v n="$1" '$1 == n { print $4 "\t" $5 }' "$TMP/rows"
}

# ---- a default jail ----

q="'"

remember
test_expect 'the audit of a default jail ends' '
	audit web
	rc=$?
	cat "$TMP/rows" "$TMP/err"
	[ $rc = 1 ] && [ ! -s "$TMP/err" ]
'
cp "$TMP/rows" "$TMP/default"

test_expect 'at least 100 probes, and all hold but for the pool on a directory' '
	[ $(wc -l <"$TMP/default") -ge 100 ] &&
	awk -F"\t" "\$4 == \"NOT HELD\" { print \$1 }" "$TMP/default" >"$TMP/open" &&
	cat "$TMP/open" && [ "$(cat "$TMP/open")" = disk ]
'

test_expect 'what is not testable says why' '
	! awk -F"\t" "\$4 == \"not testable here\" && \$5 == \"\"" \
	    "$TMP/default" | grep . &&
	! grep -F "gave no answer" "$TMP/default"
'

test_expect 'nothing is left of it' unchanged

test_expect 'IPC objects and canaries are gone' '
	! ipcs -m | grep -q "^0x" && [ ! -e /run/gaol/audit ]
'

test_expect 'JSON has the same' '
	gaol audit --json -p perf -p link-etc web >"$TMP/json" &&
	python3 -c "
import json, sys
d = json.load(open(sys.argv[1]))
assert d[\"schema\"] == \"gaol.audit\" and d[\"jail\"] == \"web\"
assert [(p[\"name\"], p[\"result\"]) for p in d[\"probes\"]] == \
    [(\"link-etc\", \"held\"), (\"perf\", \"held\")], d" "$TMP/json"
'

test_expect 'people see a table, and a list of what is tried' '
	gaol audit -p perf -p link-etc web >"$TMP/table" && cat "$TMP/table" &&
	diff - "$TMP/table" <<-E &&
	PROBE     GUARD                   RESULT  WHY
	link-etc  opened as if it were /  held    the link was not followed
	perf      filter                  held    Operation not permitted
	jail ${q}web${q}: 2 held, 0 NOT HELD, 0 not testable here
	E
	gaol audit -l web | grep -q "^perf  *use performance events  *filter$" &&
	[ "$(gaol audit -H -l web | cut -f1)" = "$(cut -f1 "$TMP/default")" ]
'

test_expect 'a jail without addresses: its network probes say so' '
	audit -p freebind6 -p transparent4 -p perf bare &&
	result freebind6 | grep -q "^not testable here	the jail has no address" &&
	result perf | grep -q "^held" && [ "$(gaol get state bare)" = up ]
'

test_expect 'with raw sockets, nothing is sent as another or believed' '
	gaol create -n raw -r tiny allow_raw_sockets=1 ip4_addr="lo1|192.168.0.3" &&
	! audit -p raw-socket -p raw-source -p arp-lie raw && cat "$TMP/rows" &&
	result raw-socket | grep -q "^NOT HELD" &&
	result raw-source | grep -q ^held && result arp-lie | grep -q ^held
'

test_expect 'no such jail, no such probe: exit code 2, and why' '
	fails 2 "there is no jail .nobody." gaol audit nobody &&
	fails 2 "there is no probe .nothing.; .gaol audit -l web. lists" \
	    gaol audit -p nothing web
'

test_expect 'a jail of somebody'\''s that has the name of the clone stays' '
	gaol create -n web.audit -r tiny &&
	fails 2 "there is a jail .web.audit." gaol audit web &&
	gaol destroy -f web.audit
'

test_expect 'a pool with a file system of its own holds a full disk' '
	gaol pool create img --image /mnt/img.raw --size 256M &&
	gaol activate img && gaol create -e -n small &&
	audit -p disk -p device-in-root small && cat "$TMP/rows" &&
	result disk | grep -q ^held && result device-in-root | grep -q ^held
	rc=$?
	gaol destroy -f small
	gaol activate tank && gaol pool destroy -f img && [ $rc = 0 ]
'

# ---- however it ends ----

clone_is_there() {
	[ -e /run/gaol/jails/web.audit ]
}

all_gone() {
	[ ! -e /tank/iocage/jails/web.audit ] && [ ! -e /run/gaol/audit ] &&
	    [ -z "$(ls /tank/.gaol/making /tank/.gaol/trash 2>/dev/null |
		grep -v : | tr -d '\n')" ] &&
	    ! ls /run/gaol/jails | grep -q audit
}

for signal in INT TERM KILL; do
	test_expect "SIG$signal: the clone goes" '
		gaol audit web >/dev/null 2>&1 &
		pid=$!
		eventually clone_is_there && kill -$signal $pid
		wait $pid
		rc=$?
		echo "exit $rc"
		eventually all_gone &&
		[ $rc = $((128 + $(kill -l $signal))) ]
	'
done

# The clone that nobody could take away (the machine was cut off) goes with the
# next audit.
test_expect 'and one that was left goes the next time' '
	gaol audit web >/dev/null 2>&1 &
	pid=$!
	eventually clone_is_there
	kill -STOP $pid
	kill -9 $(pgrep -P $pid) $pid
	wait $pid
	[ -e /tank/iocage/jails/web.audit ] && audit -p perf web &&
	result perf | grep -q ^held && eventually all_gone
'

# ---- without the guards ----

[ -z "$(GAOL_WITHOUT=nodev gaol audit -H -p device-in-root web |
    grep -v 'NOT HELD')" ] || {
	test_skip 'each probe gets through without its guard' \
	    'this build has no switches for them (RELEASE)'
	test_done
}
seen=

# without GUARDS PROBE...: each of them gets through.
without() {
	local guards=$1 options=() probe
	shift
	for probe; do
		options+=(-p "$probe")
		seen+=" $probe"
	done
	GAOL_WITHOUT=$guards audit "${options[@]}" web
	for probe; do
		case $(result "$probe") in
		"not testable here"*)
			test_skip "without $guards: $probe gets through" \
			    "$(result "$probe" | cut -f2)" ;;
		*)
			test_expect "without $guards: $probe gets through" '
				result $probe; cat "$TMP/err"
				result $probe | grep -q "^NOT HELD"' ;;
		esac
	done
}

# For what would reach the machine itself: only where that is the test's own
# (tests/vm says so by GAOL_OWN_MACHINE).
own_machine() {
	local why=$1 guards=$2 probe
	shift 2
	if [ -n "${GAOL_OWN_MACHINE-}" ]; then
		without "$guards" "$@"
		return
	fi
	for probe; do
		seen+=" $probe"
		test_skip "without $guards: $probe gets through" "$why"
	done
}

# Without modules there is nothing that a socket could load.
[ -e /proc/modules ] || may_load=1
sockets() {
	if [ -n "${may_load-}" ]; then
		without "$@"
	else
		own_machine 'the kernel would load modules' "$@"
	fi
}

without rename link-resolv.conf link-hosts link-localtime
without in-root link-etc link-dev link-proc link-sys link-run
without wait pipe-hosts pipe-passwd
without visible terminal-message
# Since Linux 6.2 the machine can refuse TIOCSTI as well, as Debian's does.
tiocsti=/proc/sys/dev/tty/legacy_tiocsti
if [ "$(cat $tiocsti 2>/dev/null || echo 1)" = 1 ]; then
	without relay,session terminal-push
else
	[ -z "${GAOL_OWN_MACHINE-}" ] || echo 1 >$tiocsti
	own_machine 'the machine refuses TIOCSTI' relay,session terminal-push
fi
without close descriptors
without nodev device-in-root
without dumpable exec-race
without filter quotactl unshare-user clone-user clone3 compat-calls core-dump \
    key-read key-add userfaultfd fanotify
sockets filter module-by-socket vsock netlink
sockets filter,caps,userns socket-families
without filter,rlimits io-uring
without filter,userns file-handle pidfd-getfd
without filter,caps mount-over-proc umount remount fsopen open-tree \
    pivot-root mount-cgroup mount-overlay setns unshare-net
without filter,caps,userns mount-debug bpf perf module kexec reboot swap \
    clock syslog accounting ports packet-socket firewall
without arp,filter,caps,userns arp-lie
without caps,userns mknod kernel-log real-time nice raw-socket add-address \
    nd-lie
without rlimits mlock
without hide,caps sysctl last-pid
without hide,userns core-pattern sysrq
without hide,caps,userns kcore
without userns proc-writable
without sys,userns sys-writable
without dev,userns mount-fuse devices loop-device
without proc,userns magic-links
without pidns pidfd
without pidns,userns signal ptrace process-memory prlimit
without utsns,caps,userns hostname
without ipcns sysv-ipc posix-ipc
without netns host-loopback abstract-socket
own_machine 'root of the machine would have no inotify instances' owner inotify
# A jail that runs holds the group above all of them.
gaol stop bare >/dev/null
without share fork-bomb memory-hog shared-memory
without oom oom-score

# The guard's rules are there from the starts before.
nft delete table inet gaol_guard
without guard freebind6 pktinfo6
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
without guard loopback-route
echo 0 >/proc/sys/net/ipv4/conf/all/route_localnet
without guard,filter,caps,userns transparent4 transparent6 raw-source

# Only root of a machine that gives him CAP_SYS_RESOURCE can raise limits.
if grep -q '^CapEff:.*[13579bdf]......$' /proc/self/status; then
	without caps,userns raise-limit
else
	seen+=" raise-limit"
	test_skip 'without caps,userns: raise-limit gets through' \
	    'root has no CAP_SYS_RESOURCE here'
fi

# In the host's mounts: the program is there too, and a user that only the
# host has.
cp "$BUILD/libexec/gaol-audit" /.gaol-audit
without mntns,userns chroot
ln -sf /run/gaol/audit/web.audit/passwd /etc/passwd
without mntns,userns link-passwd
rm -r /.gaol-audit /.gaol-audit.d /etc/passwd

# The host's side of the pool with setuid.
mount -o remount,bind,suid,nodev /tank
without nosuid setuid-file file-capabilities
mount -o remount,bind,nosuid,nodev /tank

# A gaol-init that everybody may read; one that keeps its whole log.
mkdir -p "$TMP/b/libexec" "$TMP/src/init"
cp "$BUILD/gaol" "$TMP/b/" && cp "$BUILD"/libexec/gaol-* "$TMP/b/libexec/"
chmod 755 "$TMP/b/libexec/gaol-init"
PATH=$TMP/b:$PATH without readable-init init-program init-descriptors
if command -v musl-gcc >/dev/null && [ -d src/init ]; then
	cp src/init/*.[ch] "$TMP/src/init/"
	sed -i 's/^#define INIT_LOG_MAX .*/#define INIT_LOG_MAX (1L << 40)/' \
	    "$TMP/src/init/init.h"
	musl-gcc -std=gnu17 -Os -D_GNU_SOURCE -I"$TMP/src" -static \
	    "$TMP"/src/init/*.c -o "$TMP/b/libexec/gaol-init"
	PATH=$TMP/b:$PATH without log-limit log
else
	seen+=" log"
	test_skip 'without log-limit: log gets through' \
	    'gaol-init cannot be built here'
fi

# The pool on a directory was seen above. No line of ours holds these two: the
# host never opens a jail's rc.conf, and the kernel has no way to send from a
# foreign IPv4 address but IP_TRANSPARENT.
seen+=" disk link-rc.conf freebind4"
test_expect 'no probe was left out' '
	diff <(cut -f1 "$TMP/default" | sort) \
	    <(tr " " "\n" <<<"${seen# }" | sort)
'

test_done
