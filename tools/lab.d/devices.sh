# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab's own /dev, for the console and for the host: no device of the machine
# but those every program needs, the lab's disk, and the loops that are free.

# Loops that nobody uses now and some that the kernel has not made yet.
list_free_loops() {
	local d max=-1 n
	for d in /sys/block/loop*; do
		[ -d "$d" ] || continue
		n=${d#/sys/block/loop}
		[ "$n" -le "$max" ] || max=$n
		[ -e "$d/loop/backing_file" ] || echo "$n"
	done
	seq $((max + 1)) $((max + 16))
}

make_node() {
	[ -e "/dev/$1" ] || mknod -m "$2" "/dev/$1" "$3" "$4" "$5"
}

# The node of block device /sys/block/$1.
make_block_node() {
	local major minor
	IFS=: read -r major minor <"$1/dev"
	make_node "${1##*/}" 660 b "$major" "$minor"
}

# The disk, its partitions, and their names as udev gives them.
make_disk_nodes() {
	local part name
	make_block_node "/sys/block/$LAB_LOOP"
	mkdir -p /dev/disk/by-partlabel
	for part in "/sys/block/$LAB_LOOP/$LAB_LOOP"p*; do
		make_block_node "$part"
	done
	n=0
	for name in gptboot swap system iocage; do
		n=$((n + 1))
		ln -s "../../${LAB_LOOP}p$n" "/dev/disk/by-partlabel/$name"
	done
}

make_dev() {
	local n
	mount -t tmpfs -o mode=755,nosuid dev /dev
	mkdir /dev/pts /dev/shm /dev/net
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts /dev/pts
	mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
	ln -s pts/ptmx /dev/ptmx
	ln -s /proc/self/fd /dev/fd
	ln -s fd/0 /dev/stdin
	ln -s fd/1 /dev/stdout
	ln -s fd/2 /dev/stderr
	make_node null 666 c 1 3
	make_node zero 666 c 1 5
	make_node full 666 c 1 7
	make_node random 666 c 1 8
	make_node urandom 666 c 1 9
	make_node tty 666 c 5 0
	make_node net/tun 666 c 10 200
	make_node fuse 666 c 10 229
	make_node btrfs-control 600 c 10 234
	make_node loop-control 660 c 10 237
	for n in $LAB_FREE_LOOPS; do
		make_node "loop$n" 660 b 7 "$n"
	done
	make_disk_nodes
}
