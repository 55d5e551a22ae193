#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Disks that fail: a pool that is full, read-only, or gone under running jails;
# /run/gaol and /var/lib/gaol without room. Each verb says what it met in one
# message, nothing is left half done, and when there is room again the next
# verb works.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
echo 1 >/proc/sys/net/ipv4/ip_forward
losetup -f >/dev/null 2>&1 || skip_all "no loop devices"
mkdir "$TMP/disk" && mount -t tmpfs -o size=400M none "$TMP/disk"
at_end 'umount "$TMP/disk"'
at_end 'mountpoint -q /tank && gaol pool destroy -f tank'
at_end 'gaol stop -f ALL'
echo 'pass all' >"$TMP/pf.conf"

make_tank() {
	gaol pool create tank --image "$TMP/disk/img" --size 256M &&
	gaol activate tank && release tiny &&
	gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' notes=none &&
	gaol start web && gaol stop web
} >/dev/null
make_tank || skip_all "cannot make a pool"

# refused MESSAGE CMD...: it fails with that, in one line of standard error.
refused() {
	fails 1 "$@" && [ "$(wc -l <"$TMP/.stderr")" = 1 ]
}
no_room='No space left on device'
fill() {
	dd if=/dev/zero of="$1/fill" bs=64k
	dd if=/dev/zero of="$1/fill2" bs=512
	sync -f "$1"
} 2>/dev/null
drain() {
	rm -f "$1/fill" "$1/fill2" && sync -f "$1"
}

# ---- a full pool

fill /tank/iocage/images
remember
test_expect 'full pool: create fails, and leaves nothing' '
	refused "cannot create jail .x.: .*$no_room" gaol create -n x -r tiny &&
	unchanged
'
test_expect 'full pool: set fails, and the old value stands' '
	refused "jail .web.: cannot write config.json: $no_room" \
	    gaol set notes=x web &&
	[ "$(gaol get notes web)" = none ] && unchanged
'
test_expect 'full pool: a jail starts, runs and stops' '
	gaol start web && gaol exec web true && gaol stop web
'
test_expect 'full pool: fetch fails, and leaves nothing' '
	mkdir -p "$TMP/bin" && printf "%s\n" "#!/bin/sh" \
	    "for place; do case \$place in /*) break ;; esac; done" \
	    "dd if=/dev/zero of=\$place/big bs=1M count=64" >"$TMP/bin/mmdebstrap" &&
	chmod +x "$TMP/bin/mmdebstrap" &&
	! PATH=$TMP/bin:$PATH gaol fetch -r debian-13 >"$TMP/out" 2>&1 &&
	cat "$TMP/out" && grep -q "^gaol-fetch: release .debian-13.: " "$TMP/out" &&
	[ -z "$(ls -A /tank/.gaol/making)" ] && [ "$(ls /tank/releases)" = tiny ]
'
drain /tank/iocage/images
test_expect 'with room again they work' '
	gaol create -n x -r tiny && gaol set notes=x x && gaol destroy -f x
'
test_expect 'a full pool is made room in by destroy' '
	gaol create -n x -r tiny && fill /tank/iocage/images && gaol destroy -f x &&
	! gaol list -H | grep -q "	x	"; drain /tank/iocage/images
'

# ---- a read-only pool

mount -o remount,ro /tank
remember
read_only='Read-only file system'
test_expect 'read-only pool: each verb says so' '
	refused "$read_only" gaol create -n x -r tiny &&
	refused "jail .web.: .*$read_only" gaol set notes=x web &&
	refused "$read_only" gaol start web &&
	refused "$read_only" gaol destroy -f web && unchanged
'
test_expect 'read-only pool: what only reads works' '
	gaol list -H | grep -q "	web	down	" && [ "$(gaol get notes web)" = none ]
'
mount -o remount,rw /tank
test_expect 'writable again, it works' '
	gaol start web && gaol exec web true && gaol stop web
'

# ---- a pool that goes while a jail runs

gone='pool .tank. is not mounted at /tank: gaol pool import tank'
remember
test_expect 'pool gone: the verbs say so' '
	gaol start web && umount -l /tank &&
	refused "$gone" gaol list && refused "$gone" gaol exec web true &&
	refused "$gone" gaol start web && refused "$gone" gaol create -e -n x &&
	gaol pool list -H | grep -q "^tank	.*	OFFLINE	"
'
test_expect 'pool gone: check says what it could not look at' '
	fails 2 "" gaol check || grep -q "not looked at: $gone" "$TMP/.stdout"
