#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# gaol pool: devices, create, list, destroy, import, export; each step of
# create broken once; what must be refused.
. "$(dirname "$0")/../lib.sh"
in_namespaces mount

P=gaolp$$
mkdir -p /var/lib/gaol
mount -t tmpfs state /var/lib/gaol
mkdir "$TMP/disk"
mount -t tmpfs -o size=1500M disk "$TMP/disk"
cd "$TMP/disk" || exit 1

unmount_all() {
	cd /
	mountpoint -q "/$P" && umount "/$P"
	[ ! -d "/$P" ] || rmdir "/$P"
	exec 6<&-
	umount "$TMP/disk"
}
at_end unmount_all

# A disk with the tutorial's partitions, small.
truncate -s 900M disk.img
sfdisk -q disk.img <<-END
	label: gpt
	size=1M, type=21686148-6449-6E6F-744E-656564454649, name=gptboot
	size=300M, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, name=swap
	size=64M, name=system
	type=516E7CBA-6ECF-11D6-8FF8-00022D09712B, name=jails
END
loop=$(losetup --partscan --find --show disk.img)
# Freed by the kernel when our descriptor is closed, however we end.
exec 6<"$loop"
losetup -d "$loop"
# Not every kernel reads this kind of table.
[ -b "${loop}p4" ] || partx --add "$loop"
eventually test -b "${loop}p4" || skip_all "no partitions on loop devices"
mkswap -q "${loop}p2"
mkfs.ext4 -q -L system "${loop}p3"

# What a pool that was made and is gone, or was never made, leaves: nothing.
nothing_left() {
	[ ! -e "/$P" ] && [ ! -e "$TMP/disk/image" ] && [ ! -e "$TMP/disk/dir" ] &&
	    [ -z "$(losetup -j "$TMP/disk/image")" ] &&
	    ! grep -q "$P" /proc/self/mountinfo &&
	    [ "$(gaol pool list -H)" = "" ] &&
	    [ -z "$(blkid -p -o value -s TYPE "${loop}p4")" ]
}

row() {
	gaol pool devices -H | awk -F'\t' -v d="$1" '$1 == d'
}

test_expect 'devices shows the disk, its partitions, and which is free' '
	row "$loop" | grep -q "	gpt	.*	gpt	taken	" &&
	row "${loop}p1" | grep -q "BIOS boot	gptboot	-	taken	boot code$" &&
	row "${loop}p2" | grep -q "Linux swap	swap	swap	taken	-$" &&
	row "${loop}p3" | grep -q "Linux filesystem	system	ext4	taken	-$" &&
	row "${loop}p4" | grep -q "freebsd-zfs	jails	-	free	-$"
'
test_expect 'the same as JSON' '
	gaol pool devices --json | jq -e --arg d "${loop}p4" --arg l "$loop" "
	    .schema == \"gaol.devices\" and .version == 1 and
	    (.devices[] | select(.device == \$d) | .state == \"free\" and
	     .size > 400000000 and .disk == \$l and .content == null)"
'
test_expect 'a device that is in use is busy' '
	mkdir m && mount "${loop}p3" m &&
	row "${loop}p3" | grep -q "busy	mounted on $TMP/disk/m$" &&
	row "$loop" | grep -q "busy	in use$"
'
test_expect 'and never taken, nor is its disk' '
	fails 1 "${loop}p3 is not free: mounted on" gaol pool create $P "${loop}p3" -f &&
	fails 1 "$loop is not free: in use" gaol pool create $P "$loop" -f &&
	nothing_left && umount m && rmdir m
'
test_expect 'a device with something on it is refused, by name' "
	fails 1 \"\${loop}p3 is not free: ext4 'system' is on it; -f destroys\" \
	    gaol pool create $P \${loop}p3 &&
	fails 1 \"\${loop}p1 is not free: boot code 'gptboot' is on it\" \
	    gaol pool create $P \${loop}p1 &&
	[ \$(blkid -p -o value -s TYPE \${loop}p3) = ext4 ] && nothing_left
"
test_expect '--plan prints the steps and does nothing' '
	gaol pool create --plan $P "${loop}p4" >plan &&
	grep -q "^file-system	make the file system$" plan && nothing_left
'

# create -> list -> destroy on each kind of source
whole_life() {
	local source=$1
	shift
	gaol pool create "$P" "$@" &&
	    findmnt -n -o OPTIONS "/$P" | grep -q nosuid,nodev &&
	    [ "$(stat -c %a:%u "/$P")" = 700:0 ] &&
	    gaol pool list -H | grep -q "^$P	.*	ONLINE	no	$source$" &&
	    iocage activate "$P" &&
	    gaol pool list -H | grep -q "	ONLINE	yes	$source$" &&
	    gaol pool list --json | jq -e --arg p "$P" --arg s "$source" '
		.schema == "gaol.pools" and .version == 1 and
		(.pools[0] | .name == $p and .source == $s and .active and
		 .online and .size > 250000000)' &&
	    touch "/$P/.hidden" && test -d "/$P/iocage/jails" -a -d "/$P/jails" -a -d "/$P/releases" &&
	    gaol pool export "$P" && ! mountpoint -q "/$P" &&
	    gaol pool list -H | grep -q "	OFFLINE	yes	$source$" &&
	    gaol pool import && mountpoint -q "/$P" &&
	    gaol pool destroy -f "$P" && { [ ! -d dir ] || rmdir dir; } && nothing_left
}
test_expect 'the whole life of a pool on a partition' '
	whole_life "${loop}p4" "${loop}p4"