'
test_expect 'pool gone: stop stops the jail all the same' '
	fails 1 "jail .nosuch. is not running" gaol stop nosuch &&
	gaol stop web 2>"$TMP/err" && grep -q "$gone; stopping by what" "$TMP/err" &&
	gaol pool import tank && unchanged
'
test_expect 'pool gone: so does stop ALL, and then there is nothing to stop' '
	gaol start web && umount -l /tank && gaol stop ALL &&
	refused "$gone" gaol stop ALL && gaol pool import tank && unchanged
'
test_expect 'pool gone, and the facts too: it stops' '
	gaol start web && umount -l /tank && rm /run/gaol/jails/web &&
	gaol stop web && gaol pool import tank && unchanged
'
test_expect 'it may be imported while the jail runs, on the same device' '
	gaol start web && umount -l /tank && gaol pool import tank &&
	[ "$(losetup -nj "$TMP/disk/img" | wc -l)" = 1 ] &&
	gaol exec web true && gaol stop web && gaol start web && gaol stop web &&
	unchanged
'
test_expect 'an image that was deleted: stop works, import says why not' '
	gaol start web && rm "$TMP/disk/img" && umount -l /tank && gaol stop web &&
	refused "pool .tank.: cannot open image .*img: No such file" \
	    gaol pool import tank && gaol pool destroy -f tank &&
	[ -z "$(gaol pool list -H)" ] && make_tank
'

# ---- no room in /run/gaol

mount -t tmpfs -o size=16k none /run/gaol
gaol start web >/dev/null && gaol stop web >/dev/null
remember
test_expect 'no room in /run/gaol: start fails, and leaves nothing' '
	fill /run/gaol && fails 1 "jail .web.: .*$no_room" gaol start web &&
	drain /run/gaol && unchanged
'
test_expect 'no room in /run/gaol: pfctl loads nothing' '
	fill /run/gaol && refused "$no_room: pf rules not loaded" \
	    pfctl -f "$TMP/pf.conf" && drain /run/gaol &&
	! nft list table inet pf 2>/dev/null
'
test_expect 'no room in /run/gaol: a jail that runs is stopped' '
	rm -rf /run/gaol/pf; remember; gaol start web && fill /run/gaol &&
	gaol list -H | grep -q "	web	up	" && gaol exec web true &&
	gaol stop web && drain /run/gaol && unchanged
'
test_expect 'no room in /run/gaol: not even for a fact: stopped all the same' '
	gaol start web && facts=/run/gaol/jails/web &&
	n=$((4096 - 5 - $(stat -c %s $facts))) &&
	{ printf "pad "; head -c $n /dev/zero | tr "\\0" x; echo; } >>$facts &&
	[ "$(stat -c %s $facts)" = 4096 ] &&
	fill /run/gaol && gaol stop web && drain /run/gaol && unchanged
'
test_expect 'with room again start works' 'gaol start web && gaol stop web'
umount /run/gaol

# ---- no room in /var/lib/gaol

cp -a /var/lib/gaol "$TMP/state"
mount -t tmpfs -o size=16k none /var/lib/gaol && cp -a "$TMP/state/." /var/lib/gaol
fill /var/lib/gaol
remember
record='cannot write /var/lib/gaol/pools.json'
test_expect 'no room in /var/lib/gaol: pools are not changed' '
	refused "$record: $no_room" gaol activate tank &&
	refused "$record: $no_room" gaol pool create p --dir "$TMP/disk/p" &&
	[ ! -e "$TMP/disk/p" ] && unchanged
'
test_expect 'no room in /var/lib/gaol: nor destroyed' '
	refused "$record: $no_room" gaol pool destroy -f tank &&
	gaol list -H | grep -q "	web	" && unchanged
'
test_expect 'no room in /var/lib/gaol: jails start and stop' '
	gaol start web && gaol stop web
'
test_expect 'no room in /var/lib/gaol: rules hold, but not for the next boot' '
	pfctl -f "$TMP/pf.conf" 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "next boot will begin with older rules: .*$no_room" "$TMP/err" &&
	nft list table inet pf >/dev/null && [ ! -e /var/lib/gaol/pf/facts.new ]
'
drain /var/lib/gaol
test_expect 'with room again the pool is destroyed' '
	gaol pool destroy -f tank && [ -z "$(gaol pool list -H)" ] && [ ! -e /tank ]
'
test_done