'
test_expect 'of one in an image' '
	whole_life "$TMP/disk/image" --image image --size 300M
'
test_expect 'of one in a directory' '
	mkdir -m 755 dir && whole_life "$TMP/disk/dir" --dir "$TMP/disk/dir"
'
test_expect 'a mount point that was there before stays' '
	mkdir -m 755 /$P && gaol pool create $P --dir dir &&
	gaol pool destroy -f $P && [ -d /$P ] && rmdir /$P dir && nothing_left
'
test_expect '-f takes a device with what is on it' '
	gaol pool create -f $P "${loop}p2" &&
	[ "$(blkid -p -o value -s TYPE "${loop}p2")" = btrfs ] &&
	row "${loop}p2" | grep -q "busy	pool $P$" &&
	fails 1 "${loop}p2 is not free: pool $P" gaol pool create -f other "${loop}p2"
'
test_expect 'destroy asks, and no is no' '
	gaol pool destroy $P </dev/null && echo no | gaol pool destroy $P &&
	mountpoint -q /$P && echo y | gaol pool destroy $P && nothing_left
'
test_expect 'a pool with open files is not destroyed' '
	gaol pool create $P --image image --size 300M &&
	( exec 7</$P/.gaol/making; fails 1 "/$P is in use" gaol pool destroy -f $P ) &&
	mountpoint -q /$P
'
test_expect 'nor one that another mount namespace shows' '
	mkfifo hold up
	unshare -m --propagation private sh -c "echo >up; read x <hold" & pid=$!
	read -r x <up &&
	fails 1 "still in use: a jail runs in it, or another mount namespace" \
	    gaol pool destroy -f $P &&
	mountpoint -q /$P && [ -e image ] &&
	echo >hold && wait $pid && rm hold up
'
test_expect 'the pool is there unharmed, and goes when all have left' '
	gaol pool list -H | grep -q "^$P	.*ONLINE" &&
	gaol pool destroy -f $P && nothing_left
'

#
# Each step of create is made to fail, before it and after it.
#
walk() {
	local step steps rc=0
	GAOL_STEPS=1 gaol pool create "$P" "$@" 2>steps.err >/dev/null || return 1
	gaol pool destroy -f "$P" >/dev/null
	[ ! -d dir ] || rmdir dir
	steps=$(sed -n 's/^step pool-create://p' steps.err)
	[ "$(wc -w <<<"$steps")" -ge 5 ] || return 1
	for step in $steps; do
		for mode in '' :after; do
			echo "fault at $step$mode"
			GAOL_FAULT=pool-create:$step$mode fails 1 \
			    "pool '$P': .*fault put in" gaol pool create "$P" "$@" &&
			    nothing_left || rc=1
		done
	done
	return $rc
}
# Killed after each step: the pool is refused as half made, destroy removes
# all of it, and a create of the same name does first.
walk_killed() {
	local step rc=0
	for step in $(sed -n 's/^step pool-create://p' steps.err); do
		[ "$step" != finish ] || continue
		echo "killed after $step"
		! GAOL_FAULT=pool-create:$step:kill gaol pool create "$P" "$@" &&
		    gaol pool list -H | grep -q "^$P	.*	MAKING	" &&
		    fails 1 "pool '$P' is half made: gaol pool destroy $P" \
			iocage activate "$P" &&
		    gaol pool destroy -f "$P" && { [ ! -d dir ] || rmdir dir; } &&
		    nothing_left &&
		    ! GAOL_FAULT=pool-create:$step:kill gaol pool create "$P" "$@" &&
		    gaol pool create "$P" "$@" && iocage activate "$P" &&
		    gaol pool destroy -f "$P" && { [ ! -d dir ] || rmdir dir; } &&
		    nothing_left || rc=1
	done
	return $rc
}
if GAOL_FAULT=pool-create:mount gaol pool create "$P" --image image --size 300M 2>/dev/null; then
	gaol pool destroy -f "$P"
	test_skip 'each step of create broken once' 'built without GAOL_FAULTS'
else
	test_expect 'each step of create broken once: a partition' 'walk "${loop}p4"'
	test_expect 'killed after each' 'walk_killed "${loop}p4"'
	test_expect 'the same of an image' 'walk --image image --size 300M'
	test_expect 'killed after each' 'walk_killed --image image --size 300M'
	test_expect 'the same of a directory' 'walk --dir dir'
	test_expect 'killed after each' 'walk_killed --dir dir'
fi

#
# Bad input: one message, and nothing changed.
#
bad() {
	local what=$1 exit=$2 message=$3
	shift 3
	local cmd=$*
	test_expect "refused: $what" '
		fails "$exit" "$message" $cmd && [ $(wc -l <"$TMP/.stderr") -le 2 ] &&
		nothing_left
	'
}
mkdir full && touch full/.x
mkdir "/${P}x" && touch "/${P}x/file"
at_end "rm -f /${P}x/file; rmdir /${P}x"
gaol pool create ${P}z --dir z >/dev/null
test_expect 'refused: a name that is taken' '
	fails 1 "pool .${P}z.: already exists" gaol pool create ${P}z --dir dir &&
	gaol pool destroy -f ${P}z && rmdir z
'
bad 'no source' 2 'one of DEVICE, --image, --dir' gaol pool create $P
bad 'two sources' 2 'one of DEVICE, --image, --dir' gaol pool create $P /dev/x --dir dir
bad 'an image without size' 2 '--image and --size go together' gaol pool create $P --image image
bad 'an image too small' 1 '10M is too small for a pool: at least 256M' gaol pool create $P --image image --size 10M
bad 'an image larger than the disk' 1 'MB left, the image needs' gaol pool create $P --image image --size 9G
bad 'an image that exists' 1 'disk.img exists' gaol pool create $P --image disk.img --size 300M
bad 'a device too small' 1 '64M is too small for a pool: at least 256M' gaol pool create -f $P "${loop}p3"
bad 'a directory with something in it' 1 'full is not empty' gaol pool create $P --dir full
bad 'a directory in none' 1 'cannot make directory .*: No such file' gaol pool create $P --dir no/such
bad 'a device that is not there' 1 'cannot find device /dev/nosuch: No such file' gaol pool create $P /dev/nosuch
bad 'a device that is none' 1 '/dev/null is no block device' gaol pool create $P /dev/null
bad 'a bad name' 1 "'a/b' is no name for a pool" gaol pool create a/b --dir dir
bad 'a name whose place is used' 1 "/${P}x, where the pool would be mounted, is not empty" gaol pool create ${P}x --dir dir
bad 'a name that is a mount point' 1 '/proc, where the pool would be mounted, is in use' gaol pool create proc --dir dir
bad 'to activate no pool' 1 "no pool named 'nosuch'" iocage activate nosuch
bad 'to destroy no pool' 1 "no pool named 'nosuch'" gaol pool destroy -f nosuch
bad 'to fetch without a pool' 1 'there is no pool yet: gaol pool create' gaol fetch -r debian-13
bad 'to fetch a FreeBSD release' 1 'type  iocage fetch -r debian-13' iocage fetch -r 12.2-RELEASE

test_expect 'refused: a read-only disk' '
	blockdev --setro "${loop}p4" &&
	fails 1 "${loop}p4 is not free: read-only" gaol pool create $P "${loop}p4" -f
	r=$?; blockdev --setrw "${loop}p4"; [ $r = 0 ] && nothing_left
'
test_expect 'refused: a read-only directory' '
	mkdir ro && mount -t tmpfs -o ro ro ro &&
	fails 1 "Read-only file system" gaol pool create $P --dir ro/dir &&
	fails 1 "Read-only file system" gaol pool create $P --dir ro
	r=$?; umount ro; rmdir ro; [ $r = 0 ] && nothing_left
'
test_expect 'refused: a state directory that cannot be written' '
	mount -o remount,ro /var/lib/gaol &&
	fails 1 "record what is being made in /var/lib/gaol/pools.json: .*Read-only" \
	    gaol pool create $P --dir dir
	r=$?; mount -o remount,rw /var/lib/gaol; [ $r = 0 ] && nothing_left
'
test_expect 'a broken record is named with its line, and kept' '
	printf "{\n\"version\": 1,\n" >/var/lib/gaol/pools.json &&
	fails 1 "/var/lib/gaol/pools.json:3:" gaol pool create $P --dir dir &&
	fails 1 "/var/lib/gaol/pools.json:3:" gaol pool list &&
	[ "$(wc -l </var/lib/gaol/pools.json)" = 2 ] &&
	rm /var/lib/gaol/pools.json && nothing_left
'
test_expect 'another file system in the pool'"'"'s place is refused' '
	gaol pool create $P --image image --size 300M && gaol pool export $P &&
	mount -t tmpfs -o mode=700,nosuid,nodev other /$P &&
	fails 1 "is no btrfs" iocage activate $P &&
	umount /$P && gaol pool import $P && gaol pool destroy -f $P && nothing_left
'
test_expect 'a device that is gone leaves the other pools alone' '
	gaol pool create $P "${loop}p4" && gaol pool create ${P}y --dir dir &&
	gaol pool export $P && gaol pool export ${P}y &&
	wipefs -qa "${loop}p4" &&
	fails 1 "no device in /dev has the file system with UUID" gaol pool import &&
	mountpoint -q /${P}y && gaol pool destroy -f ${P}y &&
	gaol pool destroy -f $P && rmdir dir && nothing_left
'
rm -rf full
test_done
